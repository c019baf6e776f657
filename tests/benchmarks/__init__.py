"""What an exchange costs, in multiples of one RSA-2048 private operation measured in the same run."""
