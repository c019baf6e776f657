"""Population-scale linkage: a whole file against a whole registry, on one machine or on Spark."""
