"""Section I of the registry: organisations, their names, ties, permits, premises, classes and passport."""
