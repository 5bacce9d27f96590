"""Estimators of event times and regressions: arrays and data frames in, results out.

Nothing here knows of conflicts, and nothing here imports another room of the package.
"""

from collsec.survival.covariates import CompleteCases, complete_cases
from collsec.survival.cox.case_cohort import case_cohort
from collsec.survival.cox.design import CoxDesign
from collsec.survival.cox.fine_gray import fine_gray
from collsec.survival.cox.firth import FirthResult, firth_cox
from collsec.survival.cox.frailty import FrailtyResult, frailty_cox
from collsec.survival.cox.model import cox_ph, fit_design
from collsec.survival.cox.result import CoxResult
from collsec.survival.emulation.adjusted_curves import adjusted_survival
from collsec.survival.emulation.adjusted_result import AdjustedSurvival
from collsec.survival.emulation.marginal_structural import (
    MarginalStructuralResult,
    marginal_structural_cox,
)
from collsec.survival.emulation.regimes import TreatmentRegimes, treatment_regimes
from collsec.survival.emulation.sequential_trials import SequentialTrials, sequential_trials
from collsec.survival.emulation.standardization import (
    StandardizedSurvival,
    StepPath,
    standardize,
    switches_on,
)
from collsec.survival.emulation.strategies import EmulatedTrial, clone_censor_weight
from collsec.survival.errors import EstimationError, EstimationWarning
from collsec.survival.journal_table import JournalTable
from collsec.survival.multistate.probabilities import TransitionProbabilities
from collsec.survival.multistate.transition_hazards import TransitionHazards, transition_hazards
from collsec.survival.multistate.transition_probabilities import transition_probabilities
from collsec.survival.nonparametric.aalen_johansen import CumulativeIncidence, aalen_johansen
from collsec.survival.nonparametric.kaplan_meier import SurvivalCurve, kaplan_meier
from collsec.survival.nonparametric.logrank import LogrankTest, logrank
from collsec.survival.nonparametric.pseudo_values import pseudo_values
from collsec.survival.nonparametric.restricted_mean import rmst, rmst_difference
from collsec.survival.parametric.aft import aft
from collsec.survival.parametric.aft_result import AftResult
from collsec.survival.parametric.discrete import discrete_hazard
from collsec.survival.parametric.discrete_result import DiscreteHazardResult
from collsec.survival.parametric.flexible import flexible_parametric
from collsec.survival.parametric.flexible_result import FlexibleParametricResult
from collsec.survival.parametric.split_population import split_population
from collsec.survival.parametric.split_result import SplitPopulationResult
from collsec.survival.regression.fitting import RegressionResult
from collsec.survival.regression.generalized_linear import logit, poisson
from collsec.survival.regression.instrumental import IVResult, iv_2sls
from collsec.survival.regression.negative_binomial import negative_binomial
from collsec.survival.regression.panel import PanelResult, panel_ols
from collsec.survival.regression.pseudo_regression import PseudoRegression, pseudo_regression
from collsec.survival.regression.weak_instruments import AndersonRubin
from collsec.survival.results import ScalarEstimate
from collsec.survival.splines import restricted_cubic, spline_knots
from collsec.survival.tables import compare, journal_table

__all__ = [
    "AdjustedSurvival",
    "AftResult",
    "AndersonRubin",
    "CompleteCases",
    "CoxDesign",
    "CoxResult",
    "CumulativeIncidence",
    "DiscreteHazardResult",
    "EmulatedTrial",
    "EstimationError",
    "EstimationWarning",
    "FirthResult",
    "FlexibleParametricResult",
    "FrailtyResult",
    "IVResult",
    "JournalTable",
    "LogrankTest",
    "MarginalStructuralResult",
    "PanelResult",
    "PseudoRegression",
    "RegressionResult",
    "ScalarEstimate",
    "SequentialTrials",
    "SplitPopulationResult",
    "StandardizedSurvival",
    "StepPath",
    "SurvivalCurve",
    "TransitionHazards",
    "TransitionProbabilities",
    "TreatmentRegimes",
    "aalen_johansen",
    "adjusted_survival",
    "aft",
    "case_cohort",
    "clone_censor_weight",
    "compare",
    "complete_cases",
    "cox_ph",
    "discrete_hazard",
    "fine_gray",
    "firth_cox",
    "fit_design",
    "flexible_parametric",
    "frailty_cox",
    "iv_2sls",
    "journal_table",
    "kaplan_meier",
    "logit",
    "logrank",
    "marginal_structural_cox",
    "negative_binomial",
    "panel_ols",
    "poisson",
    "pseudo_regression",
    "pseudo_values",
    "restricted_cubic",
    "rmst",
    "rmst_difference",
    "sequential_trials",
    "spline_knots",
    "split_population",
    "standardize",
    "switches_on",
    "transition_hazards",
    "transition_probabilities",
    "treatment_regimes",
]
