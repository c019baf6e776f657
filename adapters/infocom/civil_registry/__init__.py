"""The civil registry (ЗАГС): subsystem zags-service."""
