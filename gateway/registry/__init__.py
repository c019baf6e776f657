"""What is known: organisations, learners and staff over one person layer."""
