"""Inference with few clusters: by hand, by simulation, and what is refused."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy

import riskset as rs
from benchmarks import few_clusters
from riskset.inference.few_clusters import cluster_information, clusters_of

LIBRARY = Path(__file__).resolve().parents[1]
#: Sums in another order.
ROUNDING = 1e-10
pytestmark = pytest.mark.filterwarnings("ignore::riskset.FewClustersWarning")


def spells(groups: int = 8, n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(groups)
    data = pd.DataFrame({"group": rng.permutation(np.arange(n) % groups)})
    data["x"] = rng.normal(size=groups)[data["group"]] + rng.normal(size=n)
    data["z"] = rng.integers(0, 2, n)
    data["stop"] = rng.exponential(4 / np.exp(0.4 * data["x"])).round() + 1
    return data.assign(event=(rng.random(n) < 0.8).astype(int), w=rng.integers(1, 4, n))


def fitted(data: pd.DataFrame, covariates: list[str] | str = "x + z", **options) -> rs.CoxResult:
    return rs.cox_ph(data, covariates, stop="stop", event="event", cluster="group", **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ties": "breslow"},
        {"weights": "w"},
        {"weights": "w", "weight_kind": "frequency"},
        {"strata": "z"},
    ],
)
def test_information_of_clusters_adds_up(options: dict[str, str]) -> None:
    fit = fitted(spells(), ["x"] if "strata" in options else ["x", "z"], **options)
    parts = cluster_information(fit.design, fit.fitted)
    whole = np.linalg.inv(fit.model_cov.to_numpy())
    np.testing.assert_allclose(parts.sum(axis=0), whole, rtol=ROUNDING)
    assert (np.linalg.eigvalsh(parts) > -ROUNDING).all()


def test_the_reference_is_students() -> None:
    fit = fitted(spells())
    found = rs.cluster_inference(fit, "sandwich")
    error = fit.std_errors["x"] * np.sqrt(8 / 7)
    assert found.std_errors["x"] == pytest.approx(error, rel=ROUNDING)
    half = 2.3646242510102993 * error  # t(7), 97.5 %
    assert found.conf_int().loc["x", "ci_high"] == pytest.approx(fit.params["x"] + half, rel=1e-9)
    statistic, df, p_value = found.wald_test(["x", "z"])
    assert (df, p_value) == (2, pytest.approx(scipy.stats.f.sf(statistic, 2, 7)))
    assert "t(7)" in str(found)
    assert rs.contrast(found, {"x": 1, "z": 0}, {"x": 0, "z": 0}).tidy()["p_value"][0] == (
        pytest.approx(found.p_values["x"], rel=1e-9)
    )


def test_frequency_weights_are_copies() -> None:
    data = spells()
    copies = data.loc[data.index.repeat(data["w"])]
    for method in ("sandwich", "cr2", "jackknife"):
        weighted = fitted(data, weights="w", weight_kind="frequency")
        found = rs.cluster_inference(weighted, method).cov
        want = rs.cluster_inference(fitted(copies), method).cov
        np.testing.assert_allclose(found, want, rtol=1e-6)


def test_the_model_is_left_as_it_was() -> None:
    fit = fitted(spells())
    before = fit.tidy()
    rs.cluster_inference(fit)
    pd.testing.assert_frame_equal(fit.tidy(), before)
    assert fit.df_resid is None


def test_refusals() -> None:
    data = spells()
    fit = fitted(data)
    without = rs.cox_ph(data, ["x"], stop="stop", event="event")
    with pytest.raises(rs.EstimationError, match="no clusters; fit it with cluster="):
        rs.cluster_inference(without)
    with pytest.raises(rs.EstimationError, match="one of sandwich, cr2, jackknife"):
        rs.cluster_inference(fit, "cr3")  # type: ignore[arg-type]
    with pytest.raises(rs.EstimationError, match="'cr2' takes one"):
        rs.cluster_inference(fit, "cr2", across=data["z"])
    with pytest.raises(rs.EstimationError, match="3 labels for 160 rows"):
        rs.cluster_inference(fit, "sandwich", across=[1, 2, 3])
    with pytest.raises(rs.EstimationError, match="missing in row 4"):
        rs.cluster_inference(fit, "sandwich", across=data["z"].astype(float).where(data.index != 4))
    with pytest.raises(rs.EstimationError, match="holds one group"):
        rs.cluster_inference(fit, "sandwich", across=np.zeros(160))
    with pytest.raises(rs.EstimationError, match="another index"):
        rs.cluster_inference(fit, "sandwich", across=data["z"].sample(frac=1, random_state=1))
    only = data.assign(z=(data["group"] == 3).astype(int))
    with pytest.raises(rs.EstimationError, match=r"without cluster 3 there is no estimate"):
        rs.cluster_inference(fitted(only), "jackknife")
    with pytest.raises(rs.EstimationError, match="not of FirthResult"):
        rs.cluster_inference(rs.firth_cox(data, ["x"], stop="stop", event="event"))  # type: ignore[arg-type]
    weighted = rs.fine_gray(data.assign(unit=range(160)), ["x"], unit="unit", stop="stop",
                            cause="event", cluster="group")  # fmt: skip
    with pytest.raises(rs.EstimationError, match="weights that were estimated"):
        rs.cluster_inference(weighted)


def test_score_bootstrap_by_all_signs() -> None:
    """Seven clusters, no ties: the scores at zero event by event, all 128 changes of sign."""
    rng = np.random.default_rng(7)
    data = pd.DataFrame({"stop": rng.permutation(42) + 1.0, "x": rng.normal(size=42)})
    data = data.assign(event=1, group=np.arange(42) % 7)
    scores = np.zeros(7)
    for t in data["stop"]:
        there = data[data["stop"] >= t]
        away = there["x"] - there["x"].mean()
        np.add.at(scores, there["group"], away * ((there["stop"] == t) - 1 / len(there)))
    reached = [
        abs(np.dot(signs, scores)) >= abs(scores.sum()) - 1e-9
        for signs in itertools.product((-1, 1), repeat=7)
    ]
    found = rs.score_bootstrap(fitted(data, ["x"]), "x", seed=1)
    assert (found.p_value, found.signs) == (np.mean(reached), 128)


def regressions(data: pd.DataFrame) -> dict[str, object]:
    """Every model but Cox's that has errors for few clusters."""
    rng = np.random.default_rng(11)
    data = data.assign(
        count=rng.poisson(rng.gamma(1, 1, len(data)) * np.exp(0.3 * data["x"])),
        time=data["stop"] * rng.uniform(0.9, 1, len(data)),
        period=data["stop"].clip(upper=6),
        start=(data["stop"] / 3).where(data["z"] == 1, 0.0),
        low=0.9 * data["stop"],
    )
    data["high"] = (1.1 * data["stop"]).where(data["event"] == 1, np.inf)
    given = {"weights": "w", "cluster": "group"}
    late = {"start": "start", "stop": "time", "event": "event"}
    return {
        "logit": rs.logit(data, ["x", "z"], outcome="event", **given),
        "poisson": rs.poisson(data, ["x", "z"], outcome="count", **given),
        "negative binomial": rs.negative_binomial(data, ["x", "z"], outcome="count", **given),
        "discrete": rs.discrete_hazard(
            data, ["x"], duration="period", event="event", dependence="linear", **given
        ),
        "weibull": rs.aft(data, ["x", "z"], distribution="weibull", **late, **given),
        "exponential": rs.aft(data, ["x", "z"], **late, **given),
        "flexible": rs.flexible_parametric(data, ["x", "z"], df=2, **late, **given),
        "intervals": rs.interval_parametric(
            data, ["x", "z"], start="start", lower="low", upper="high", df=1, **given
        ),
    }


