"""Registered addresses: subsystem asb-service."""
