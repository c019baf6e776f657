"""Who is the same person: pure functions over normalised values, every decision explained."""
