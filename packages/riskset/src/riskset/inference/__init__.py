"""Inference for few exposures: arrays in, frozen results out."""

from riskset.arrays import Integers
from riskset.errors import InferenceError
from riskset.inference.assignment import exposed_counts, permute_within
from riskset.inference.bootstrap import (
    BootstrapInterval,
    BootstrapResult,
    ScoreBootstrap,
    cluster_bootstrap,
    score_bootstrap,
)
from riskset.inference.calibration import (
    Calibration,
    ever_exposed_test,
    null_calibration,
    rerandomization_test,
    score_test,
)
from riskset.inference.circular_shifts import circular_shifts
from riskset.inference.exposure_design import ExposureDesign, exposure_design
from riskset.inference.exposure_dose import DosePath, rerandomized_dose
from riskset.inference.imputation import PooledEstimate, rubin_combine
from riskset.inference.inversion import InvertedInterval
from riskset.inference.jackknife import (
    Influence,
    JackknifeResult,
    cluster_jackknife,
    leave_one_cluster_out,
)
from riskset.inference.matched_sets import (
    MatchedContrast,
    MatchedOutcomes,
    matched_difference,
    matched_ratio,
    matched_sets,
    set_rerandomization,
)
from riskset.inference.moved_events import EventWindow, moved_events
from riskset.inference.multiplicity import benjamini_hochberg, holm
from riskset.inference.permutation import PermutedEffect, permuted_effect
from riskset.inference.power import (
    DetectableEffect,
    Equivalence,
    equivalence_test,
    minimum_detectable_effect,
    needed_events,
    power_curve,
    schoenfeld_std_error,
)
from riskset.inference.refits import JointEffects, joint_effects, least_squares_refit
from riskset.inference.rerandomization import (
    RerandomizationResult,
    risk_set_rerandomization,
)
from riskset.inference.sensitivity import (
    EValue,
    OmittedVariableBounds,
    e_value,
    omitted_variable_bounds,
)
from riskset.inference.specification_curve import (
    SpecificationCurve,
    SpecificationSummary,
    specification_curve,
)
from riskset.inference.split_exposure import (
    Counts,
    RerandomizedEffect,
    Split,
    rerandomized_pair,
)

__all__ = [
    "BootstrapInterval",
    "BootstrapResult",
    "Calibration",
    "Counts",
    "DetectableEffect",
    "DosePath",
    "EValue",
    "Equivalence",
    "EventWindow",
    "ExposureDesign",
    "InferenceError",
    "Influence",
    "Integers",
    "InvertedInterval",
    "JackknifeResult",
    "JointEffects",
    "MatchedContrast",
    "MatchedOutcomes",
    "OmittedVariableBounds",
    "PermutedEffect",
    "PooledEstimate",
    "RerandomizationResult",
    "RerandomizedEffect",
    "ScoreBootstrap",
    "SpecificationCurve",
    "SpecificationSummary",
    "Split",
    "benjamini_hochberg",
    "circular_shifts",
    "cluster_bootstrap",
    "cluster_jackknife",
    "e_value",
    "equivalence_test",
    "ever_exposed_test",
    "exposed_counts",
    "exposure_design",
    "holm",
    "joint_effects",
    "least_squares_refit",
    "leave_one_cluster_out",
    "matched_difference",
    "matched_ratio",
    "matched_sets",
    "minimum_detectable_effect",
    "moved_events",
    "needed_events",
    "null_calibration",
    "omitted_variable_bounds",
    "permute_within",
    "permuted_effect",
    "power_curve",
    "rerandomization_test",
    "rerandomized_dose",
    "rerandomized_pair",
    "risk_set_rerandomization",
    "rubin_combine",
    "schoenfeld_std_error",
    "score_bootstrap",
    "score_test",
    "set_rerandomization",
    "specification_curve",
]
