"""The fixture that asks R."""

from r_engine import ask_r as ask_r
