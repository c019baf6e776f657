"""A synthetic country of any size, the same for the same seed, and its way into the registry."""
