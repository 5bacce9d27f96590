"""Inference for few exposures: arrays in, frozen results out.

Nothing here knows of conflicts, and nothing here imports another room of the package than the
estimators.
"""

from collsec.survival.inference.bootstrap import BootstrapResult, Interval, cluster_bootstrap
from collsec.survival.inference.calibration import (
    Calibration,
    ever_exposed_test,
    null_calibration,
    rerandomization_test,
    score_test,
)
from collsec.survival.inference.equivalence import Equivalence, equivalence_test
from collsec.survival.inference.errors import InferenceError
from collsec.survival.inference.exposure_design import ExposureDesign, exposure_design
from collsec.survival.inference.exposure_dose import DosePath, rerandomized_dose
from collsec.survival.inference.imputation import PooledEstimate, rubin_combine
from collsec.survival.inference.influence import Influence, leave_one_cluster_out
from collsec.survival.inference.jackknife import JackknifeResult, cluster_jackknife
from collsec.survival.inference.multiplicity import benjamini_hochberg, holm
from collsec.survival.inference.permutation import PermutedEffect, permuted_effect
from collsec.survival.inference.power import (
    DetectableEffect,
    minimum_detectable_effect,
    power_curve,
    schoenfeld_std_error,
)
from collsec.survival.inference.rerandomization import (
    RerandomizationResult,
    risk_set_rerandomization,
)
from collsec.survival.inference.sensitivity import (
    EValue,
    OmittedVariableBounds,
    e_value,
    omitted_variable_bounds,
)
from collsec.survival.inference.specification_curve import (
    SpecificationCurve,
    SpecificationSummary,
    specification_curve,
)
from collsec.survival.inference.two_exposures import Answer, rerandomized_pair

__all__ = [
    "Answer",
    "BootstrapResult",
    "Calibration",
    "DetectableEffect",
    "DosePath",
    "EValue",
    "Equivalence",
    "ExposureDesign",
    "InferenceError",
    "Influence",
    "Interval",
    "JackknifeResult",
    "OmittedVariableBounds",
    "PermutedEffect",
    "PooledEstimate",
    "RerandomizationResult",
    "SpecificationCurve",
    "SpecificationSummary",
    "benjamini_hochberg",
    "cluster_bootstrap",
    "cluster_jackknife",
    "e_value",
    "equivalence_test",
    "ever_exposed_test",
    "exposure_design",
    "holm",
    "leave_one_cluster_out",
    "minimum_detectable_effect",
    "null_calibration",
    "omitted_variable_bounds",
    "permuted_effect",
    "power_curve",
    "rerandomization_test",
    "rerandomized_dose",
    "rerandomized_pair",
    "risk_set_rerandomization",
    "rubin_combine",
    "schoenfeld_std_error",
    "score_test",
    "specification_curve",
]
