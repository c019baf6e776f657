"""Agencies and certificates: whom we ask, how, how it goes, what ends when, and an examination on the spot."""

from gateway.console.agencies.pages import room

__all__ = ["room"]
