"""Bulk out: what an organisation takes of its own learners, guarded and recorded about each of them."""
