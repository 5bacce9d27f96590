"""Inference for few exposures: arrays in, frozen results out.

Nothing here knows of conflicts, and nothing here imports another room of the package.
"""

from collsec.inference.errors import InferenceError
from collsec.inference.exposure_design import ExposureDesign, exposure_design
from collsec.inference.rerandomization import RerandomizationResult, risk_set_rerandomization

__all__ = [
    "ExposureDesign",
    "InferenceError",
    "RerandomizationResult",
    "exposure_design",
    "risk_set_rerandomization",
]
