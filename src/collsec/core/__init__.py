"""Core: errors, the project's folder, provenance, and the schema of every stage."""

__version__ = "0.4.0"
