"""Which extra of the package brings a library that is not there."""

from __future__ import annotations

#: Libraries that `pip install collsec` leaves out, and the extra that brings each.
EXTRA_OF = {
    "snakemake": "study",
    "grimp": "study",
    "filelock": "study",
    "psutil": "study",
    "pooch": "study",
    "pypandoc": "study",
    "typst": "study",
    "matplotlib": "plot",
    "openpyxl": "compile",
    "xlrd": "compile",
    "rdata": "compile",
}


def missing(error: ModuleNotFoundError) -> str | None:
    """Say what to install where an extra is missing; None where the library is of no extra."""
    library = (error.name or "").split(".")[0]
    if library not in EXTRA_OF:
        return None
    extra = EXTRA_OF[library]
    return f"{library} is not installed: pip install 'collsec[{extra}]' brings it."
