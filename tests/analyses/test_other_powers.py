"""The five beside other powers, and the indices made otherwise: known answers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h3.indices import (
    COMPONENTS,
    divergences,
    is_other_form,
    other_powers,
    together,
    with_indices,
)

from collsec.designs.inputs import Prepared
from collsec.designs.parts import Context
from collsec.hypothesis.options import OptionSpec
from collsec.hypothesis.study import Draws
from collsec.measures.interest import CONTROL_POWERS, P5, dispersion_index, divergence_index
from made_up_cohorts import SPEC, inputs_of
from riskset import cox_ph, joint_effects


def world(of_five: float, of_others: float, n: int = 700, seed: int = 4) -> Context:
    """Wars whose rate of ending depends on the trade of the five, of the others, or of both."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)
    five, others = (0.8 * common + 0.6 * rng.standard_normal(n) for _ in range(2))
    rate = 0.002 * np.exp(of_five * five + of_others * others)
    time = np.ceil(rng.exponential(1 / rate))
    rows = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(n)],
            "episode_id": [f"{i}-1" for i in range(n)],
            "start": 0.0,
            "stop": np.minimum(time, 3650.0),
            "event": time < 3650.0,
            "gwno_host": rng.integers(0, 40, n),
            "salience": five,
        }
    )
    tied = {**dict.fromkeys(P5, five), **dict.fromkeys(CONTROL_POWERS, others)}
    ties = pd.concat(
        [
            pd.DataFrame(
                {
                    "episode_id": rows["episode_id"],
                    "power": power,
                    "host_ordinal": 1,
                    "is_host_itself": False,
                    **dict.fromkeys(COMPONENTS, value),
                }
            )
            for power, value in tied.items()
        ],
        ignore_index=True,
    )
    spec = dataclasses.replace(
        SPEC, hypothesis="h3", exposure=dataclasses.replace(SPEC.exposure, measure="salience")
    )
    prepared = Prepared(rows, pd.DataFrame(), rows, "salience", (), (), None, pd.DataFrame())
    return Context(inputs_of(ties=ties, spec=spec), prepared, Draws(480, 40, 49, 2))


@pytest.mark.parametrize(("of_five", "of_others"), [(0.4, 0.0), (0.0, 0.4), (0.3, 0.3)])
def test_in_one_model_each_index_keeps_its_own_effect(of_five: float, of_others: float) -> None:
    five, others, ratio = together(world(of_five, of_others), "joint", "Both", COMPONENTS)
    for found, true in ((five, of_five), (others, of_others), (ratio, of_five - of_others)):
        assert abs(math.log(found.estimate) - true) < 3 * found.std_error
    assert ratio.estimate == pytest.approx(five.estimate / others.estimate)
    assert ratio.estimand == "ratio_of_hazard_ratios"


def test_alone_an_index_borrows_the_effect_of_the_other() -> None:
    """The two go together (correlation 0.64), so that the idle one alone seems to work."""
    made = {e.estimate_id: e for e in other_powers(world(0.5, 0.0)).estimates}
    assert made["h3.power.germany"].ci_low > 1
    assert made["h3.joint.others"].ci_low < 1 < made["h3.joint.others"].ci_high
    assert len(made) == 6 + 10


def test_each_index_is_in_standard_deviations_over_the_wars_that_have_all() -> None:
    context = world(0.0, 0.0, n=60)
    known = pd.Series(np.arange(50.0), index=[f"{i}-1" for i in range(50)])
    rows = with_indices(context, {"x": known, "y": -known.iloc[:40]})
    assert len(rows) == 40
    assert rows["x"].mean() == pytest.approx(0) and rows["x"].std(ddof=0) == pytest.approx(1)
    assert rows["y"].to_numpy() == pytest.approx(-rows["x"].to_numpy())


def test_joint_coefficients_are_those_of_one_cox_model() -> None:
    rows = world(0.3, 0.0).prepared.rows
    rng = np.random.default_rng(2)
    rows = rows.assign(z=rng.standard_normal(len(rows)))
    ours = joint_effects(rows, ["salience", "z"], adjustment=(), strata=(), cluster="gwno_host")
    fit = cox_ph(rows, ["salience", "z"], start="start", stop="stop", event="event")
    assert ours.beta == pytest.approx(fit.params.to_numpy(), abs=1e-7)
    # With nothing but chance in z, both together are found by the joint test.
    assert ours.wald([0, 1]) < 0.001 < ours.wald([1])


def test_the_deviation_and_the_range_are_worked_by_hand() -> None:
    """Affinities 0, 0.5 and 1 of three powers: range 1, standard deviation √(1/6)."""
    ties = pd.DataFrame(
        {
            "episode_id": "1-1",
            "power": ["usa", "uk", "france"],
            "host_ordinal": 1,
            "is_host_itself": False,
            "has_defense_pact": [0.0, 0.5, 1.0],
            "ideal_point_rank": [0.0, 0.5, 1.0],
        }
    )
    assert divergence_index(ties).tolist() == [1.0]
    assert dispersion_index(ties).tolist() == pytest.approx([math.sqrt(1 / 6)])
    assert dispersion_index(ties.iloc[:2]).isna().all(), "two powers are too few"
    assert set(divergences(ties)) == {"votes", "pacts", "deviation"}


def test_a_component_alone_is_no_other_form() -> None:
    assert not is_other_form(OptionSpec(validity="principled", label="Equal"))
    assert not is_other_form(
        OptionSpec(validity="plausible", label="Trade", components=("trade_rank",))
    )
    assert is_other_form(
        OptionSpec(validity="principled", label="PCA", weights="principal_component")
    )
    assert is_other_form(OptionSpec(validity="plausible", label="Four", powers=("uk", "france")))
