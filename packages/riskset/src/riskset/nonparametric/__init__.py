"""Curves and tests without a model of the hazard."""
