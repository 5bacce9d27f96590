"""Speed and memory of `collsec.estimators` beside other engines, on the same rows in one run."""
