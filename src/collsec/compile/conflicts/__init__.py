"""Conflicts, how they end, agreements and support."""
