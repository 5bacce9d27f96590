"""``python -m collsec``."""

from collsec.cli import main

main()
