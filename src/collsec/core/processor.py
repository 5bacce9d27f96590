"""One set of instructions for every step: the last digits of a number depend on the processor.

OpenBLAS, NumPy, and Arrow choose their loops by what the processor can do, and loops of another
width sum in another order. A step asks for one choice that every x86-64 processor with AVX2 has, so
that results have the same bytes on all of them; on others (arm64, older x86-64) numbers are the
same to about ten digits, and bytes are not.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

#: Instructions that the choice needs, as Linux names them.
NEEDED = frozenset({"avx2", "fma"})
#: What a step runs with, whatever the caller's environment says. NumPy has named what lies above
#: AVX2 in two ways, before version 2.4 and from it on, and passes over names that it does not know.
CHOSEN = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": (
        "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL"
    ),
    "ARROW_USER_SIMD_LEVEL": "AVX2",
}
#: On one thread sums keep their order; compiled loops have another.
ALWAYS = {"OPENBLAS_NUM_THREADS": "1", "RISKSET_COMPILED": "0"}
#: Name of the choice, as manifests record it.
COMMON = "x86-64 with AVX2 (OpenBLAS Haswell, NumPy without AVX-512)"
NUMERIC = ("numpy", "scipy")
#: Settings of a manifest that say with which instructions and with which libraries a unit was made.
INSTRUCTIONS = "choice of instructions"
LIBRARIES = "set of numeric libraries"


@functools.cache
def stated() -> str:
    """The instructions that steps on this machine run with, by name."""
    if platform.machine().lower() in ("x86_64", "amd64") and _flags() >= NEEDED:
        return COMMON
    return f"{platform.machine()}, as found"


def _flags() -> set[str]:
    """What the processor can do, on Linux; nothing is known elsewhere."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("flags"):
                return set(line.partition(":")[2].split())
    return set()


def choose() -> None:
    """Set the environment in which numeric libraries choose as stated; before they are imported."""
    own = CHOSEN if stated() == COMMON else {}
    for name in CHOSEN.keys() - own.keys():
        os.environ.pop(name, None)
    os.environ.update(own | ALWAYS)


def in_force() -> str:
    """What this process runs with: as stated, or as found where NumPy was there before the choice.

    A step of a Python session, which may have imported NumPy long ago, says so in its manifest.
    """
    if "numpy" not in sys.modules:
        choose()
        _chosen.add(os.getpid())
    return stated() if _chosen or stated() != COMMON else "as found"


#: Processes, this one or those that it was forked from, that chose before NumPy was imported.
_chosen: set[int] = set()


@functools.cache
def libraries() -> str:
    """Versions of Python and of the libraries on which last digits depend."""
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    return ", ".join([python, *(f"{n} {importlib.metadata.version(n)}" for n in NUMERIC)])