def test_other_models_have_the_parts_of_their_errors() -> None:
    """The parts of information add up, as do scores, to zero; scores give the fit's own errors."""
    for name, fit in regressions(spells(12, 240)).items():
        own = clusters_of(fit)
        model = fit.fit if name == "discrete" else fit
        bread = model.model_cov.to_numpy()
        np.testing.assert_allclose(
            np.linalg.inv(own.information().sum(axis=0)), bread, rtol=1e-6, err_msg=name
        )
        np.testing.assert_allclose(own.scores().sum(axis=0) @ bread, 0, atol=1e-7, err_msg=name)
        found = rs.cluster_inference(fit, "sandwich")
        np.testing.assert_allclose(found.cov, fit.cov * 12 / 11, rtol=1e-8, err_msg=name)
        assert found.df_resid == 11
        assert (rs.cluster_inference(fit, "cr2").std_errors > fit.std_errors).all(), name


def test_held_scores_are_those_of_the_restricted_maximum() -> None:
    """At the estimate they add up to zero; off it to the profile likelihood's slope."""
    fits = regressions(spells(12, 240))
    for name, term in (("poisson", "x"), ("weibull", "x"), ("weibull", "log(scale)"),
                       ("flexible", "z"), ("exponential", "const")):  # fmt: skip
        fit = fits[name]
        own, j = clusters_of(fit), list(fit.params.index).index(term)
        at = float(fit.params.iloc[j])
        assert own.held_scores(j, at).sum() == pytest.approx(0, abs=1e-5)
        away = 1e-4 * fit.model_cov.iloc[j, j] ** 0.5
        slope = own.held_scores(j, at + away).sum() / own.held_scores(j, at - away).sum()
        assert slope == pytest.approx(-1, abs=0.01), (name, term)


