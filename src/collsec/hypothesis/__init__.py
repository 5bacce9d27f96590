"""Hypotheses: the specification in the front matter of a page, its grid, and its validation."""
