"""Taxpayers: subsystem gns-service."""
