"""Containers and hash trees that prove an exchange to somebody else."""
