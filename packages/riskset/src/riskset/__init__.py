"""Event histories: estimators of times to events, and inference where exposures are few.

Arrays and data frames go in, results come out: Cox and parametric models on ``(start, stop]`` rows,
curves, several states, regressions, emulated trials, and re-randomization, bootstrap, jackknife and
sensitivity analysis.

Examples
--------
>>> import pandas as pd
>>> import riskset as rs
>>> rows = pd.DataFrame({"stop": [5, 8, 3, 9, 2], "event": [1, 1, 1, 0, 1]})
>>> rs.kaplan_meier(rows, stop="stop", event="event").at([4])["survival"].round(2).tolist()
[0.6]
"""

from riskset.contract import ContractReport, check_estimator
from riskset.contrasts import Contrasts, combination, contrast, term_tests
from riskset.covariates import CompleteCases, complete_cases
from riskset.cox.binary_exposure import BinaryExposure
from riskset.cox.case_cohort import case_cohort
from riskset.cox.case_cohort_result import CaseCohortResult
from riskset.cox.design import CoxDesign
from riskset.cox.fine_gray import fine_gray
from riskset.cox.firth import FirthResult, firth_cox
from riskset.cox.frailty import FrailtyResult, frailty_cox
from riskset.cox.model import cox_ph, fit_design
from riskset.cox.prediction import simulate
from riskset.cox.result import CoxResult
from riskset.emulation.adjusted_curves import adjusted_survival
from riskset.emulation.adjusted_result import AdjustedSurvival
from riskset.emulation.marginal_structural import (
    MarginalStructuralResult,
    marginal_structural_cox,
)
from riskset.emulation.regimes import TreatmentRegimes, treatment_regimes
from riskset.emulation.sequential_trials import SequentialTrials, sequential_trials
from riskset.emulation.standardization import (
    StandardizedSurvival,
    StepPath,
    standardize,
    switches_on,
)
from riskset.emulation.strategies import EmulatedTrial, clone_censor_weight
from riskset.errors import EstimationError, EstimationWarning, FewClustersWarning
from riskset.histories import merge_events, split_episodes
from riskset.inference import (
    BootstrapInterval,
    BootstrapResult,
    Calibration,
    Counts,
    DetectableEffect,
    DosePath,
    Equivalence,
    EValue,
    EventWindow,
    ExposureDesign,
    InferenceError,
    Influence,
    Integers,
    InvertedInterval,
    JackknifeResult,
    JointEffects,
    MatchedContrast,
    MatchedOutcomes,
    OmittedVariableBounds,
    PermutedEffect,
    PooledEstimate,
    RerandomizationResult,
    RerandomizedEffect,
    ScoreBootstrap,
    SpecificationCurve,
    SpecificationSummary,
    Split,
    benjamini_hochberg,
    circular_shifts,
    cluster_bootstrap,
    cluster_jackknife,
    e_value,
    equivalence_test,
    ever_exposed_test,
    exposed_counts,
    exposure_design,
    holm,
    joint_effects,
    least_squares_refit,
    leave_one_cluster_out,
    matched_difference,
    matched_ratio,
    matched_sets,
    minimum_detectable_effect,
    moved_events,
    needed_events,
    null_calibration,
    omitted_variable_bounds,
    permute_within,
    permuted_effect,
    power_curve,
    rerandomization_test,
    rerandomized_dose,
    rerandomized_pair,
    risk_set_rerandomization,
    rubin_combine,
    schoenfeld_std_error,
    score_bootstrap,
    score_test,
    set_rerandomization,
    specification_curve,
)
from riskset.inference.few_clusters import ClusterInference, cluster_inference
from riskset.journal_table import JournalTable
from riskset.landmarks import landmark
from riskset.multistate.probabilities import TransitionProbabilities
from riskset.multistate.transition_hazards import TransitionHazards, transition_hazards
from riskset.multistate.transition_probabilities import transition_probabilities
from riskset.nonparametric.aalen_johansen import CumulativeIncidence, aalen_johansen
from riskset.nonparametric.accuracy import BrierScore, brier_score, calibration, expected_events
from riskset.nonparametric.cumulative import CumulativeCurve, mean_cumulative, nelson_aalen
from riskset.nonparametric.interval_censored import TurnbullCurve, turnbull
from riskset.nonparametric.kaplan_meier import SurvivalCurve, kaplan_meier
from riskset.nonparametric.logrank import LogrankTest, gray_test, logrank
from riskset.nonparametric.pseudo_values import pseudo_values
from riskset.nonparametric.ranking import Concordance, concordance, time_auc
from riskset.nonparametric.restricted_mean import rmst, rmst_difference
from riskset.parametric.aft import aft
from riskset.parametric.aft_result import AftResult
from riskset.parametric.discrete import discrete_hazard
from riskset.parametric.discrete_result import DiscreteHazardResult
from riskset.parametric.flexible import flexible_parametric
from riskset.parametric.flexible_result import FlexibleParametricResult
from riskset.parametric.interval_censored import interval_parametric
from riskset.parametric.interval_cox import IntervalCoxResult, interval_cox
from riskset.parametric.split_population import split_population
from riskset.parametric.split_result import SplitPopulationResult
from riskset.regression.fitting import RegressionResult
from riskset.regression.generalized_linear import logit, poisson
from riskset.regression.instrumental import IVResult, iv_2sls
from riskset.regression.negative_binomial import negative_binomial
from riskset.regression.panel import PanelResult, panel_ols
from riskset.regression.pseudo_regression import PseudoRegression, pseudo_regression
from riskset.regression.stacked_poisson import (
    EventStack,
    StackedRatio,
    event_stack,
    stacked_jackknife,
    stacked_poisson,
)
from riskset.regression.two_way_poisson import CountPanel, TwoWayPoisson, two_way_poisson
from riskset.regression.weak_instruments import AndersonRubin
from riskset.results import ScalarEstimate
from riskset.splines import restricted_cubic, spline_knots
from riskset.tables import compare, journal_table
from riskset.wald import wald_interval, wald_p_value

