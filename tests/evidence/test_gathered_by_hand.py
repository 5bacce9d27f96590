"""A hypothesis gathered from its tasks, each made by hand: rows, numbers, checks and verdict."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from by_hand import estimate, told
from collsec.core.schema import Role
from collsec.designs import PARTS, Inputs
from collsec.designs.estimate import Quantity, Unit
from collsec.designs.parts import Context, Part, part
from collsec.evidence.estimation import Estimated, estimate_hypothesis
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import load
from study import PROJECT, known, study_inputs

DRAWS = Draws(2400, 200, 199, 5)
TWO = math.log(2.0)
COUNTS = {"exposed_events": 10, "exposed_clusters": 8, "expected_events": 10.5}
#: A panel enters the id of the result alone.
PANEL = pd.DataFrame({"unit_id": ["1-1"], "start": [0.0], "stop": [1.0]})


@functools.cache
def inputs() -> Inputs:
    """H3 with two options in its multiverse, a placebo, two further exposures, and two parts."""
    spec = load(PROJECT, "h3", known())
    cohorts = {name: spec.multiverse["cohort"][name] for name in ("as_declared", "since_1989")}
    biased = dataclasses.replace(spec.secondary[0], validity="known-biased")
    few = {"secondary": (biased, spec.secondary[1]), "outcomes": (), "parts": ("early", "late")}
    return study_inputs(dataclasses.replace(spec, multiverse={"cohort": cohorts}, **few))


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is among the tasks, and one that restates the primary."""

    def early(context: Context) -> Part:
        raise AssertionError("it is done already")

    def late(context: Context, primary: Any) -> Part:
        again = dataclasses.replace(primary, estimate_id="h.late", role=Role.SECONDARY)
        return Part([again], records={"late": {"draws": context.draws.bootstrap_draws}})

    part(roles=(Role.SECONDARY,))(early)
    part(roles=(Role.SECONDARY,), after_primary=True)(late)
    for name in ("early", "late"):
        monkeypatch.setitem(PARTS, name, PARTS.pop(name))


def specifications(*ratios: float) -> pd.DataFrame:
    """The primary's own specification, and the one of later wars."""
    own = dataclasses.asdict(estimate(TWO, 0.2))
    rows = [
        {
            **own,
            "specification": cohort,
            "validity": "principled",
            "departures": place,
            "axis_cohort": cohort,
            "measure": "salience",
            "estimate": ratio,
            "ci_low": ratio / 2,
            "ci_high": ratio * 2,
        }
        for place, (cohort, ratio) in enumerate(
            zip(("as_declared", "since_1989"), ratios, strict=True)
        )
    ]
    dropped = ["estimate_id", "hypothesis", "role", "label", "inference", "cluster_low"]
    return pd.DataFrame(rows).drop(columns=[*dropped, "cluster_high"])


def calibration(rate: float) -> dict[str, Part]:
    """Eight blocks of twenty-five draws each."""
    one = {"rejection_rate": rate, "ci_low": 0.0, "ci_high": 1.0, "alpha": 0.05, "draws": 25,
           "mean_exposed_events": 10.0, "estimates": [0.0] * 25}  # fmt: skip
    return {f"calibration.{b}": Part(records={"calibration": one}) for b in range(8)}


def robustness(**changes: Any) -> Part:
    conflicts = {"kind": ["conflict"], "left_out": ["1"], "hazard_ratio": [1.9]}
    found = {"without": conflicts, "engines_agree": True, "engine_gap": 1e-9, "describes": []}
    return Part(records=found | {"proportional_hazards": 0.25} | changes)


