"""Accelerated failure time models and hazards in discrete time."""