__version__ = "0.4.0"

__all__ = [
    "AdjustedSurvival",
    "AftResult",
    "AndersonRubin",
    "BinaryExposure",
    "BootstrapInterval",
    "BootstrapResult",
    "BrierScore",
    "Calibration",
    "CaseCohortResult",
    "ClusterInference",
    "CompleteCases",
    "Concordance",
    "ContractReport",
    "Contrasts",
    "CountPanel",
    "Counts",
    "CoxDesign",
    "CoxResult",
    "CumulativeCurve",
    "CumulativeIncidence",
    "DetectableEffect",
    "DiscreteHazardResult",
    "DosePath",
    "EValue",
    "EmulatedTrial",
    "Equivalence",
    "EstimationError",
    "EstimationWarning",
    "EventStack",
    "EventWindow",
    "ExposureDesign",
    "FewClustersWarning",
    "FirthResult",
    "FlexibleParametricResult",
    "FrailtyResult",
    "IVResult",
    "InferenceError",
    "Influence",
    "Integers",
    "IntervalCoxResult",
    "InvertedInterval",
    "JackknifeResult",
    "JointEffects",
    "JournalTable",
    "LogrankTest",
    "MarginalStructuralResult",
    "MatchedContrast",
    "MatchedOutcomes",
    "OmittedVariableBounds",
    "PanelResult",
    "PermutedEffect",
    "PooledEstimate",
    "PseudoRegression",
    "RegressionResult",
    "RerandomizationResult",
    "RerandomizedEffect",
    "ScalarEstimate",
    "ScoreBootstrap",
    "SequentialTrials",
    "SpecificationCurve",
    "SpecificationSummary",
    "Split",
    "SplitPopulationResult",
    "StackedRatio",
    "StandardizedSurvival",
    "StepPath",
    "SurvivalCurve",
    "TransitionHazards",
    "TransitionProbabilities",
    "TreatmentRegimes",
    "TurnbullCurve",
    "TwoWayPoisson",
    "__version__",
    "aalen_johansen",
    "adjusted_survival",
    "aft",
    "benjamini_hochberg",
    "brier_score",
    "calibration",
    "case_cohort",
    "check_estimator",
    "circular_shifts",
    "clone_censor_weight",
    "cluster_bootstrap",
    "cluster_inference",
    "cluster_jackknife",
    "combination",
    "compare",
    "complete_cases",
    "concordance",
    "contrast",
    "cox_ph",
    "discrete_hazard",
    "e_value",
    "equivalence_test",
    "event_stack",
    "ever_exposed_test",
    "expected_events",
    "exposed_counts",
    "exposure_design",
    "fine_gray",
    "firth_cox",
    "fit_design",
    "flexible_parametric",
    "frailty_cox",
    "gray_test",
    "holm",
    "interval_cox",
    "interval_parametric",
    "iv_2sls",
    "joint_effects",
    "journal_table",
    "kaplan_meier",
    "landmark",
    "least_squares_refit",
    "leave_one_cluster_out",
    "logit",
    "logrank",
    "marginal_structural_cox",
    "matched_difference",
    "matched_ratio",
    "matched_sets",
    "mean_cumulative",
    "merge_events",
    "minimum_detectable_effect",
    "moved_events",
    "needed_events",
    "negative_binomial",
    "nelson_aalen",
    "null_calibration",
    "omitted_variable_bounds",
    "panel_ols",
    "permute_within",
    "permuted_effect",
    "poisson",
    "power_curve",
    "pseudo_regression",
    "pseudo_values",
    "rerandomization_test",
    "rerandomized_dose",
    "rerandomized_pair",
    "restricted_cubic",
    "risk_set_rerandomization",
    "rmst",
    "rmst_difference",
    "rubin_combine",
    "schoenfeld_std_error",
    "score_bootstrap",
    "score_test",
    "sequential_trials",
    "set_rerandomization",
    "simulate",
    "specification_curve",
    "spline_knots",
    "split_episodes",
    "split_population",
    "stacked_jackknife",
    "stacked_poisson",
    "standardize",
    "switches_on",
    "term_tests",
    "time_auc",
    "transition_hazards",
    "transition_probabilities",
    "treatment_regimes",
    "turnbull",
    "two_way_poisson",
    "wald_interval",
    "wald_p_value",
]
