"""Speed and memory of `collsec.survival` alongside other engines, on the same rows in one run."""
