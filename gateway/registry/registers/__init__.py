"""Registers that a file of configuration adds: fields, classes of data and rights, without a change of code (R-040)."""
