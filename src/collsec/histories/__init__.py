"""Histories: episodes with all that is joined to them, timelines, cohorts, and panels."""
