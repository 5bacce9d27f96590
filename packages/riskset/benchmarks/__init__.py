"""Speed and memory of `riskset` alongside other engines, on the same rows in one run."""
