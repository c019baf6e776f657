"""Needs, disability and social facts: sealed, in a schema of their own, opened only with a reason."""
