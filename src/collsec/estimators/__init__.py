"""Estimators of event times and regressions: arrays and data frames in, results out.

Nothing here knows of conflicts, and nothing here imports another room of the package.
"""

from collsec.estimators.aalen_johansen import CumulativeIncidence, aalen_johansen
from collsec.estimators.cox import cox_ph, fit_design
from collsec.estimators.cox_design import CoxDesign
from collsec.estimators.cox_result import CoxResult
from collsec.estimators.errors import EstimationError
from collsec.estimators.kaplan_meier import SurvivalCurve, kaplan_meier
from collsec.estimators.logrank import LogrankTest, logrank
from collsec.estimators.restricted_mean import Estimate, rmst, rmst_difference
from collsec.estimators.standardization import (
    StandardizedSurvival,
    StepPath,
    standardize,
    switches_on,
)

__all__ = [
    "CoxDesign",
    "CoxResult",
    "CumulativeIncidence",
    "Estimate",
    "EstimationError",
    "LogrankTest",
    "StandardizedSurvival",
    "StepPath",
    "SurvivalCurve",
    "aalen_johansen",
    "cox_ph",
    "fit_design",
    "kaplan_meier",
    "logrank",
    "rmst",
    "rmst_difference",
    "standardize",
    "switches_on",
]
