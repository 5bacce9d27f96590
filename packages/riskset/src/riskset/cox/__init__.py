"""Proportional-hazards models on start-stop rows."""
