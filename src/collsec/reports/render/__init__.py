"""Rendering: Quarto, or pandoc and Typst in its place."""
