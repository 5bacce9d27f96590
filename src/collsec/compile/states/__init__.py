"""States: system membership, ties, positions, covariates."""
