"""Rendering: Quarto, or pandoc and Typst in its place."""

from collsec.reports.render.site import build

__all__ = ["build"]
