"""Feeds: what other registers, and our own, tell of changes, taken in once each and without a gap."""
