"""Speed and memory of `collsec.survival` beside other engines, on the same rows in one run."""
