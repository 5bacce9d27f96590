"""Multi-state models: rows of units that move between states, observed on ``(start, stop]``."""
