"""Linear, generalized linear, panel, and instrumental-variable regressions."""
