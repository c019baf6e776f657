"""What is known: people, organisations, enrolments and documents, each value with its source."""
