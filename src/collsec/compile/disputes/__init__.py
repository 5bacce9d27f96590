"""Disputes and crises between states: who began, who wanted change, how far it went."""
