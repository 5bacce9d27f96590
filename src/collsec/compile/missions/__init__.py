"""Peace operations."""
