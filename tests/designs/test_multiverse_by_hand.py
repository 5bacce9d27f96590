"""Specifications of sixteen wars, and six made-up ones summed up by option."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from by_hand import estimate
from collsec.designs.comparison import Comparison
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.multiverse import agreement, by_option, quantities, tabulated, variants
from collsec.designs.registry import get
from collsec.hypothesis.multiverse import Specification
from collsec.hypothesis.options import Choices, OptionSpec
from collsec.hypothesis.specification import ExposureSpec
from made_up_cohorts import SPEC, inputs_of, presence_of, wars_of
from riskset import cox_ph

DAYS = [90, 200, 340, 500, 620, 800, 950, 60, 130, 410, 700, 275, 560, 33, 720, 245]
YEARS = [1950, 1962, 1978]
ONSETS = [f"{YEARS[i % 3]}-01-01" for i in range(16)]
WARS = wars_of(
    *(
        (
            f"w{i:02d}",
            i,
            10 + i % 5,
            onset,
            str(pd.Timestamp(onset) + pd.Timedelta(days=days)),
            True,
        )
        for i, (onset, days) in enumerate(zip(ONSETS, DAYS, strict=True))
    ),
    region=[1 + (i // 3) % 2 for i in range(16)],
    population_thousands=[1000.0 * (1 + i * 7 % 16) for i in range(16)],
)
STEPS = presence_of(
    *((i, f"{YEARS[i % 3]}-02-01", 1) for i in (1, 3, 4, 6, 8, 10, 12, 15)),
)


def inputs() -> Inputs:
    spec = dataclasses.replace(
        SPEC, strata=(), adjustment=(), exposure=ExposureSpec("un_troops", 0)
    )
    return inputs_of(spec=spec, episodes=WARS, timelines=STEPS)


CHOICES = {
    "declared": Choices(),
    "by_region_and_period": Choices(strata=("region", "period")),
    "adjusted": Choices(adjustment=("log_population",)),
    "long_lag": Choices(lag_months=36),
    "exposed_alone": Choices(drop_countries=(10, 11, 12, 13)),
}


def specification(name: str) -> Specification:
    departures = () if name == "declared" else ("way",)
    given = CHOICES[name]
    lag = given.lag_months or 0
    return Specification(
        name, {"way": name}, "principled", departures, given, "un_troops", lag
    )  # fmt: skip


def test_every_specification_has_its_ratio_or_says_why_not() -> None:
    made = get("time_varying").specified(inputs(), [specification(name) for name in CHOICES])
    assert list(made)[:7] == [
        *("specification", "validity", "departures", "axis_way", "measure", "lag_months"),
        "estimand",
    ]
    assert made["axis_way"].tolist() == list(CHOICES)
    assert made["departures"].tolist() == [0, 1, 1, 1, 1]
    assert (made["lag_months"].tolist(), set(made["estimand"])) == (
        [0, 0, 0, 36, 0],
        {"hazard_ratio"},
    )
    assert set(made["level"]) == {0.95}
    for _, row in made[:3].iterrows():
        choices = CHOICES[row["specification"]]
        prepared = prepare(inputs(), inputs().spec.exposure, choices=choices)
        columns = [prepared.column, *prepared.adjustment]
        fit = cox_ph(
            *(prepared.rows, columns),
            **{"start": "start", "stop": "stop", "event": "event", "cluster": "gwno_host"},
            strata=list(prepared.strata) or None,
        )
        beta, error = float(fit.params.iloc[0]), float(fit.std_errors.iloc[0])
        limits = [beta - 1.959963984540054 * error, beta + 1.959963984540054 * error]
        logs = [math.log(row[name]) for name in ("estimate", "ci_low", "ci_high")]
        assert logs == pytest.approx([beta, *limits], abs=1e-6)
        assert row["std_error"] == pytest.approx(error)
        assert row["p_value"] == pytest.approx(math.erfc(abs(beta / error) / math.sqrt(2)))
        counts = Comparison.of(prepared, "gwno_host").counts()
        assert row[list(counts)].to_dict() == counts
        assert row["note"] == ""
    assert made["n_units"].tolist() == [16, 16, 16, 16, 3]
    late, alone = made.iloc[3], made.iloc[4]
    assert late["note"] == "Not estimable: no war ended under exposure"
    assert (late["exposed_events"], late["n_events"]) == (0, 16)
    assert alone["note"].startswith("Not estimable") and alone["exposed_events"] > 0
    assert np.isnan([late["estimate"], alone["estimate"], alone["p_value"]]).all()


def option(validity: str, label: str, **choices: object) -> OptionSpec:
    return OptionSpec(validity=validity, label=label, **choices)  # type: ignore[arg-type]


AXES = {
    "lag": {
        "long": option("principled", "Long", lag_months=12),
        "own": option("principled", "Own"),
    },
    "cohort": {
        "biased": option("known-biased", "", measure="ever_un_troops"),
        "few": option("plausible", "Few", last_year=2000),
        "all": option("principled", "All"),
    },
}
GRID = pd.DataFrame(
    [
        ("own", "all", 0, 2.0, "principled", "un_troops"),
        ("long", "all", 1, 1.5, "principled", "un_troops"),
        ("own", "few", 1, 3.0, "plausible", "un_troops"),
        ("long", "few", 2, 1.0, "plausible", "un_troops"),
        ("own", "biased", 1, 0.1, "known-biased", "ever_un_troops"),
        ("long", "biased", 2, 0.2, "known-biased", "ever_un_troops"),
    ],
    columns=["axis_lag", "axis_cohort", "departures", "estimate", "validity", "measure"],
).assign(specification=list("abcdef"))
GRID = GRID.assign(ci_low=GRID["estimate"] / 1.25, ci_high=GRID["estimate"] * 1.25)


def laid_out() -> Inputs:
    return inputs_of(spec=dataclasses.replace(SPEC, multiverse=AXES))


def test_what_an_option_does_alone_and_over_all_that_have_it() -> None:
    """Of two values the tenth, fiftieth and ninetieth percent lie between them."""
    names = ("axis", "option", "label", "validity", "is_primary", "alone", "n")
    found = by_option(laid_out(), GRID)
    assert [tuple(row[name] for name in names) for row in found] == [
        ("cohort", "all", "All", "principled", True, 2.0, 2),
        ("cohort", "few", "Few", "plausible", False, 3.0, 2),
        ("cohort", "biased", "", "known-biased", False, 0.1, 2),
        ("lag", "own", "Own", "principled", True, 2.0, 2),
        ("lag", "long", "Long", "principled", False, 1.5, 2),
    ]
    spread = [[row["low"], row["median"], row["high"]] for row in found]
    expected = [(1.5, 2.0), (1.0, 3.0), (0.1, 0.2), (2.0, 3.0), (1.0, 1.5)]
    for (low, high), own in zip(expected, spread, strict=True):
        step = (high - low) / 10
        assert own == pytest.approx([low + step, low + 5 * step, low + 9 * step])


def test_a_departure_on_one_axis_alone_is_a_variant() -> None:
    known = {"lag_months": 6, "estimand": "hazard_ratio", "level": 0.95, "p_value": 0.5}
    known |= {"std_error": 0.1, "nobs": 9, "n_units": 8, "n_events": 7, "n_clusters": 6}
    known |= {"exposed_units": 5, "exposed_events": 4, "exposed_clusters": 3, "note": ""}
    found = variants(laid_out(), GRID.assign(**known))
    assert [(e.estimate_id, e.label, e.estimate, e.validity) for e in found] == [
        ("h1.variant.lag.long", "Long", 1.5, "principled"),
        ("h1.variant.cohort.few", "Few", 3.0, "plausible"),
        (
            *("h1.variant.cohort.biased", "Ever had UN troops (frozen at onset)"),
            *(0.1, "known-biased"),
        ),
    ]
    assert [(e.cluster_low, e.cluster_high) for e in found] == [
        (e.ci_low, e.ci_high) for e in found
    ]
    assert {(e.role, e.inference, e.hypothesis) for e in found} == {
        ("variant", "cluster_sandwich", "h1")
    }


@pytest.mark.parametrize(
    ("ratio", "share"), [(0.5, 0.0), (2.0, 1.0), (0.0, 0.0), (math.nan, math.nan), (-1.0, math.nan)]
)
def test_principled_specifications_agree_with_the_side_of_the_primary(
    ratio: float, share: float
) -> None:
    own = estimate(0.0, 0.1, estimate=ratio)
    assert agreement(own, GRID) == pytest.approx(share, nan_ok=True)


def test_a_page_says_how_specifications_of_each_tag_lie() -> None:
    found = {name: one.value for name, one in quantities(0.75, GRID).items()}
    assert (found["multiverse.n"], found["multiverse.agreement"]) == (6, 0.75)
    # Known to be biased are two, which the summary leaves out.
    assert [found[f"multiverse.{tag}.n"] for tag in ("principled", "summarized")] == [2, 4]
    assert found["multiverse.summarized.lowest"] == pytest.approx(1.0)
    assert found["multiverse.summarized.highest"] == pytest.approx(3.0)
    assert found["multiverse.principled.median"] == pytest.approx(math.sqrt(2.0 * 1.5))
    assert found["multiverse.summarized.above_excluding"] == pytest.approx(3 / 4)
    assert found["multiverse.known_biased.below_excluding"] == 1.0


def test_a_ratio_without_a_finite_error_has_no_interval() -> None:
    def row(log: float, error: float) -> pd.Series:
        given = [specification("declared")]
        made = tabulated(
            given, lambda _: None, lambda _: (log, error), lambda _: {}, estimand="e", level=0.95
        )
        return made.iloc[0]

    for log, error in ((math.nan, 0.1), (0.1, math.nan), (0.1, 0.0), (math.inf, 0.1)):
        assert row(log, error)["note"] == "Not estimable: no spread between clusters"
    fine = row(math.log(2), 0.5)
    assert fine["estimate"] == pytest.approx(2) and fine["note"] == ""
    assert fine["p_value"] == pytest.approx(0.165661, abs=1e-5)
