"""Estimators of event times and regressions: arrays and data frames in, results out.

Nothing here knows of conflicts, and nothing here imports another room of the package.
"""

from collsec.estimators.accelerated_failure import aft
from collsec.estimators.aft_result import AftResult
from collsec.estimators.comparison import compare
from collsec.estimators.cox import cox_ph, fit_design
from collsec.estimators.cox_design import CoxDesign
from collsec.estimators.cox_result import CoxResult
from collsec.estimators.cumulative_incidence import CumulativeIncidence, aalen_johansen
from collsec.estimators.discrete import DiscreteHazardResult, discrete_hazard
from collsec.estimators.emulation import EmulatedTrial, clone_censor_weight
from collsec.estimators.errors import EstimationError
from collsec.estimators.fine_gray_model import fine_gray
from collsec.estimators.firth import FirthResult, firth_cox
from collsec.estimators.generalized_linear import logit, poisson
from collsec.estimators.instrumental import IVResult, iv_2sls
from collsec.estimators.logrank_test import LogrankTest, logrank
from collsec.estimators.overdispersed_counts import negative_binomial
from collsec.estimators.panel import PanelResult, panel_ols
from collsec.estimators.regression import RegressionResult
from collsec.estimators.restricted_mean import Estimate, rmst, rmst_difference
from collsec.estimators.shared_frailty import FrailtyResult, frailty_cox
from collsec.estimators.splines import restricted_cubic, spline_knots
from collsec.estimators.standardization import (
    StandardizedSurvival,
    StepPath,
    standardize,
    switches_on,
)
from collsec.estimators.survival_curve import SurvivalCurve, kaplan_meier
from collsec.estimators.weak_instruments import AndersonRubin

__all__ = [
    "AftResult",
    "AndersonRubin",
    "CoxDesign",
    "CoxResult",
    "CumulativeIncidence",
    "DiscreteHazardResult",
    "EmulatedTrial",
    "Estimate",
    "EstimationError",
    "FirthResult",
    "FrailtyResult",
    "IVResult",
    "LogrankTest",
    "PanelResult",
    "RegressionResult",
    "StandardizedSurvival",
    "StepPath",
    "SurvivalCurve",
    "aalen_johansen",
    "aft",
    "clone_censor_weight",
    "compare",
    "cox_ph",
    "discrete_hazard",
    "fine_gray",
    "firth_cox",
    "fit_design",
    "frailty_cox",
    "iv_2sls",
    "kaplan_meier",
    "logit",
    "logrank",
    "negative_binomial",
    "panel_ols",
    "poisson",
    "restricted_cubic",
    "rmst",
    "rmst_difference",
    "spline_knots",
    "standardize",
    "switches_on",
]
