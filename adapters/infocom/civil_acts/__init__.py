"""Acts of the civil registry besides birth: subsystem zags-service."""
