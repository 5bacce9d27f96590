"""Journal tables, joint tests, criteria, long summaries: what a paper takes from a result."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from riskset import (
    CoxResult,
    EstimationError,
    cox_ph,
    iv_2sls,
    journal_table,
    kaplan_meier,
    logit,
    rmst,
)

ROWS = {"start": "start", "stop": "stop", "event": "event"}
#: Sums of the same terms by another route.
SAME = 1e-8


def spells(n: int = 300, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start, x = rng.integers(0, 5, n).astype(float), rng.normal(size=n)
    lasting = np.ceil(rng.exponential(10 * np.exp(-0.3 * x)))
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + np.minimum(lasting, 20),
            "event": (lasting <= 20).astype(int),
            "x": x,
            "z": rng.integers(0, 2, n).astype(float),
            "country": np.arange(n) % 20,
        }
    )


@pytest.fixture(scope="module")
def models() -> dict[str, CoxResult]:
    data = spells()
    return {
        "Plain & simple": cox_ph(data, ["x"], **ROWS),
        "Both": cox_ph(data, ["x", "z"], **ROWS, cluster="country"),
    }


def test_a_table_sets_models_side_by_side(models) -> None:
    table = journal_table(models, digits=2)
    both = models["Both"]
    assert table.columns == ("Plain & simple", "Both")
    label, first, second = table.rows[0]
    assert (label, second) == ("x", f"{both.params['x']:.2f}".replace("-", "−"))
    assert table.rows[1][2] == f"({both.std_errors['x']:.2f})"
    assert table.rows[2][1] == ""  # the first model has no z
    facts = {row[0]: row[1:] for row in table.facts}
    assert facts["Rows"] == ("300", "300")
    assert facts["Clusters"] == ("", "20")
    assert facts["AIC"][1] == f"{both.aic:,.2f}"
    assert first.startswith("0.")


def test_ratios_labels_stars_and_notes(models) -> None:
    table = journal_table(
        models,
        labels={"z": "Zeal", "x": ""},
        uncertainty="interval",
        exponentiate=True,
        stars=(0.05, 0.999),
        level=0.9,
        title="Durations",
        note="Clustered by country.",
    )
    low, high = np.exp(models["Both"].conf_int(0.9).loc["z"])
    assert [row[0] for row in table.rows] == ["Zeal", ""]
    assert table.rows[1][2] == f"[{low:.3f}, {high:.3f}]"
    assert table.rows[0][2].startswith(f"{np.exp(models['Both'].params['z']):.3f}*")
    assert table.note == (
        "90 % intervals in brackets. * p < 0.999, ** p < 0.05. Clustered by country."
    )
    assert table.to_text().splitlines()[0] == "Durations"


def test_renderings_say_the_same_and_escape(models) -> None:
    table = journal_table(models, title="A < B & 50 %", note="x_1")
    latex, html = table.to_latex(), table.to_html()
    assert r"Plain \& simple" in latex
    assert r"\caption{A < B \& 50 \%}" in latex
    assert r"x\_1" in latex
    assert latex.count(r"\\") == 1 + len(table.rows) + len(table.facts)
    parsed = ElementTree.fromstring(html)
    assert parsed.find("caption").text == "A < B & 50 %"
    cells = ["".join(c.itertext()) for c in parsed.iter() if c.tag in ("td", "th")]
    assert [c for c in cells if c] == [
        *table.columns,
        *(c for row in (*table.rows, *table.facts) for c in row if c),
        table.note,
    ]
    word = table.to_word()
    assert word == table.to_word()
    with zipfile.ZipFile(io.BytesIO(word)) as archive:
        assert archive.testzip() is None
        document = ElementTree.fromstring(archive.read("word/document.xml"))
    text = [t.text or "" for t in document.iter() if t.tag.endswith("}t")]
    assert [t for t in text if t] == [table.title, *[c for c in cells if c]]
    assert table._repr_html_() == html
    assert repr(table) == table.to_text()


def test_the_word_table_has_rules_and_numbers_on_the_right(models) -> None:
    """Lines above and below the head, above the first fact, and below the last."""
    table = journal_table(models)
    with zipfile.ZipFile(io.BytesIO(table.to_word())) as archive:
        document = ElementTree.fromstring(archive.read("word/document.xml"))

    def found(inside: ElementTree.Element, name: str) -> list[ElementTree.Element]:
        return [e for e in inside.iter() if e.tag.endswith("}" + name)]

    lines = []
    for row in found(document, "tr"):
        cells = found(row, "tc")
        assert len(cells) == 3
        borders = [[e.tag.split("}")[1] for e in found(c, "tcBorders")[0]] for c in cells]
        assert borders[0] == borders[1] == borders[2]
        lines.append(borders[0])
        sides = [[v for k, v in e.attrib.items() if k.endswith("val")] for e in found(row, "jc")]
        assert sides == [["left"], ["right"], ["right"]]
    plain = [[]] * len(table.rows)
    between = [[]] * (len(table.facts) - 2)
    assert lines == [["top", "bottom"], *plain, ["top"], *between, ["bottom"]]
    assert len(found(document, "gridCol")) == 3
    text = table.to_text().splitlines()
    rule = text[1]
    assert {*rule} == {"─"} and len(rule) == max(map(len, text[:-1]))
    assert text[2 + len(table.rows)] == rule


def test_stars_and_thousands() -> None:
    """One star for each level that a p-value is below; it is not below itself."""
    data = spells(4000, seed=8)
    fit = cox_ph(data, ["x", "z"], **ROWS)
    marks = sorted(float(p) for p in fit.p_values)
    table = journal_table([fit], stars=(marks[1], 1.0), digits=1)
    by_term = {row[0]: row[1] for row in table.rows if row[0]}
    strong, weak = fit.p_values.idxmin(), fit.p_values.idxmax()
    assert by_term[strong].endswith("**")
    assert by_term[weak].endswith("*") and not by_term[weak].endswith("**")
    facts = {row[0]: row[1] for row in table.facts}
    assert facts["Rows"] == "4,000" and facts["Log-likelihood"] == f"−{-fit.loglik[1]:,.2f}"


def test_what_a_table_refuses(models) -> None:
    for options, message in (
        ({"exponentiate": True}, "ratios go with uncertainty='interval'"),
        ({"uncertainty": "both"}, "uncertainty must be"),
        ({"labels": {"w": "W"}}, "no model has a term 'w'"),
        ({"level": 95}, "level must lie between 0 and 1"),
    ):
        with pytest.raises(EstimationError, match=message):
            journal_table(models, **options)
    with pytest.raises(EstimationError, match="nothing to compare"):
        journal_table([])


# Joint tests and criteria


def test_a_joint_test_of_one_coefficient_is_its_own(models) -> None:
    fit = models["Both"]
    chi2, df, p = fit.wald_test("x")
    assert chi2 == pytest.approx(fit.statistics["x"] ** 2)
    assert (df, p) == (1, pytest.approx(fit.p_values["x"]))
    chi2, df, _ = fit.wald_test(["x", "z"])
    b = fit.params.to_numpy()
    assert (chi2, df) == (pytest.approx(b @ np.linalg.solve(fit.cov.to_numpy(), b)), 2)
    assert fit.wald_test([[1, -1]], 0.2)[0] == pytest.approx(
        (b[0] - b[1] - 0.2) ** 2 / (np.array([1, -1]) @ fit.cov.to_numpy() @ np.array([1, -1]))
    )


def test_linear_models_refer_to_f(models) -> None:
    data = spells().assign(y=lambda d: d["x"] + d["z"])
    data["y"] += np.random.default_rng(1).normal(size=len(data))
    fit = iv_2sls(
        data, outcome="y", endogenous="x", instruments="start", exogenous="z", cluster="country"
    )
    f, df, p = fit.wald_test(["x", "z"])
    assert p == pytest.approx(stats.f.sf(f, df, 19))
    plain = iv_2sls(
        data,
        outcome="y",
        endogenous="x",
        instruments="start",
        exogenous="z",
        cluster="country",
        small=False,
    )
    assert plain.df_resid is None
    factor = 20 / 19 * (len(data) - 1) / (len(data) - 3)
    np.testing.assert_allclose(fit.cov / plain.cov, factor)
    assert plain.anderson_rubin.chi2()[0] == pytest.approx(fit.anderson_rubin.chi2()[0])
    with pytest.raises(AttributeError):
        _ = fit.aic


def test_what_a_joint_test_refuses(models) -> None:
    fit = models["Both"]
    with pytest.raises(EstimationError, match="no coefficient 'w'; there are: x, z"):
        fit.wald_test("w")
    with pytest.raises(EstimationError, match="singular: they depend on one another"):
        fit.wald_test([[1, 0], [2, 0]])
    with pytest.raises(EstimationError, match="combinations need 2 finite columns"):
        fit.wald_test([[1.0, 2.0, 3.0]])


def test_criteria_count_events_in_hazard_models_and_rows_elsewhere(models) -> None:
    fit = models["Both"]
    assert fit.aic == pytest.approx(4 - 2 * fit.loglik[1])
    assert fit.bic == pytest.approx(2 * np.log(fit.n_events) - 2 * fit.loglik[1])
    other = logit(spells(), ["x"], outcome="event")
    assert other.bic == pytest.approx(2 * np.log(300) - 2 * other.loglik)


# The cluster-robust test of proportional hazards


def test_robust_trends_with_each_row_a_cluster_are_near_those_of_the_model() -> None:
    data = spells(2000, 8).assign(row=range(2000))
    fit = cox_ph(data, ["x", "z"], **ROWS, cluster="row")
    plain = fit.test_proportional_hazards()
    robust = fit.test_proportional_hazards(robust=True)
    np.testing.assert_allclose(robust["chi2"], plain["chi2"], rtol=0.15, atol=0.05)
    assert robust.index.tolist() == ["x", "z", "GLOBAL"]


def test_repeated_rows_inflate_the_model_based_test_alone() -> None:
    data = spells(200, 5).assign(unit=range(200))
    once = cox_ph(data, ["x"], **ROWS, cluster="unit", ties="breslow")
    copies = pd.concat([data] * 4)
    four = cox_ph(copies, ["x"], **ROWS, cluster="unit", ties="breslow")
    for transform in ("km", "identity", "rank"):
        one = once.test_proportional_hazards(transform, robust=True).loc["x", "chi2"]
        if transform != "km":
            many = four.test_proportional_hazards(transform, robust=True).loc["x", "chi2"]
            assert many == pytest.approx(one, rel=SAME)
        naive = four.test_proportional_hazards(transform).loc["x", "chi2"]
        assert naive == pytest.approx(
            4 * once.test_proportional_hazards(transform).loc["x", "chi2"], rel=0.05
        )


def test_robust_trends_keep_their_size_under_dependence() -> None:
    """Units share a country's covariate and its frailty; 5 % tests of 200 data sets."""
    rejected = {"model": 0, "robust": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        country = np.repeat(np.arange(40), 6)
        x = rng.normal(size=40)[country]
        stop = rng.exponential(1 / rng.gamma(1.0, 1.0, 40)[country])
        data = pd.DataFrame({"stop": stop, "event": 1, "x": x, "country": country})
        fit = cox_ph(data, ["x"], stop="stop", event="event", cluster="country")
        for name in rejected:
            p = fit.test_proportional_hazards(robust=name == "robust").loc["x", "p_value"]
            rejected[name] += p < 0.05
    assert rejected["robust"] <= 24  # 10 expected; more than 24 has probability below 1e-4
    assert rejected["model"] > 1.5 * rejected["robust"]


def test_scaled_residuals_by_the_clustered_covariance(models) -> None:
    fit = models["Both"]
    raw = fit.schoenfeld().drop(columns="time").to_numpy()
    found = fit.schoenfeld(scaled=True, robust=True).drop(columns="time")
    np.testing.assert_allclose(found, len(raw) * raw @ fit.cov.to_numpy() + fit.params.to_numpy())
    with pytest.raises(EstimationError, match="no clusters; fit it with cluster="):
        models["Plain & simple"].schoenfeld(scaled=True, robust=True)
    with pytest.raises(EstimationError, match="no clusters; fit it with cluster="):
        models["Plain & simple"].test_proportional_hazards(robust=True)


# Single numbers


def test_a_single_estimate_has_walds_interval_and_test() -> None:
    """Three of four end at 1, 2 and 3: a mean of 2.5 up to 4, and Greenwood's variance."""
    rows = pd.DataFrame({"stop": [1.0, 2, 3, 4], "event": [1, 1, 1, 0]})
    found = rmst(rows, stop="stop", event="event", horizon=4.0)
    # Areas from each end on 1.5, 0.75 and 0.25; d/{n (n − d)} = 1/12, 1/6 and 1/2.
    error = np.sqrt(1.5**2 / 12 + 0.75**2 / 6 + 0.25**2 / 2)
    assert (found.estimate, found.std_error) == pytest.approx((2.5, error))
    assert found.p_value == pytest.approx(2 * stats.norm.sf(2.5 / error))
    assert found.conf_int(0.5) == pytest.approx(
        (2.5 - 0.6744897501960817 * error, 2.5 + 0.6744897501960817 * error)
    )
    row = found.tidy().iloc[0]
    assert [row["estimate"], row["ci_high"] - row["estimate"]] == pytest.approx(
        [2.5, 1.959963984540054 * error]
    )


# Long summaries


def test_long_summaries_show_beginning_and_end() -> None:
    curve = kaplan_meier(
        pd.DataFrame({"stop": np.arange(1.0, 501), "event": 1}), stop="stop", event="event"
    )
    text = curve.summary()
    lines = text.splitlines()
    assert len(lines) < 50
    assert "… 460 rows more; tidy() has all" in lines
    assert lines[-1].split()[0] == "500"
    assert len(curve.summary(rows=1000).splitlines()) > 500
    assert "more" not in curve.summary(rows=500)
    # Of five rows three from the beginning and two from the end, below the facts and the head.
    few = curve.summary(rows=5).splitlines()
    assert [line.split()[0] for line in few[-6:]] == ["1", "2", "3", "…", "499", "500"]
    even = curve.summary(rows=6).splitlines()
    assert [line.split()[0] for line in even[-7:]] == ["1", "2", "3", "…", "498", "499", "500"]
    assert even[-8].split()[0] == "time"
    assert curve._repr_html_().count("<tr") < 60
    assert "border" not in curve._repr_html_()