def gathered(
    primary: dict[str, Any] | None = None,
    ratios: tuple[float, float] = (2.0, 1.5),
    known_biased: float = 0.4,
    **done: Part,
) -> Estimated:
    """What is gathered from tasks that found a ratio of two, and from what is given."""
    first = estimate(TWO, 0.2, **COUNTS | {"mde_high": 2.5} | (primary or {}))
    placebo = estimate(0.0, 0.2, estimate_id="h.placebo", role=Role.FALSIFICATION, mde_high=2.0)
    biased = dataclasses.replace(
        first, estimate_id="h.biased", role=Role.SECONDARY, validity="known-biased"
    )
    fair = dataclasses.replace(biased, estimate_id="h.fair", validity="principled")
    early = dataclasses.replace(fair, estimate_id="h.early")
    quantities = {"early.count": Quantity(3, Unit.COUNT)}
    tasks = {
        "primary": Part([first]),
        **calibration(0.04),
        "known_biased": Part(records={"known_biased": known_biased}),
        "robustness": robustness(),
        "placebo.control_salience": Part([placebo]),
        "secondary.divergence": Part([biased]),
        "secondary.salience_pact": Part([fair]),
        "part.early": Part([early], quantities=quantities, records={"early": {"n": 3}}),
    }
    names = {name.replace("__", "."): one for name, one in done.items()}
    return estimate_hypothesis(inputs(), PANEL, specifications(*ratios), tasks | names, DRAWS)


def test_every_estimate_is_a_row_and_parts_are_named() -> None:
    found = gathered()
    assert told(found.estimates, "estimate_id", "role", "null_draws") == [
        ("h.primary", "primary", 200),
        ("h.biased", "secondary", 200),
        ("h.fair", "secondary", 0),
        ("h.early", "secondary", 0),
        ("h.late", "secondary", 200),
        ("h.placebo", "falsification", 0),
        ("h3.variant.cohort.since_1989", "variant", 0),
    ]
    rates = found.estimates.set_index("estimate_id")["null_rejection"]
    assert rates["h.primary"] == pytest.approx(0.04) and rates["h.biased"] == pytest.approx(0.4)
    assert math.isnan(rates["h.fair"])
    assert found.record["made_by"] == {"h.early": "early", "h.late": "late"}
    assert found.record["parts"] == {"early": {"n": 3}, "late": {"draws": 199}}
    assert found.record["minimum"] == [10, 8]
    assert set(found.curves["curve"]) == {"survival"}


def test_curves_of_parts_stand_after_those_of_the_design() -> None:
    usual = gathered().curves
    own = usual.head(2).assign(curve="early", estimate=[0.75, 0.5])
    found = gathered(part__early=Part(curves=own)).curves
    assert told(found[-2:], "curve", "estimate") == [("early", 0.75), ("early", 0.5)]
    assert len(found) == len(usual) + 2 and list(found.columns) == list(usual.columns)
    assert found.index.tolist() == list(range(len(found)))


def test_numbers_of_a_page_have_their_units() -> None:
    said = gathered().record["quantities"]
    # A ratio of 2.5 is detectable with 10.5 expected: 10.5 (log 2.5 / log 1.5)² is 53.6.
    assert said["primary.needed_1_5"] == {"value": 54, "unit": "count"}
    assert said["primary.needed_2"] == {"value": 19, "unit": "count"}
    assert said["primary.expected"] == {"value": 10.5, "unit": "number", "digits": 1}
    assert said["known_biased.null_rejection"] == {"value": 0.4, "unit": "share"}
    assert said["early.count"] == {"value": 3, "unit": "count"}
    assert said["multiverse.agreement"]["value"] == 1.0 and said["multiverse.n"]["value"] == 2
    assert said["posterior.skeptical.prior_high"]["value"] == 2.0
    assert said["primary.e_value"]["value"] > said["primary.e_value_limit"]["value"] > 1
    without = gathered(known_biased=math.nan).record["quantities"]
    assert "known_biased.null_rejection" not in without


def test_checks_stand_in_the_record() -> None:
    found = gathered().record["diagnostics"]
    assert found["engine_gap"] == "below 1e-6" and found["proportional_hazards_p"] == 0.25
    assert found["null_calibration"]["rejection_rate"] == 0.04
    assert found["null_calibration"]["draws"] == 200
    assert found["leave_one_out"] == [{"kind": "conflict", "left_out": "1", "hazard_ratio": 1.9}]
    assert [one["outcome"] for one in found["falsification"]] == ["passed"]
    assert found["known_biased_rejection"] == 0.4 and found["sign_flips"] == []


