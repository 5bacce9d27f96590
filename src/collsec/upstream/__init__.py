"""Upstream: published files as they are, their declaration, fetching, and readers by format."""
