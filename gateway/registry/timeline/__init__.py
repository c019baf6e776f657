"""What the registry knew at every past moment, and its changes in a safe order."""
