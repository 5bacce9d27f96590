"""Numbers put into words."""
