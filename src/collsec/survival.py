"""The library's old name, for this release alone: import :mod:`riskset`."""

import sys
import warnings
from importlib import import_module

warnings.warn(
    "collsec.survival is now the package riskset; this name goes with the next release",
    DeprecationWarning,
    stacklevel=2,
)
# One module under both names: a class is the same whichever way it was imported.
_ROOMS = (
    "cox",
    "emulation",
    "inference",
    "multistate",
    "nonparametric",
    "parametric",
    "regression",
)
sys.modules[__name__] = import_module("riskset")
sys.modules.update({f"{__name__}.{room}": import_module(f"riskset.{room}") for room in _ROOMS})
