"""Reports: assemble one Quarto project and render it, with Quarto or without."""

from collsec.reports.build import build
from collsec.reports.prose import prose_numbers

__all__ = ["build", "prose_numbers"]