def test_score_bootstrap_of_other_models_inverts() -> None:
    fit = regressions(spells(12, 240))["weibull"]
    found = rs.score_bootstrap(fit, "x", seed=1)
    assert found.low < fit.params["x"] < found.high
    assert found.signs == 2**12
    for end in (found.low, found.high):
        inside = rs.score_bootstrap(
            fit, "x", value=end + 0.01 * (fit.params["x"] - end), seed=1, interval=False
        )
        outside = rs.score_bootstrap(
            fit, "x", value=end - 0.01 * (fit.params["x"] - end), seed=1, interval=False
        )
        assert outside.p_value <= 0.05 < inside.p_value
    with pytest.raises(rs.EstimationError, match="'alpha' is bounded by zero"):
        rs.score_bootstrap(regressions(spells(12, 240))["negative binomial"], "alpha", seed=1)


def test_score_bootstrap_inverts() -> None:
    fit = fitted(spells(16))
    found = rs.score_bootstrap(fit, "x", seed=5)
    assert found.low < found.estimate < found.high
    for value, rejected in (
        (found.low - 0.01, True),
        (found.low + 0.01, False),
        (found.high - 0.01, False),
        (found.high + 0.01, True),
    ):
        test = rs.score_bootstrap(fit, "x", value=value, seed=5, interval=False)
        assert (test.p_value <= 0.05) == rejected
        assert np.isnan(test.low)
    with pytest.raises(rs.EstimationError, match="no coefficient 'y'; there are: x, z"):
        rs.score_bootstrap(fit, "y", seed=1)
    with pytest.raises(rs.InferenceError, match=r"32 changes of sign, so no p-value under 0.0625"):
        rs.score_bootstrap(fitted(spells(5)), "x", seed=1)


def test_score_bootstrap_knows_no_unit() -> None:
    data = spells()
    found = rs.score_bootstrap(fitted(data), "x", seed=1)
    scaled = rs.score_bootstrap(fitted(data.assign(x=1000 * data["x"])), "x", seed=1)
    assert scaled.p_value == found.p_value
    assert 1000 * scaled.high == pytest.approx(found.high, rel=1e-6)


def coverage() -> pd.DataFrame:
    """What the benchmark counted."""
    return pd.read_csv(LIBRARY / "benchmarks" / "few_clusters.csv")


def test_the_table_of_the_page_is_that_of_the_benchmark() -> None:
    page = (LIBRARY / "docs" / "estimators.md").read_text(encoding="utf-8")
    table = coverage()
    share = (table["covered"] / table["estimable"]).map("{:.3f}".format).str.lstrip("0")
    table = table.assign(share=share).set_index(["coefficient", "method", "clusters"])
    rows = re.findall(r"^\| (trait|treated|own) \| ([\w ]+) \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) == len(table) / 4 == 15
    for coefficient, method, cells in rows:
        assert cells.split(" | ") == [
            table.loc[(coefficient, method, groups), "share"] for groups in (40, 20, 10, 6)
        ]


@pytest.mark.full
@pytest.mark.parametrize("groups", [10, 6])
def test_the_first_draws_of_the_benchmark_come_out_again(groups: int) -> None:
    of_it = coverage().query("clusters == @groups").set_index(["coefficient", "method"])
    again = few_clusters.count(groups, few_clusters.FIRST)
    assert {key: sum(map(bool, held)) for key, held in again.items()} == (
        of_it["first_covered"].to_dict()
    )
