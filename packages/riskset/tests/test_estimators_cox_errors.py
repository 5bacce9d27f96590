"""What the Cox model refuses, and that it says which row or column is at fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import EstimationError, cox_ph


@pytest.fixture
def spells() -> pd.DataFrame:
    rng = np.random.default_rng(20240101)
    n = 60
    start = rng.integers(0, 5, n).astype(float)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, 20, n),
            "event": rng.integers(0, 2, n),
            "x": rng.normal(size=n),
            "z": rng.integers(0, 2, n).astype(float),
            "country": rng.integers(0, 12, n),
            "w": rng.uniform(0.5, 2, n),
        },
        index=[f"spell-{i}" for i in range(n)],
    )


def fit(data: pd.DataFrame, covariates=("x", "z"), **options):
    return cox_ph(data, list(covariates), start="start", stop="stop", event="event", **options)


def test_a_spell_of_no_length_names_its_row(spells: pd.DataFrame) -> None:
    spells.loc["spell-7", "stop"] = spells.loc["spell-7", "start"]
    with pytest.raises(EstimationError, match=r"'stop' .* is not after 'start' .* 'spell-7'.*half"):
        fit(spells)


def test_a_spell_of_almost_no_length_is_one_of_no_length(spells: pd.DataFrame) -> None:
    spells["start"] += 1.0
    spells["stop"] += 1.0
    spells.loc["spell-7", "stop"] = spells.loc["spell-7", "start"] * (1 + 1e-12)
    with pytest.raises(EstimationError, match="'spell-7'"):
        fit(spells)


@pytest.mark.parametrize("column", ["start", "stop", "event", "x", "w", "country"])
def test_a_missing_value_names_row_and_column(spells: pd.DataFrame, column: str) -> None:
    spells[column] = spells[column].astype(float)
    spells.loc["spell-3", column] = np.nan
    with pytest.raises(EstimationError, match=rf"'{column}'.*'spell-3'"):
        fit(spells, weights="w", cluster="country")


def test_a_negative_weight_names_its_row(spells: pd.DataFrame) -> None:
    spells.loc["spell-5", "w"] = -0.25
    with pytest.raises(EstimationError, match=r"'w' is negative \(-0.25\) in row 'spell-5'"):
        fit(spells, weights="w")


def test_a_broken_frequency_weight_is_refused(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match=r"whole number.*weight_kind='case'"):
        fit(spells, weights="w", weight_kind="frequency")


def test_an_event_other_than_zero_or_one_names_its_row(spells: pd.DataFrame) -> None:
    spells.loc["spell-9", "event"] = 2
    with pytest.raises(EstimationError, match=r"'event' must hold 0 and 1.*'spell-9' holds 2"):
        fit(spells)


def test_no_event_is_refused(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="no event"):
        fit(spells.assign(event=0))


def test_an_unknown_column_lists_those_there_are(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match=r"no column 'troops'.*start, stop, event, x"):
        fit(spells, ["troops"])


def test_text_as_covariate_is_refused(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match=r"'x' is of type.*not numeric"):
        fit(spells.assign(x="high"))


def test_a_constant_covariate_is_named(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="'z' does not vary within the risk sets"):
        fit(spells.assign(z=3.7))


def test_a_covariate_that_is_its_own_stratum_is_named(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="'z' does not vary within the risk sets"):
        fit(spells, strata="z")


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_a_collinear_covariate_is_named_with_its_partners(
    spells: pd.DataFrame, noise: float
) -> None:
    wobble = noise * np.random.default_rng(1).normal(size=len(spells))
    spells["sum"] = 2 * spells["x"] - 3 * spells["z"] + 5 + wobble
    with pytest.raises(EstimationError, match="'sum' is collinear with x, z"):
        fit(spells, ["x", "z", "sum"])


def test_separation_is_named_and_advised(spells: pd.DataFrame) -> None:
    spells["safe"] = 0.0
    spells.loc[spells["event"].eq(0) & spells["stop"].gt(8), "safe"] = 1.0
    with pytest.raises(EstimationError, match=r"coefficient of 'safe' is infinite.*separate"):
        fit(spells, ["x", "safe"])


def test_separation_by_a_continuous_covariate(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="coefficient of 'x' is infinite"):
        fit(spells.assign(x=-spells["stop"], start=0.0, event=1), ["x"])


def test_a_single_cluster_is_refused(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="'country' holds one group"):
        fit(spells.assign(country=1), cluster="country")


def test_unknown_options_are_refused(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="ties must be"):
        fit(spells, ties="kalbfleisch")
    with pytest.raises(EstimationError, match="weight_kind must be"):
        fit(spells, weights="w", weight_kind="sampling")
    with pytest.raises(EstimationError, match="transform must be one of km"):
        fit(spells).test_proportional_hazards("sqrt")


def test_a_covariate_named_twice_is_refused(spells: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="'x' is named twice"):
        fit(spells, ["x", "x"])


def test_predictions_refuse_what_they_cannot_know(spells: pd.DataFrame) -> None:
    model = fit(spells)
    with pytest.raises(EstimationError, match=r"missing \['z'\]"):
        model.predict_survival({"x": 1})
    with pytest.raises(EstimationError, match=r"unknown \['troops'\]"):
        model.predict_survival({"x": 1, "z": 0, "troops": 1})
    gap = pd.DataFrame({"start": [0, 6], "stop": [5, 9], "x": 0.0, "z": [0.0, 1.0]})
    with pytest.raises(EstimationError, match="gap or an overlap between 5 and 6"):
        model.predict_survival(path=gap)
    short = pd.DataFrame({"start": [0.0], "stop": [5.0], "x": 0.0, "z": 0.0})
    with pytest.raises(EstimationError, match="time 7 lies beyond the path"):
        model.predict_survival(path=short, times=[3, 7])
    with pytest.raises(EstimationError, match="12 strata; say which one"):
        fit(spells, strata="country").predict_survival({"x": 0, "z": 0})


def test_results_are_frozen(spells: pd.DataFrame) -> None:
    with pytest.raises(AttributeError):
        fit(spells).steps = 0  # type: ignore[misc]


def test_results_print(spells: pd.DataFrame) -> None:
    model = fit(spells, cluster="country")
    assert "clustered (12 clusters)" in model.summary()
    assert model._repr_html_().count("<tr") > 8
    table = model.tidy(exponentiate=True)
    np.testing.assert_array_equal(table["estimate"], np.exp(model.params))
    assert (table["ci_low"] < table["estimate"]).all()
    narrow, wide = model.conf_int(0.5), model.conf_int(0.99)
    assert (wide["ci_low"] < narrow["ci_low"]).all()
