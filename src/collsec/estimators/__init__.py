"""Estimators of event times and regressions: arrays and data frames in, results out.

Nothing here knows of conflicts, and nothing here imports another room of the package.
"""

from collsec.estimators.cox import cox_ph, fit_design
from collsec.estimators.cox_design import CoxDesign
from collsec.estimators.cox_result import CoxResult
from collsec.estimators.errors import EstimationError

__all__ = ["CoxDesign", "CoxResult", "EstimationError", "cox_ph", "fit_design"]
