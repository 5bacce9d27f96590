"""``python -m collsec``."""

from collsec.cli.main import main

main()
