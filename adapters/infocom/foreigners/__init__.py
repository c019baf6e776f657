"""Foreigners by document: subsystem foreign-service."""
