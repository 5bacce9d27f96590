"""Target trials emulated: strategies, clones, weights, standardization."""
