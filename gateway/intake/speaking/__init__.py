"""What every adapter speaks with: contracts written, answers read, values understood, outcomes made."""