ONE = {"estimate": 1.0, "equivalence_low": math.nan, "equivalence_high": math.nan}
FAILED = Part([estimate(TWO, 0.2, label="Others' ties", role=Role.FALSIFICATION)])
TURNED = {"kind": ["conflict"], "left_out": ["no"], "hazard_ratio": [0.9]}
DOUBT = [{"code": "trend_before", "values": {"p": 0.01}}]
SERIES = [{"code": "one_series", "values": {"units": 1}}]


@pytest.mark.parametrize(
    ("changes", "code", "reasons"),
    [
        ({}, "supported", ["excludes_one", "checks_hold"]),
        ({"placebo__control_salience": FAILED}, "mixed", ["excludes_one", "placebo"]),
        ({"robustness": robustness(without=TURNED)}, "mixed", ["excludes_one", "sign_changes"]),
        ({"ratios": (2.0, 0.5)}, "mixed", ["excludes_one", "disagreement"]),
        ({"robustness": robustness(engines_agree=False)}, "void", ["engines_disagree"]),
        ({"robustness": robustness(describes=DOUBT)}, "mixed", ["excludes_one", "trend_before"]),
        ({"robustness": robustness(describes=SERIES)}, "described", ["one_series"]),
        (calibration(0.2), "void", ["null_rejection"]),
        ({"primary": {"expected_events": 9.9}}, "inconclusive", ["few_exposed"]),
        ({"primary": {"exposed_clusters": 7}}, "inconclusive", ["few_exposed"]),
        ({"primary": {"expected_events": 4.9}}, "not-estimable", ["few_exposed"]),
        ({"primary": {"estimate": 0.5, "ci_low": 0.3, "ci_high": 0.8}, "ratios": (0.5, 0.6),
          "robustness": robustness(without=TURNED)}, "contradicted",
         ["excludes_one", "checks_hold"]),
        ({"primary": ONE | {"ci_low": 0.8, "ci_high": 1.25}}, "no-effect", ["within"]),
        ({"primary": ONE | {"ci_low": 0.79, "ci_high": 1.25}}, "inconclusive", ["undecided"]),
        ({"primary": ONE | {"ci_low": 0.7, "ci_high": 1.4, "equivalence_low": 0.8,
          "equivalence_high": 1.25}}, "no-effect", ["within"]),
        # An error of log 1.2 / 2.80: a skeptic is sure.
        ({"primary": ONE | {"ci_low": 0.7, "ci_high": 1.4, "mde_high": 1.2}}, "no-effect",
         ["probably_within"]),
    ],
)  # fmt: skip
def test_each_check_has_its_part_in_the_verdict(
    changes: dict[str, Any], code: str, reasons: list[str]
) -> None:
    verdict = gathered(**changes).record["verdict"]
    assert (verdict["code"], [one["code"] for one in verdict["reasons"]]) == (code, reasons)


def test_a_verdict_for_want_of_cases_says_how_many_it_would_need() -> None:
    [why] = gathered(primary={"exposed_events": 11, "expected_events": 9.5}).record["verdict"][
        "reasons"
    ]
    assert why["values"] | {"outcome": ""} == {
        "outcome": "",
        "outcomes": 11,
        "clusters": 8,
        "minimum_outcomes": 10,
        "minimum_clusters": 8,
        "expected": 9.5,
        # 9.5 (log 2.5 / log 2)² is 16.6.
        "needed": {"1.5": 49, "2": 17},
    }


def test_the_id_of_a_result_changes_with_its_panel_and_its_rows() -> None:
    first = gathered().record["result_id"]
    assert first.startswith("h3.primary@") and gathered().record["result_id"] == first
    assert gathered(primary={"nobs": 101}).record["result_id"] != first


def test_ratios_of_random_exposure_are_kept_on_their_own_scale() -> None:
    kept = gathered().record["diagnostics"]["null_calibration"]["estimates"]
    assert np.unique(kept).tolist() == [1.0] and len(kept) == 200
