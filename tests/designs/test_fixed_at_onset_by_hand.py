"""A covariate of twenty-four wars before onset: primary, bootstrap, noise, years, redrawn days."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import DESIGNS
from collsec.designs.comparison import Comparison
from collsec.designs.date_imputation import date_imputation, redated
from collsec.designs.estimate import seed_for
from collsec.designs.fixed_at_onset import FixedAtOnset, bootstrapped
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.jackknife import by_method
from collsec.designs.parts import Context
from collsec.histories.registry import Extent
from collsec.histories.variants import MILESTONES
from collsec.hypothesis.specification import ExposureSpec, InferenceSpec
from collsec.hypothesis.study import Draws
from made_up_cohorts import SPEC, STUDY, inputs_of, presence_of, wars_of
from riskset import cox_ph, wald_interval
from riskset.inference import rubin_combine

DRAWS = Draws(40, 24, 139, 3)
N = 24
ONSETS = [pd.Timestamp(1996 + i % 8, 3, 1) for i in range(N)]
ENDS = [onset + pd.Timedelta(days=40 + 97 * (i * 7 % N)) for i, onset in enumerate(ONSETS)]
#: Four hosts; the index differs by 0.2 between them and by up to 0.4 among the wars of one.
HOSTS = [40, 10, 30, 20]
WARS = wars_of(
    *(
        (f"w{i:02d}", i, HOSTS[i % 4], str(ONSETS[i].date()), str(ENDS[i].date()), i % 6 != 5)
        for i in range(N)
    ),
    polyarchy_index=[0.2 * (i % 4) + 0.1 * (i * 5 % 24 // 4) for i in range(N)],
    population_thousands=[1000.0 + 100 * (i * 11 % N) for i in range(N)],
    first_death_date=pd.NaT,
    first_death_precision="day",
)
EXTENTS = {
    "wars": Extent(pd.Timestamp("1946-01-01"), pd.Timestamp("2010-12-31")),
    "outcomes": Extent(pd.Timestamp("1946-01-01"), pd.Timestamp("2010-12-31")),
}
#: One mission, in a conflict of its own, of which every day is known.
MISSIONS = pd.DataFrame(
    [
        {
            **{f"{name}_date": pd.Timestamp("2001-01-01") for name in (*MILESTONES, "from", "to")},
            **{f"{name}_precision": "day" for name in (*MILESTONES, "from", "to")},
            **{f"{name}_basis": "file" for name in ("link", "authorized", "strength_50pct")},
            **{f"first_{name}_basis": "file" for name in ("troops", "personnel")},
            **{"mission_id": "m", "sponsor": "un", "conflict_id": 99, "host_gwno": "99"},
            **{"has_troops": True, "has_troops_in_mission": True, "link_confidence": 3},
            "strength_50pct_date": pd.Timestamp("2001-01-01"),
        }
    ]
).astype({"has_troops": "boolean", "has_troops_in_mission": "boolean", "conflict_id": "Int64"})
INDEX = ExposureSpec("democracy")
DESIGN = DESIGNS["fixed_at_onset"]


def inputs(hypothesis: str = "h1", **more: object) -> Inputs:
    spec = dataclasses.replace(
        SPEC,
        hypothesis=hypothesis,
        design="fixed_at_onset",
        exposure=INDEX,
        adjustment=(),
        inference=InferenceSpec("cluster_jackknife"),
        secondary=(ExposureSpec("log_population", inference="cluster_sandwich"),),
        outcomes=("end_by_agreement",),
    )
    given = {"spec": spec, "episodes": WARS, "extents": EXTENTS, "missions": MISSIONS}
    return inputs_of(**(given | {"timelines": presence_of((99, "2000-01-01", 1))} | more))


def test_the_primary_stands_with_its_bootstrap_and_others_by_their_own_method() -> None:
    every = DESIGN.tasks(inputs(), DRAWS)
    assert list(every) == ["primary", "secondary.log_population", "outcome.end_by_agreement"]
    first, again = every["primary"]().estimates
    comparison = Comparison.of(prepare(inputs(), INDEX), "gwno_host")
    plain = {"estimate_id": "h1.primary", "hypothesis": "h1", "role": Role.PRIMARY}
    plain |= {"label": first.label, "measure": "democracy", "lag_months": 0}
    alone = by_method(comparison, "", level=STUDY.primary_level, power=0.8, **plain)
    assert dataclasses.asdict(first) == pytest.approx(dataclasses.asdict(alone), nan_ok=True)
    assert (again.estimate_id, again.role) == ("h1.bootstrap", Role.SECONDARY)
    assert again.label == "Democracy (electoral, V-Dem) (cluster bootstrap)"
    assert (again.estimate, again.inference) == (first.estimate, "cluster_bootstrap")
    assert again.ci_low < again.low_95 < again.estimate < again.high_95 < again.ci_high
    assert 0 < again.p_value <= 1 and again.std_error > 0
    usual = dataclasses.replace(first, level=0.95)
    beside = bootstrapped(
        inputs(), prepare(inputs(), INDEX), usual, estimate_id="h1.bootstrap", draws=139
    )
    assert math.isnan(beside.low_95) and math.isnan(beside.high_95)
    assert (beside.ci_low, beside.ci_high) == (again.low_95, again.high_95)
    [other] = every["secondary.log_population"]().estimates
    assert (other.estimate_id, other.inference, other.level) == (
        *("h1.log_population", "cluster_sandwich"),
        0.95,
    )
    [outcome] = every["outcome.end_by_agreement"]().estimates
    assert (outcome.inference, outcome.label) == ("cluster_jackknife", "Agreement")
    assert outcome.estimate == pytest.approx(first.estimate)


def test_noise_has_the_variance_of_the_covariate_between_and_within_hosts() -> None:
    prepared = prepare(inputs(), INDEX)
    rows = prepared.rows
    assert FixedAtOnset.calibration_blocks == 8
    found = DESIGN.calibrate(inputs(), prepared, 24, 3)
    values, host = rows["democracy"].to_numpy(), rows["gwno_host"].to_numpy()
    means = np.array([values[host == one].mean() for one in host])
    within = math.sqrt(((values - means) ** 2).mean())
    between = math.sqrt(((means - values.mean()) ** 2).mean())
    rejected, expected = 0, []
    for draw in (3, 11, 19):
        rng = np.random.default_rng(seed_for(STUDY.seed, f"h1.calibration.{draw}"))
        of_host = dict(zip((10, 20, 30, 40), between * rng.standard_normal(4), strict=True))
        own = within * rng.standard_normal(len(rows))
        noisy = rows.assign(democracy=own + [of_host[one] for one in host])

        def log_ratio(frame: pd.DataFrame) -> float:
            fit = cox_ph(*(frame, ["democracy"]), start="start", stop="stop", event="event")
            return float(fit.params["democracy"])

        whole = log_ratio(noisy)
        without = [log_ratio(noisy[host != one]) for one in (10, 20, 30, 40)]
        error = math.sqrt(3 / 4 * sum((one - whole) ** 2 for one in without))
        # Student's t with three degrees: 5 % lie beyond 3.182.
        rejected += abs(whole) / error > 3.182446305284263
        expected.append(whole)
    assert found.estimates.tolist() == pytest.approx(expected, abs=1e-5)
    assert found.rejection_rate == pytest.approx(rejected / 3)
    assert (found.draws, found.mean_exposed_events) == (3, 20.0)
    assert math.isnan(DESIGN.calibrate_biased(inputs(), 9))


def test_outcomes_a_year_are_those_of_the_last_ten_years() -> None:
    """The record ends with 2010: ends after the last day of 2000 count."""
    late = sum(end > pd.Timestamp("2000-12-31") for i, end in enumerate(ENDS) if i % 6 != 5)
    assert DESIGN.outcomes_per_year(inputs()) == late / 10
    assert DESIGN.groups(inputs(), prepare(inputs(), INDEX)).tolist().count("Lowest third") == 8
    nothing = DESIGN.since(inputs(), pd.Timestamp("2011-01-01"), 0.95)
    assert nothing.note == "Not estimable: nothing is followed after 2010-12-31"
    assert (nothing.n_events, nothing.estimand) == (0, "hazard_ratio")
    since = DESIGN.since(inputs(), pd.Timestamp("2000-12-31"), 0.9)
    assert (since.exposed_events, since.level) == (late, 0.9)
    checked = DESIGN.robustness(inputs()).records
    assert checked["engines_agree"] and len(checked["without"]["left_out"]) == N
    assert 0 < checked["proportional_hazards"] < 1


@pytest.mark.parametrize(("hypothesis", "level"), [("h1", 1 - 0.05 / 3), ("h9", 0.95)])
def test_where_every_day_is_known_redrawn_dates_give_the_primary(
    hypothesis: str, level: float
) -> None:
    given = inputs(hypothesis)
    context = Context(given, prepare(given, INDEX), DRAWS)
    primary = DESIGN.without_draws(given, context.prepared, level)
    part = date_imputation(context, dataclasses.replace(primary, null_draws=40))
    [found] = part.estimates
    pooled = rubin_combine(
        [math.log(primary.estimate)] * 3,
        [primary.std_error**2] * 3,
        level=level,
        complete_dof=3,  # of four hosts
    )
    assert found.estimate == pytest.approx(primary.estimate)
    assert found.std_error == pytest.approx(primary.std_error)
    assert [math.log(v) for v in (found.ci_low, found.ci_high)] == pytest.approx(
        [pooled.ci_low, pooled.ci_high]
    )
    usual = wald_interval(pooled.estimate, pooled.std_error, 0.95, pooled.dof)
    if hypothesis == "h1":
        logs = [math.log(found.low_95), math.log(found.high_95)]
        assert logs == pytest.approx(usual)
    else:
        assert math.isnan(found.low_95)
    assert math.log(found.mde_high) == pytest.approx(math.log(primary.mde_high))
    assert (found.null_draws, found.label) == (0, "Unknown days redrawn (3 times)")
    assert (found.estimate_id, found.n_events) == (f"{hypothesis}.imputation", 20)
    record = part.records["imputation"]
    assert (record["draws"], record["exposed_events"]) == (3, [20, 20])
    assert (record["unknown_onsets"], record["unknown_ends"]) == (0, 0)
    moved = redated(given, 0)
    assert set(moved.timelines) == {"deployment", "host_deployment"}
    pd.testing.assert_series_equal(moved.episodes["exit_date"], WARS["exit_date"])


def test_a_ratio_that_one_set_of_dates_lacks_is_not_combined() -> None:
    """Days known to the month alone are counted; of an index that is one nothing is estimated."""
    precision = ["month", "year", *["day"] * (N - 2)]
    flat = WARS.assign(polyarchy_index=0.5, onset_precision=precision)
    given = inputs(episodes=flat)
    context = Context(given, prepare(given, INDEX), DRAWS)
    primary = DESIGN.without_draws(given, context.prepared, 0.95)
    part = date_imputation(context, primary)
    assert part.estimates[0].note.startswith(
        "Not estimable: in 3 of 3 draws no hazard ratio exists (Not estimable: "
    )
    assert part.records["imputation"]["unknown_onsets"] == 2
    assert math.isnan(part.quantities["imputation.missing"].value)
    assert part.quantities["imputation.draws"].value == 3
