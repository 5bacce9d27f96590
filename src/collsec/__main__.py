"""The command `collsec`, as ``python -m collsec`` too.

The command line takes a third of a second to import. A run can be interrupted before that is over,
and a step that a warm process makes does without.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that is given."""
    if sys.argv[1:2] == ["run"]:
        from collsec.cli.signals import end_at_once

        end_at_once()
    elif sys.argv[1:2] == ["step"]:
        from collsec.cli.warm import handed_over

        if (code := handed_over()) is not None:
            sys.exit(code)
    from collsec.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
