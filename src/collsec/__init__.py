"""Tests of the claims about UN collective security on every armed conflict since 1946.

The estimators and the inference of :mod:`collsec.survival` stand here by their names, and with them
the study itself: :func:`load` a table, look a column up in the :func:`codebook`, put a
:class:`Hypothesis` to the data, read the :func:`results`, and :func:`cite` what was used.

Examples
--------
>>> import collsec as cs
>>> wars = cs.load("episodes")  # doctest: +SKIP
>>> cs.Hypothesis.from_file("analyses/h1-deployment-delay.qmd").fit().verdict  # doctest: +SKIP

Notes
-----
Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collsec.cli.session import (
        Hypothesis as Hypothesis,
    )
    from collsec.cli.session import (
        References as References,
    )
    from collsec.cli.session import (
        catalog as catalog,
    )
    from collsec.cli.session import (
        cite as cite,
    )
    from collsec.cli.session import (
        codebook as codebook,
    )
    from collsec.cli.session import (
        load as load,
    )
    from collsec.cli.session import (
        results as results,
    )
    from collsec.survival import (
        AdjustedSurvival as AdjustedSurvival,
    )
    from collsec.survival import (
        AftResult as AftResult,
    )
    from collsec.survival import (
        AndersonRubin as AndersonRubin,
    )
    from collsec.survival import (
        CompleteCases as CompleteCases,
    )
    from collsec.survival import (
        CoxDesign as CoxDesign,
    )
    from collsec.survival import (
        CoxResult as CoxResult,
    )
    from collsec.survival import (
        CumulativeIncidence as CumulativeIncidence,
    )
    from collsec.survival import (
        DiscreteHazardResult as DiscreteHazardResult,
    )
    from collsec.survival import (
        EmulatedTrial as EmulatedTrial,
    )
    from collsec.survival import (
        EstimationError as EstimationError,
    )
    from collsec.survival import (
        EstimationWarning as EstimationWarning,
    )
    from collsec.survival import (
        FirthResult as FirthResult,
    )
    from collsec.survival import (
        FlexibleParametricResult as FlexibleParametricResult,
    )
    from collsec.survival import (
        FrailtyResult as FrailtyResult,
    )
    from collsec.survival import (
        IVResult as IVResult,
    )
    from collsec.survival import (
        JournalTable as JournalTable,
    )
    from collsec.survival import (
        LogrankTest as LogrankTest,
    )
    from collsec.survival import (
        MarginalStructuralResult as MarginalStructuralResult,
    )
    from collsec.survival import (
        PanelResult as PanelResult,
    )
    from collsec.survival import (
        PseudoRegression as PseudoRegression,
    )
    from collsec.survival import (
        RegressionResult as RegressionResult,
    )
    from collsec.survival import (
        ScalarEstimate as ScalarEstimate,
    )
    from collsec.survival import (
        SequentialTrials as SequentialTrials,
    )
    from collsec.survival import (
        SplitPopulationResult as SplitPopulationResult,
    )
    from collsec.survival import (
        StandardizedSurvival as StandardizedSurvival,
    )
    from collsec.survival import (
        StepPath as StepPath,
    )
    from collsec.survival import (
        SurvivalCurve as SurvivalCurve,
    )
    from collsec.survival import (
        TransitionHazards as TransitionHazards,
    )
    from collsec.survival import (
        TransitionProbabilities as TransitionProbabilities,
    )
    from collsec.survival import (
        TreatmentRegimes as TreatmentRegimes,
    )
    from collsec.survival import (
        aalen_johansen as aalen_johansen,
    )
    from collsec.survival import (
        adjusted_survival as adjusted_survival,
    )
    from collsec.survival import (
        aft as aft,
    )
    from collsec.survival import (
        case_cohort as case_cohort,
    )
    from collsec.survival import (
        clone_censor_weight as clone_censor_weight,
    )
    from collsec.survival import (
        compare as compare,
    )
    from collsec.survival import (
        complete_cases as complete_cases,
    )
    from collsec.survival import (
        cox_ph as cox_ph,
    )
    from collsec.survival import (
        discrete_hazard as discrete_hazard,
    )
    from collsec.survival import (
        fine_gray as fine_gray,
    )
    from collsec.survival import (
        firth_cox as firth_cox,
    )
    from collsec.survival import (
        fit_design as fit_design,
    )
    from collsec.survival import (
        flexible_parametric as flexible_parametric,
    )
    from collsec.survival import (
        frailty_cox as frailty_cox,
    )
    from collsec.survival import (
        iv_2sls as iv_2sls,
    )
    from collsec.survival import (
        journal_table as journal_table,
    )
    from collsec.survival import (
        kaplan_meier as kaplan_meier,
    )
    from collsec.survival import (
        logit as logit,
    )
    from collsec.survival import (
        logrank as logrank,
    )
    from collsec.survival import (
        marginal_structural_cox as marginal_structural_cox,
    )
    from collsec.survival import (
        negative_binomial as negative_binomial,
    )
    from collsec.survival import (
        panel_ols as panel_ols,
    )
    from collsec.survival import (
        poisson as poisson,
    )
    from collsec.survival import (
        pseudo_regression as pseudo_regression,
    )
    from collsec.survival import (
        pseudo_values as pseudo_values,
    )
    from collsec.survival import (
        restricted_cubic as restricted_cubic,
    )
    from collsec.survival import (
        rmst as rmst,
    )
    from collsec.survival import (
        rmst_difference as rmst_difference,
    )
    from collsec.survival import (
        sequential_trials as sequential_trials,
    )
    from collsec.survival import (
        spline_knots as spline_knots,
    )
    from collsec.survival import (
        split_population as split_population,
    )
    from collsec.survival import (
        standardize as standardize,
    )
    from collsec.survival import (
        switches_on as switches_on,
    )
    from collsec.survival import (
        transition_hazards as transition_hazards,
    )
    from collsec.survival import (
        transition_probabilities as transition_probabilities,
    )
    from collsec.survival import (
        treatment_regimes as treatment_regimes,
    )
    from collsec.survival.inference import (
        BootstrapInterval as BootstrapInterval,
    )
    from collsec.survival.inference import (
        BootstrapResult as BootstrapResult,
    )
    from collsec.survival.inference import (
        Calibration as Calibration,
    )
    from collsec.survival.inference import (
        Counts as Counts,
    )
    from collsec.survival.inference import (
        DetectableEffect as DetectableEffect,
    )
    from collsec.survival.inference import (
        DosePath as DosePath,
    )
    from collsec.survival.inference import (
        Equivalence as Equivalence,
    )
    from collsec.survival.inference import (
        EValue as EValue,
    )
    from collsec.survival.inference import (
        ExposureDesign as ExposureDesign,
    )
    from collsec.survival.inference import (
        InferenceError as InferenceError,
    )
    from collsec.survival.inference import (
        Influence as Influence,
    )
    from collsec.survival.inference import (
        Integers as Integers,
    )
    from collsec.survival.inference import (
        JackknifeResult as JackknifeResult,
    )
    from collsec.survival.inference import (
        OmittedVariableBounds as OmittedVariableBounds,
    )
    from collsec.survival.inference import (
        PermutedEffect as PermutedEffect,
    )
    from collsec.survival.inference import (
        PooledEstimate as PooledEstimate,
    )
    from collsec.survival.inference import (
        RerandomizationResult as RerandomizationResult,
    )
    from collsec.survival.inference import (
        RerandomizedEffect as RerandomizedEffect,
    )
    from collsec.survival.inference import (
        SpecificationCurve as SpecificationCurve,
    )
    from collsec.survival.inference import (
        SpecificationSummary as SpecificationSummary,
    )
    from collsec.survival.inference import (
        Split as Split,
    )
    from collsec.survival.inference import (
        benjamini_hochberg as benjamini_hochberg,
    )
    from collsec.survival.inference import (
        cluster_bootstrap as cluster_bootstrap,
    )
    from collsec.survival.inference import (
        cluster_jackknife as cluster_jackknife,
    )
    from collsec.survival.inference import (
        e_value as e_value,
    )
    from collsec.survival.inference import (
        equivalence_test as equivalence_test,
    )
    from collsec.survival.inference import (
        ever_exposed_test as ever_exposed_test,
    )
    from collsec.survival.inference import (
        exposed_counts as exposed_counts,
    )
    from collsec.survival.inference import (
        exposure_design as exposure_design,
    )
    from collsec.survival.inference import (
        holm as holm,
    )
    from collsec.survival.inference import (
        leave_one_cluster_out as leave_one_cluster_out,
    )
    from collsec.survival.inference import (
        minimum_detectable_effect as minimum_detectable_effect,
    )
    from collsec.survival.inference import (
        needed_events as needed_events,
    )
    from collsec.survival.inference import (
        null_calibration as null_calibration,
    )
    from collsec.survival.inference import (
        omitted_variable_bounds as omitted_variable_bounds,
    )
    from collsec.survival.inference import (
        permuted_effect as permuted_effect,
    )
    from collsec.survival.inference import (
        power_curve as power_curve,
    )
    from collsec.survival.inference import (
        rerandomization_test as rerandomization_test,
    )
    from collsec.survival.inference import (
        rerandomized_dose as rerandomized_dose,
    )
    from collsec.survival.inference import (
        rerandomized_pair as rerandomized_pair,
    )
    from collsec.survival.inference import (
        risk_set_rerandomization as risk_set_rerandomization,
    )
    from collsec.survival.inference import (
        rubin_combine as rubin_combine,
    )
    from collsec.survival.inference import (
        schoenfeld_std_error as schoenfeld_std_error,
    )
    from collsec.survival.inference import (
        score_test as score_test,
    )
    from collsec.survival.inference import (
        specification_curve as specification_curve,
    )

__all__ = [
    "AdjustedSurvival",
    "AftResult",
    "AndersonRubin",
    "BootstrapInterval",
    "BootstrapResult",
    "Calibration",
    "CompleteCases",
    "Counts",
    "CoxDesign",
    "CoxResult",
    "CumulativeIncidence",
    "DetectableEffect",
    "DiscreteHazardResult",
    "DosePath",
    "EValue",
    "EmulatedTrial",
    "Equivalence",
    "EstimationError",
    "EstimationWarning",
    "ExposureDesign",
    "FirthResult",
    "FlexibleParametricResult",
    "FrailtyResult",
    "Hypothesis",
    "IVResult",
    "InferenceError",
    "Influence",
    "Integers",
    "JackknifeResult",
    "JournalTable",
    "LogrankTest",
    "MarginalStructuralResult",
    "OmittedVariableBounds",
    "PanelResult",
    "PermutedEffect",
    "PooledEstimate",
    "PseudoRegression",
    "References",
    "RegressionResult",
    "RerandomizationResult",
    "RerandomizedEffect",
    "ScalarEstimate",
    "SequentialTrials",
    "SpecificationCurve",
    "SpecificationSummary",
    "Split",
    "SplitPopulationResult",
    "StandardizedSurvival",
    "StepPath",
    "SurvivalCurve",
    "TransitionHazards",
    "TransitionProbabilities",
    "TreatmentRegimes",
    "__version__",
    "aalen_johansen",
    "adjusted_survival",
    "aft",
    "benjamini_hochberg",
    "case_cohort",
    "catalog",
    "cite",
    "clone_censor_weight",
    "cluster_bootstrap",
    "cluster_jackknife",
    "codebook",
    "compare",
    "complete_cases",
    "cox_ph",
    "discrete_hazard",
    "e_value",
    "equivalence_test",
    "ever_exposed_test",
    "exposed_counts",
    "exposure_design",
    "fine_gray",
    "firth_cox",
    "fit_design",
    "flexible_parametric",
    "frailty_cox",
    "holm",
    "iv_2sls",
    "journal_table",
    "kaplan_meier",
    "leave_one_cluster_out",
    "load",
    "logit",
    "logrank",
    "marginal_structural_cox",
    "minimum_detectable_effect",
    "needed_events",
    "negative_binomial",
    "null_calibration",
    "omitted_variable_bounds",
    "panel_ols",
    "permuted_effect",
    "poisson",
    "power_curve",
    "pseudo_regression",
    "pseudo_values",
    "rerandomization_test",
    "rerandomized_dose",
    "rerandomized_pair",
    "restricted_cubic",
    "results",
    "risk_set_rerandomization",
    "rmst",
    "rmst_difference",
    "rubin_combine",
    "schoenfeld_std_error",
    "score_test",
    "sequential_trials",
    "specification_curve",
    "spline_knots",
    "split_population",
    "standardize",
    "switches_on",
    "transition_hazards",
    "transition_probabilities",
    "treatment_regimes",
]

# Rooms in which a public name is looked for, in this order.
_ROOMS = ("collsec.cli.session", "collsec.survival", "collsec.survival.inference")
_SESSION = frozenset({"Hypothesis", "References", "catalog", "cite", "codebook", "load", "results"})


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name == "__version__":
        from collsec.core import __version__

        return __version__
    if name not in __all__:
        raise AttributeError(f"module 'collsec' has no attribute {name!r}")
    import importlib

    rooms = _ROOMS[:1] if name in _SESSION else _ROOMS[1:]
    for room in map(importlib.import_module, rooms):
        if name in room.__all__:
            globals()[name] = found = getattr(room, name)
            return found
    raise AttributeError(f"module 'collsec' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
