"""Interest indices: which ties count, and how components are weighed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from collsec.measures.interest import (
    COMPONENTS,
    P5,
    principal_component,
    salience_index,
    tie_strength,
)
from study import linked


def ties(*rows: tuple[str, float, float]) -> pd.DataFrame:
    """Ties with two components, one row per power."""
    out = pd.DataFrame(rows, columns=["power", "trade_rank", "distance_rank"])
    return out.assign(episode_id="1-1", is_host_itself=False)


TWO = ("trade_rank", "distance_rank")


def test_the_principal_component_of_equal_columns_weighs_them_equally() -> None:
    column = np.array([0.1, 0.4, 0.9, 0.2])
    _, loadings = principal_component(pd.DataFrame({"a": column, "b": column}))
    assert loadings == pytest.approx([np.sqrt(0.5)] * 2)


def test_loadings_are_those_of_the_correlations_of_covered_rows() -> None:
    rng = np.random.default_rng(3)
    common = rng.standard_normal(400)
    frame = pd.DataFrame(
        {
            "strong": common + 0.1 * rng.standard_normal(400),
            "weak": common + 1.5 * rng.standard_normal(400),
            "other": common + 0.5 * rng.standard_normal(400),
        }
    )
    whole = np.linalg.svd((frame - frame.mean()) / frame.std(ddof=0), full_matrices=False)[2][0]
    assert principal_component(frame)[1] == pytest.approx(np.abs(whole), abs=1e-10)
    frame.loc[:20, "other"] = np.nan
    assert np.isfinite(principal_component(frame)[1]).all()


def test_a_column_that_never_varies_has_no_weight() -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0, 0.5], "b": [0.1, 0.9, 0.4], "c": [1.0, 1.0, 1.0]})
    assert principal_component(frame)[1][2] == pytest.approx(0.0)


@pytest.mark.parametrize("signs", [(1, 1, -1), (1, -1, 1), (-1, 1, 1)])
def test_loadings_add_up_to_more_than_zero(signs: tuple[int, ...]) -> None:
    column = np.array([0.1, 0.4, 0.9, 0.2])
    _, loadings = principal_component(pd.DataFrame({n: s * column for n, s in enumerate(signs)}))
    assert loadings == pytest.approx(np.array(signs) / np.sqrt(3))
    _, opposed = principal_component(pd.DataFrame({n: -s * column for n, s in enumerate(signs)}))
    assert opposed == pytest.approx(loadings)


def test_an_uncovered_component_leaves_the_weighted_mean_of_the_others() -> None:
    rows = ties(("usa", 0.9, 0.8), ("uk", 0.1, 0.2), ("france", 0.5, np.nan), ("china", 0.4, 0.3))
    equal = tie_strength(rows, TWO)
    weighed = tie_strength(rows, TWO, "principal_component")
    assert equal.tolist() == pytest.approx([0.85, 0.15, 0.5, 0.35])
    france = (0.5 - rows["trade_rank"].mean()) / rows["trade_rank"].std(ddof=0)
    assert weighed[2] == pytest.approx(france)
    assert weighed.rank().tolist() == equal.rank().tolist()


def test_one_component_is_the_same_under_both_weights_but_for_its_unit() -> None:
    rows = linked().ties
    rows = rows[rows["is_p5"]]
    equal = salience_index(rows, P5, ("trade_rank",))
    weighed = salience_index(rows, P5, ("trade_rank",), "principal_component")
    assert (equal.notna() == weighed.notna()).all()
    assert equal.corr(weighed) == pytest.approx(1.0)


def test_salience_of_some_powers_is_their_strongest_tie() -> None:
    rows = ties(("usa", 0.9, 0.9), ("uk", 0.4, 0.4), ("france", 0.6, 0.6))
    assert salience_index(rows, P5, TWO)["1-1"] == pytest.approx(0.9)
    assert salience_index(rows, ("uk", "france"), TWO)["1-1"] == pytest.approx(0.6)


def test_both_weights_agree_on_who_is_close_in_the_study() -> None:
    equal = salience_index(linked().ties)
    weighed = salience_index(linked().ties, P5, COMPONENTS, "principal_component")
    assert (equal.notna() == weighed.notna()).all()
    assert equal.corr(weighed, method="spearman") > 0.5
