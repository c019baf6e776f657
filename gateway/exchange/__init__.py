"""What was said: the journal of exchanges, its seals, and recorded calls."""
