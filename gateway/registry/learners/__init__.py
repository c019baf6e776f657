"""Section II of the registry: orders and status periods, marks, attendance, guardians, consents, files."""
