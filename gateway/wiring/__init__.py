"""Names the concrete things; a command loads only the part it needs."""
