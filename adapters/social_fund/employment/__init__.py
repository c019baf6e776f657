"""Employment: subsystem settlements-service."""
