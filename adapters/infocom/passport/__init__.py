"""Passports: subsystem passport-service."""
