"""Section III of the registry: employment, positions, load, qualifications and appointments by order."""
