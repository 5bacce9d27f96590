"""Core: errors, the project's folder, provenance, and the schema of every stage."""
