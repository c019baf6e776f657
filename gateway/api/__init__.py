"""JSON for the registry's own screens."""
