"""A made-up study that follows the estimates-to-reports contract, for tests of pages and figures.

Its numbers are invented and say nothing about any war: names are of no real place.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.provenance import digest_json
from collsec.designs.estimate import Quantity, Unit
from collsec.evidence.verdict import EDITION, further_tests

HYPOTHESES = ("h1", "h2", "h3")
STEMS = {"h1": "h1-deployment-delay", "h2": "h2-veto-use", "h3": "h3-p5-interest"}
TITLES = {
    "h1": "Does later deployment lengthen wars?",
    "h2": "Do vetoes lengthen wars?",
    "h3": "Do the interests of the five shorten wars?",
}
VERDICTS = {
    "h1": ("inconclusive", [{"code": "undecided", "values": {}}]),
    "h2": ("no-effect", [{"code": "within", "values": {"low": 0.8, "high": 1.25, "level": 0.9}}]),
    "h3": (
        "supported",
        [{"code": "excludes_one", "values": {}}, {"code": "checks_hold", "values": {}}],
    ),
}


def stem(hypothesis: str) -> str:
    """Name of the page of a hypothesis, of the study or of a reader's own."""
    return STEMS.get(hypothesis, f"{hypothesis}-own-question")


SPEC: dict[str, Any] = {
    "design": "time_varying",
    "cluster": "gwno_host",
    "claims": ["C01b"],
    "cohort": {"unit": "episode", "type": "intrastate"},
    "exposure": {"measure": "un_troops", "lag_months": 6},
    "outcome": "episode_end",
    "estimand": {"name": "hazard_ratio", "expected": "above_one", "no_effect": [0.8, 1.25]},
    "parts": [],
    "cites": ["atlas"],
    "amendments": [{"day": "2026-11-24", "change": "Lag of 6 months", "reason": "Eve of peace"}],
}


def estimate_rows(hypothesis: str = "h1") -> pd.DataFrame:
    """Return an estimates table with every role of the contract."""
    designs = [
        ("primary", "primary", "UN troops, lag of 6 months", 1.21, 0.24, "principled"),
        ("lag_00", "lag", 'UN troops, "no" lag', 1.62, 0.22, "known-biased"),
        ("lag_03", "lag", "UN troops, lag of 3 months", 1.38, 0.23, "plausible"),
        ("lag_12", "lag", "UN troops, lag of 12 months", 1.10, 0.27, "principled"),
        ("any_force", "secondary", "Any peacekeepers", 1.15, 0.16, "principled"),
        ("council_act", "secondary", "First act of the Council", 0.96, 0.12, "principled"),
        ("lead", "falsification", "Troops six months before they came", 1.05, 0.3, "principled"),
        ("naive", "known_biased", "Ever deployed, fixed at onset", 0.27, 0.2, "known-biased"),
    ]
    rows = []
    for place, (name, role, label, ratio, error, validity) in enumerate(designs):
        wide, narrow = 2.394, 1.96
        rows.append(
            {
                "estimate_id": f"{hypothesis}.{name}",
                "hypothesis": hypothesis,
                "role": role,
                "label": label,
                "measure": "un_troops",
                "lag_months": {"lag_00": 0.0, "lag_03": 3.0, "lag_12": 12.0}.get(name, 6.0),
                "estimand": "hazard_ratio",
                "estimate": ratio,
                "ci_low": ratio * np.exp(-wide * error),
                "ci_high": ratio * np.exp(wide * error) if name != "lead" else np.inf,
                "level": 1 - 0.05 / 3,
                "low_95": ratio * np.exp(-narrow * error),
                "high_95": ratio * np.exp(narrow * error) if name != "lead" else np.inf,
                "p_value": 0.0004 if name == "naive" else 0.437,
                "std_error": error,
                "inference": "risk_set_rerandomization",
                "centered": ratio,
                "cluster_low": ratio * np.exp(-narrow * error * 0.9),
                "cluster_high": ratio * np.exp(narrow * error * 0.9),
                "nobs": 2345 + place,
                "n_units": 523,
                "n_events": 466,
                "n_clusters": 108,
                "exposed_units": 41,
                "exposed_events": 23 + place,
                "exposed_clusters": 19,
                "expected_events": 11.5,
                "mde_high": 2.2,
                "mde_low": 0.46,
                "null_rejection": 0.035,
                "null_draws": 1000,
                "validity": validity,
                "note": "",
            }
        )
    describe = dict(rows[0])
    describe |= {
        "estimate_id": f"{hypothesis}.deployed_12",
        "role": "descriptive",
        "label": "Wars with UN troops within 12 months",
        "estimand": "probability",
        "estimate": 0.043,
        "ci_low": 0.021,
        "ci_high": 0.078,
        "low_95": 0.025,
        "high_95": 0.07,
        "p_value": np.nan,
        "cluster_low": np.nan,
        "cluster_high": np.nan,
        "inference": "cluster_bootstrap",
    }
    months = describe | {
        "estimate_id": f"{hypothesis}.cost_of_delay",
        "role": "secondary",
        "label": "Months of war per year of delay",
        "estimand": "months_per_year_of_delay",
        "estimate": 1.9,
        "ci_low": -2.7,
        "ci_high": 6.4,
        "low_95": -1.9,
        "high_95": 5.7,
    }
    return pd.DataFrame([*rows, describe, months])


def curve_rows() -> pd.DataFrame:
    """Return survival and cumulative-incidence curves over 120 months."""
    time = np.arange(0.0, 121.0, 2.0)
    rows = []
    for group, scale, size in (("Within states", 26.0, 523), ("Between states", 12.0, 76)):
        alive = np.exp(-((time / scale) ** 0.8))
        half = 1.96 * np.sqrt(alive * (1 - alive) / size)
        rows.append(
            pd.DataFrame(
                {
                    "curve": "survival",
                    "group": group,
                    "time_months": time,
                    "estimate": alive,
                    "ci_low": np.clip(alive - half, 0, 1),
                    "ci_high": np.clip(alive + half, 0, 1),
                    "at_risk": np.round(size * alive),
                }
            )
        )
    for name, top, scale in (("exposure", 0.09, 40.0), ("end", 0.86, 24.0)):
        rows.append(
            pd.DataFrame(
                {
                    "curve": f"cumulative_incidence_{name}",
                    "group": "all",
                    "time_months": time,
                    "estimate": top * (1 - np.exp(-time / scale)),
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "at_risk": np.nan,
                }
            )
        )
    for group, scale in (("Troops at month 6", 22.0), ("Troops at month 18", 30.0)):
        rows.append(
            pd.DataFrame(
                {
                    "curve": "standardized_survival",
                    "group": group,
                    "time_months": time[time <= 60],
                    "estimate": np.exp(-((time[time <= 60] / scale) ** 0.9)),
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "at_risk": np.nan,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def null_draws(draws: int = 1000) -> list[float]:
    """Return hazard ratios under random exposure."""
    return [float(v) for v in np.exp(np.random.default_rng(7).normal(0.0, 0.25, draws))]


def refit_rows(conflicts: int = 60) -> list[dict[str, Any]]:
    """Return hazard ratios with one conflict, or mission, left out; one cannot be estimated."""
    generator = np.random.default_rng(11)
    ratios = 1.21 * np.exp(generator.normal(0.0, 0.05, conflicts))
    rows = [
        {"kind": "conflict", "left_out": str(number), "hazard_ratio": float(ratio)}
        for number, ratio in enumerate(ratios, 1)
    ]
    return [
        *rows,
        {"kind": "conflict", "left_out": str(conflicts + 1), "hazard_ratio": None},
        {"kind": "mission", "left_out": "unx", "hazard_ratio": 1.3},
    ]


def diagnostics() -> dict[str, Any]:
    """Return what was asked of the primary estimate."""
    return {
        "engine_gap": "below 1e-6",
        "null_calibration": {"rejection_rate": 0.035, "draws": 1000, "estimates": null_draws()},
        "falsification": [{"label": "Troops before they came", "outcome": "uninformative"}],
        "sign_flips": [],
        "principled_agreement": 0.857,
        "proportional_hazards_p": 0.231,
        "leave_one_out": refit_rows(),
    }


def attrition_rows() -> pd.DataFrame:
    """Return the steps from all episodes to those that are analyzed."""
    return pd.DataFrame(
        {
            "step": ["all episodes", "type at onset", "no troops at onset"],
            "rule": [
                "Every invented episode",
                "Within a state",
                "Troops that are there cannot come",
            ],
            "n_units": [620, 523, 498],
            "n_events": [559, 466, 441],
            "dropped": [0, 97, 25],
        }
    )


def quantities() -> dict[str, dict[str, Any]]:
    """Return the further numbers that prose may use, with their units."""
    found = {
        "primary.interval": ("0.68 to 2.15", Unit.TEXT),
        "n_units": (523, Unit.COUNT),
        "n_events": (466, Unit.COUNT),
        "incidence.deployed": (0.043, Unit.SHARE),
        "incidence.ended": (0.701, Unit.SHARE),
        "incidence.horizon": (60, Unit.MONTHS),
        "delay.deciding": (30.5, Unit.MONTHS),
        "delay.raising": (4.5, Unit.MONTHS),
        "primary.months_per_year_of_delay": (1.9, Unit.MONTHS),
    }
    return {name: Quantity(value, unit).plain() for name, (value, unit) in found.items()}


CLAIMS = [
    ("C01", "peace comes late to Atlantis", "causal", "h1", "h1.primary", "tested"),
    ("C02", "oracles end wars", "causal", "e1", "", "deferred"),
    ("C03", "nobody would have fought without the sea", "counterfactual", "", "", "not-testable"),
    ("C04", "all wars ought to end", "conceptual", "", "", "not-empirical"),
]
QUESTIONS = """\
known: >-
  Of 100 wars, {study.hundred.reached} saw oracles within {study.hundred.years} years.
picture:
  hypothesis: h1
  reached: incidence.deployed
  ended: incidence.ended
  horizon: incidence.horizon
  what: oracles
  steps: {from onset to vote: delay.deciding, from vote to oracle: delay.raising}
questions:
  oracles:
    question: What do oracles change?
    label: Oracles
    fact: Oracles came to {h1.primary.exposed_units} wars
    short: "Oracles came to {h1.primary.exposed_units}"
    subject: Where oracles are
    outcomes:
      - hypothesis: h3
        about: End of war
        above: wars end sooner
        below: wars end later
        unknown: wars end
      - hypothesis: h2
        about: Temples
        above: temples rise
        below: temples fall
        unknown: temples rise
      - hypothesis: h1
        about: Peace
        above: peace lasts
        below: peace breaks
        unknown: peace lasts
    claims: [C01]
  rest:
    question: What else?
    label: The rest
    fact: Of {study.claims.all} claims, {study.claims.tested} can be put to the record
    short: "Of {study.claims.all} claims, {study.claims.tested} tested"
    subject: In the record
    outcomes:
      - hypothesis: h1
        about: Peace
        above: peace lasts
        below: peace breaks
        unknown: peace lasts
"""
QUESTION_PAGE = """\
---
title: Written from the records
most-words: 2500
---

## Outcomes {{#sec-outcomes}}

![Outcomes.](figures/{name}-outcomes.svg){{#fig-{name}-outcomes
fig-alt="{{{{< var {name}.alt.outcomes >}}}}"}}

{{{{< include _sure-{name}.md >}}}}

{{{{< include _tbl-{name}-claims.md >}}}}

{{{{< include _appendices-{name}.md >}}}}
"""
CASES = """\
atlantis:
  title: Atlantis, 2001
  years: [2001, 2005]
  conflicts:
    1: Atlantis, over government
    2: Atlantis and Bohemia by the sea
"""
CASES_PAGE = """\
---
title: One war on one time axis
---

## Atlantis {#sec-atlantis}

{{< var case.atlantis.sentence >}} @fig-atlantis shows it.

![{{< var case.atlantis.title >}}.](figures/case-atlantis.svg){#fig-atlantis
fig-alt="{{< var case.alt.atlantis >}}"}
"""


def claim_rows() -> pd.DataFrame:
    """Return a claim of each class, by the columns of the study's own schema."""
    columns = ["claim_id", "quote", "kind", "hypothesis", "tests", "verdict_class"]
    rows = pd.DataFrame(CLAIMS, columns=columns)
    return rows.assign(
        section="Conclusion",
        paragraph=1,
        statement="Said so that it could be *false* | or not: " + rows["quote"] + ".",
        estimand=rows["hypothesis"].where(rows["hypothesis"] == "", "a hazard ratio"),
        expected=rows["hypothesis"].where(rows["hypothesis"] == "", "above one"),
        reason="An invented reason.",
        source="article",
        basis="document",
        confidence=3,
        note="",
        description="",
    )


AXES = ("exposure", "left_out")


def specification_rows(count: int = 240) -> pd.DataFrame:
    """Return a multiverse of three tags, the last specification of each not estimable."""
    rng = np.random.default_rng(7)
    tags = np.resize(["principled", "plausible", "plausible", "known-biased"], count)
    center = np.where(tags == "known-biased", -1.0, 0.1)
    log = center + 0.3 * rng.standard_normal(count)
    error = rng.uniform(0.2, 0.5, count)
    out = pd.DataFrame(
        {
            "specification": [f"{i:012x}" for i in range(count)],
            "validity": tags,
            "departures": 2,
            "estimate": np.exp(log),
            "ci_low": np.exp(log - 2 * error),
            "ci_high": np.exp(log + 2 * error),
        }
    )
    out.loc[count - 4 :, ["estimate", "ci_low", "ci_high"]] = np.nan
    options = {axis: [o["option"] for o in option_rows() if o["axis"] == axis] for axis in AXES}
    for axis, names in options.items():
        out[f"axis_{axis}"] = rng.choice(names, count)
    return out.assign(n_units=523, exposed_units=41, exposed_events=rng.integers(0, 30, count))


def option_rows() -> list[dict[str, Any]]:
    """Return what each option of two axes does."""
    rows = [
        ("exposure", "troops", "UN troops present", "principled", True, 1.21, 0.9, 1.6),
        ("exposure", "any", "UN, regional or coalition troops", "plausible", False, 1.15, 0.8, 1.4),
        (
            "exposure",
            "ever",
            "Ever deployed, counted from onset",
            "known-biased",
            False,
            0.27,
            0.2,
            0.4,
        ),
        ("left_out", "nobody", "No conflict left out", "principled", True, 1.21, 0.7, 1.5),
        (
            "left_out",
            "atlantis",
            "Without Atlantis, Bohemia by the sea and both of the islands",
            "principled",
            False,
            1.33,
            0.9,
            1.7,
        ),
    ]
    names = ["axis", "option", "label", "validity", "is_primary", "alone", "low", "high"]
    return [dict(zip(names, row, strict=True)) | {"n": 60, "median": row[5]} for row in rows]


def multiverse_summary() -> dict[str, Any]:
    """Return the multiverse as the record sums it up: shares, and log hazard ratios."""
    part = {
        "n": 60,
        "n_estimable": 59,
        "share_positive": 0.61,
        "share_negative": 0.39,
        "share_positive_excluding_zero": 0.1,
        "share_negative_excluding_zero": 0.05,
        "median": 0.1,
        "lowest": -0.7,
        "highest": 0.9,
    }
    nothing = dict.fromkeys(part) | {"n": 0, "n_estimable": 0}
    return {
        "declared": "3f9c2a77aa10",
        "principled": part,
        "plausible": part | {"n": 1200},
        "summarized": part,
        "known_biased": nothing,
        "options": option_rows(),
    }


def episode_rows() -> pd.DataFrame:
    """Return three episodes; one goes on."""
    return pd.DataFrame(
        {
            "episode_id": ["1-1", "2-1", "3-1"],
            "conflict_id": [1, 2, 3],
            "location": ["Atlantis", "Bohemia by the sea", "Cloud"],
            "onset_date": pd.to_datetime(["2001-03-01", "2003-06-30", "1990-01-01"]),
            "onset_precision": ["day", "month", "year"],
            "exit_date": pd.to_datetime(["2004-02-29", "2006-12-31", "1990-12-31"]),
            "is_ended": [True, False, True],
            "first_year": [2001, 2003, 1990],
            "last_year": [2004, 2006, 1990],
        }
    )


def extent_rows() -> pd.DataFrame:
    """Return how far the record of resolutions reaches."""
    days = {"first_day": pd.to_datetime(["2001-01-01"]), "last_day": pd.to_datetime(["2026-01-27"])}
    return pd.DataFrame({"extent": ["resolutions"], **days})


def war_rows() -> pd.DataFrame:
    """Return the intensity of each conflict by year."""
    years = [(1, 2001), (1, 2002), (1, 2003), (1, 2004), (2, 2003), (2, 2004), (2, 2005), (2, 2006)]
    return pd.DataFrame(
        [(c, pd.Timestamp(y, 1, 1), y in (2002, 2003)) for c, y in years],
        columns=["conflict_id", "from_date", "is_war"],
    )


def act_rows() -> pd.DataFrame:
    """Return resolutions and a vetoed draft on the first two conflicts."""
    dates = ["2001-03-20", "2001-09-12", "2002-02-04", "2003-07-01", "2003-07-03"]
    vetoed = [False, True, False, False, False]
    rows = {
        "item_id": ["S/RES/1 (2001)", "2001-09-12-a", "S/RES/2 (2002)", "S/RES/3", "S/RES/4"],
        "conflict_id": [1, 1, 1, 2, 2],
        "act": ["veto" if v else "resolution" for v in vetoed],
        "action_class": "condemnation",
        "confidence": 3,
        "basis": "file",
        "date": pd.to_datetime(dates),
    }
    casts = {f"cast_{m}": False for m in ("china", "france", "uk")}
    return pd.DataFrame(rows | casts | {"cast_russia": vetoed, "cast_usa": vetoed})


def sitting_rows() -> pd.DataFrame:
    """Return the opening of an emergency special session on the first conflict, after the veto."""
    return pd.DataFrame(
        {
            "conflict_id": [1],
            "sitting_id": ["ES-12/1"],
            "session": ["ES-12"],
            "from_date": pd.to_datetime(["2001-09-20"]),
            "to_date": pd.to_datetime(["2001-09-22"]),
            "convened_by": ["members"],
            "resolution_id": [None],
            "veto_id": ["2001-09-12-a"],
            "confidence": [3],
            "basis": ["document"],
        }
    )


def mission_rows() -> pd.DataFrame:
    """Return one mission of the United Nations, one of others."""
    milestones = {
        "authorized": ["2001-06-01", None],
        "first_personnel": ["2001-08-31", "2003-07-31"],
        "first_troops": ["2001-11-30", "2003-08-31"],
        "last_troops": ["2004-05-31", None],
    }
    rows: dict[str, Any] = {
        "mission_id": ["unmat", "atfor"],
        "acronym": ["UNMAT", "ATFOR"],
        "sponsor": ["un", "regional"],
        "conflict_id": [1, 2],
        "link_basis": "file",
        "link_confidence": 3,
        "has_troops": pd.array([True, True], dtype="boolean"),
        "from_date": pd.to_datetime(["2001-08-31", "2003-07-31"]),
        "to_date": pd.to_datetime([None, None]),
        "end_date": pd.to_datetime(["2004-06-30", None]),
        "resolution": ["S/RES/1 (2001)", None],
    }
    for name, dates in milestones.items():
        rows |= {f"{name}_date": pd.to_datetime(dates), f"{name}_basis": "document"}
    return pd.DataFrame(rows)


BODY = """\
## Question {{#sec-question}}

The article says that a long delay gives the aggressor time. Here that is a claim about
{{{{< var {h}.n_units >}}}} wars, of which {{{{< var {h}.n_events >}}}} ended. UN troops are rare in
wars that go on [@gilligan2008], and @sec-result shows what that does to the answer.

The hazard of an end on day $t$ is

$$ \\lambda(t) = \\lambda_0(t)\\,\\exp\\{{\\beta x(t - 6)\\}} $$ {{#eq-cox}}

with $x$ the presence of troops. @eq-cox is fitted by partial likelihood [@cox1972].

## Result {{#sec-result}}

The hazard ratio is {{{{< var {h}.primary.hr >}}}} ({{{{< var {h}.primary.interval >}}}}): a year of
delay goes with {{{{< var {h}.primary.months_per_year_of_delay >}}}} more months of war. @fig-lags
compares the lags, @fig-forest the exposures, and @tbl-{h}-regression gives the numbers.

![Hazard ratio of the end of a war with UN troops, by lag.](figures/{h}-lags.svg){{#fig-lags
fig-alt="{{{{< var {h}.alt.lags >}}}}"}}

![Hazard ratio of the end of a war by exposure.](figures/{h}-forest.svg){{#fig-forest
fig-alt="Forest plot on a log axis; only the interval of the naive design excludes one."}}

{{{{< include _tbl-{h}-regression.md >}}}}

::: {{.callout-note}}
## How to read a hazard ratio
Above one, wars end sooner.
:::

::: {{.panel-tabset}}
## Survival

![Wars still going on.](figures/{h}-survival.svg){{#fig-survival
fig-alt="Two falling curves; wars between states end sooner than wars within states."}}

## What comes first

![What had happened to a war by each month.](figures/{h}-incidence.svg){{#fig-incidence
fig-alt="Stacked areas; most wars end without troops."}}
:::

## Checks {{#sec-checks}}

Random exposure gives @fig-null; leaving out one case gives @fig-influence. All estimates stand in
@tbl-{h}-estimates. @tbl-{h}-attrition counts who was left out, @tbl-{h}-links what was matched, and
@tbl-{h}-checks what was asked of the estimate.

![What chance alone gives.](figures/{h}-null-calibration.svg){{#fig-null
fig-alt="Histogram of hazard ratios around one, with the estimate below it."}}

![One case left out at a time.](figures/{h}-leave-one-out.svg){{#fig-influence
fig-alt="Two strips of points near the full estimate."}}

All specifications stand in @fig-multiverse and @tbl-{h}-multiverse-summary, choice by choice in
@fig-options.

![Every specification.](figures/{h}-multiverse.svg){{#fig-multiverse
fig-alt="{{{{< var {h}.alt.multiverse >}}}}"}}

![Choice by choice.](figures/{h}-options.svg){{#fig-options
fig-alt="{{{{< var {h}.alt.options >}}}}"}}

{{{{< include _tbl-{h}-multiverse-summary.md >}}}}

{{{{< include _tbl-{h}-estimates.md >}}}}

{{{{< include _tbl-{h}-attrition.md >}}}}

{{{{< include _tbl-{h}-links.md >}}}}

{{{{< include _tbl-{h}-checks.md >}}}}

::: {{.content-visible when-format="html"}}
The page has files to download.
:::

::: {{.content-visible when-format="typst"}}
The files are on the page of this report.
:::
"""


def source_rows() -> pd.DataFrame:
    """Sources of all kinds: within the axis, beyond it, going on, unchanging, with a long name."""
    rows = [
        ("Conflicts", "Atlas of Invented Wars", "3", 1946, 2024),
        (
            "Conflicts",
            "Peace agreements that were never signed, with columns of others",
            "22.1",
            1975,
            2021,
        ),
        ("Missions", "Troops that never came", "", 2010, 2012),
        ("States and ties", "States that never were", "", 1816, None),
        ("States and ties", "Mountains of nowhere", "", None, None),
    ]
    columns = ["family", "title", "version", "first_year", "last_year"]
    frame = pd.DataFrame(rows, columns=columns).assign(source="atlas", n_tables=1, n_rows=1234)
    return frame.astype({"first_year": "Int64", "last_year": "Int64"})


def table_rows() -> pd.DataFrame:
    """Rows by year of tables: within the axis, beyond it, of one year, with a gap."""
    parts = [("made_wars", range(1816, 2025)), ("a_single_year", [1999]), ("peace", [1946, 1950])]
    return pd.DataFrame(
        [(name, year, 1 + year % 7) for name, years in parts for year in years],
        columns=["table", "year", "n"],
    )


def precision_rows() -> pd.DataFrame:
    """Precision of two kinds of dates; the second has none in some decades."""
    rows = [
        (what, decade, precision, n, n / 100)
        for what, decades in (
            ("Onset of the episode", range(1940, 2021, 10)),
            ("UN operations: first personnel", (1960, 1990)),
        )
        for decade in decades
        for precision, n in (("day", 55), ("month", 40), ("year", 5))
    ]
    return pd.DataFrame(rows, columns=["what", "decade", "precision", "n", "share"])


def basis_rows() -> pd.DataFrame:
    """What dates rest on; a sliver too narrow for its number."""
    counts = {"Authorization": (68, 2, 1, 0), "10 % of authorized strength": (40, 0, 0, 31)}
    rows = [
        (label.lower(), label, basis, n)
        for label, own in counts.items()
        for basis, n in zip(("file", "document", "recalled", "none"), own, strict=True)
    ]
    return pd.DataFrame(rows, columns=["date", "label", "basis", "n"])


def activity_rows() -> pd.DataFrame:
    """Active conflicts in two regions, one of them much quieter."""
    rows = [
        (code, region, year, most - year % 3, 2, 1)
        for code, region, most in ((1, "Europe", 4), (4, "Africa", 30))
        for year in range(1946, 2025)
    ]
    columns = ["region", "region_name", "year", "n_active", "n_with_any", "n_with_un"]
    return pd.DataFrame(rows, columns=columns)


SOURCES = """\
[atlas]
producer = "The Invented Institute"
title = "Atlas of Invented Wars"
version = "3"
coverage = "1946-2024"
citation = "Doe, J. (2024). Wars that never were. Journal of Nothing 1(1): 1–2."
doi = ""
licence = "CC BY 4.0"
publisher = ""
"""


def analysis(hypothesis: str) -> str:
    """Return the text of one analysis file: the spec as front matter, then the prose."""
    front = {
        "title": TITLES.get(hypothesis, f"What of {hypothesis}?"),
        "abstract": "An invented study about {{< var " + hypothesis + ".n_units >}} wars.",
        "keywords": ["peacekeeping", "duration of war"],
        **SPEC,
    }
    # JSON is YAML, and keeps this file free of a second dialect.
    return f"---\n{json.dumps(front, indent=1)}\n---\n\n{BODY.format(h=hypothesis)}"


def write_study(
    root: Path,
    repository: Path,
    hypotheses: tuple[str, ...] = HYPOTHESES,
    profile: str = "quick",
    *,
    is_released: bool = False,
) -> Path:
    """Write the study below `root`, with the committed report sources of the repository.

    Where it is released, its manifest holds the verdicts of the full profile.
    """
    (root / "analyses").mkdir(parents=True)
    estimates = root / "data" / "processed" / "estimates"
    panels = root / "data" / "processed" / "panels"
    estimates.mkdir(parents=True)
    panels.mkdir(parents=True)
    shutil.copytree(
        repository / "reports",
        root / "reports",
        ignore=shutil.ignore_patterns("project", "site", ".build-*", "MANIFEST.json", "published"),
    )
    for h in hypotheses:
        (root / "analyses" / f"{stem(h)}.qmd").write_text(analysis(h), encoding="utf-8")
        estimate_rows(h).to_parquet(estimates / f"{h}.parquet")
        courses = curve_rows()  # one of them is of a part that this study does not have
        courses = courses[courses["curve"] != "standardized_survival"]
        courses.to_parquet(estimates / f"{h}-curves.parquet")
        specification_rows().to_parquet(estimates / f"{h}-multiverse.parquet")
        attrition_rows().to_parquet(panels / f"{h}-attrition.parquet")
        code, reasons = VERDICTS.get(h, VERDICTS["h1"])
        record = {
            "hypothesis": h,
            "spec": SPEC,
            "verdict": {"code": code, "reasons": reasons},
            "quantities": quantities(),
            "made_by": {},
            "diagnostics": diagnostics(),
            "multiverse": multiverse_summary(),
            "provenance": {
                "collsec_version": "0.1.0",
                "data_vintage": "3f9c2a77aa10",
                "profile": profile,
                "stage": "estimates",
                "inputs": {},
            },
            "result_id": f"{h}.primary@3f9c2a",
        }
        (estimates / f"{h}.json").write_text(json.dumps(record), encoding="utf-8")
    if is_released:
        verdicts = {h: VERDICTS.get(h, VERDICTS["h1"]) for h in hypotheses}
        manifest = {
            "collsec_version": "0.1.0",
            "profile": "full",
            "data_vintage": "3f9c2a77aa10",
            "outputs": {},
            "results": {
                h: {
                    "id": f"{h}.primary@3f9c2a",
                    "verdict": code,
                    "primary": {"estimate": 1.19, "ci_low": 0.7, "ci_high": 2.1, "p_value": 0.44},
                    "specification": digest_json(SPEC),
                    "rule": {"code": code, "reasons": reasons},
                    "edition": EDITION,
                }
                for h, (code, reasons) in verdicts.items()
            },
        }
        (root / "reports" / "MANIFEST.json").write_text(json.dumps(manifest), encoding="utf-8")
    synthesis = {
        "p_holm": dict.fromkeys(hypotheses, 0.88),
        "q_value": {},
        "families": {h: dataclasses.asdict(further_tests(estimate_rows(h))) for h in hypotheses},
    }
    (estimates / "study.json").write_text(json.dumps(synthesis), encoding="utf-8")
    episodes = root / "data" / "processed" / "episodes"
    episodes.mkdir()
    timelines = root / "data" / "processed" / "timelines"
    timelines.mkdir()
    episode_rows().to_parquet(episodes / "episodes.parquet")
    tables = root / "data" / "processed" / "tables"
    tables.mkdir()
    episode_rows()[["conflict_id"]].to_parquet(tables / "episode_crosswalk.parquet")
    mission_rows().to_parquet(episodes / "missions.parquet")
    extent_rows().to_parquet(episodes / "extents.parquet")
    act_rows().to_parquet(episodes / "acts.parquet")
    sitting_rows().to_parquet(episodes / "assembly.parquet")
    war_rows().to_parquet(timelines / "war.parquet")
    pd.DataFrame(
        {
            "extent": ["resolutions"],
            "first_day": pd.to_datetime(["1946-01-01"]),
            "last_day": pd.to_datetime(["2025-12-31"]),
        }
    ).to_parquet(episodes / "extents.parquet")
    (root / "analyses" / "_cases.yml").write_text(CASES, encoding="utf-8")
    (root / "analyses" / "_questions.yml").write_text(QUESTIONS, encoding="utf-8")
    (root / "analyses" / "questions").mkdir()
    for name in ("oracles", "rest"):
        text = QUESTION_PAGE.format(name=name)
        (root / "analyses" / "questions" / f"{name}.qmd").write_text(text, encoding="utf-8")
    (root / "reports" / "cases.qmd").write_text(CASES_PAGE, encoding="utf-8")
    pd.DataFrame(
        {
            "family": ["missions", "vetoes"],
            "n_rows": [81, 317],
            "n_linked": [66, 143],
            "n_none": [15, 171],
            "n_unmatched": [0, 3],
        }
    ).to_parquet(episodes / "links.parquet")
    raw = root / "data" / "raw"
    for folder in ("coded", "schemas"):
        (raw / folder).mkdir(parents=True)
    schema = json.loads((repository / "data/raw/schemas/claims.json").read_text(encoding="utf-8"))
    (raw / "schemas" / "claims.json").write_text(json.dumps(schema), encoding="utf-8")
    order = [field["name"] for field in schema["fields"]]
    claim_rows()[order].to_csv(raw / "coded" / "claims.csv", index=False)
    choices = (repository / "analyses" / "_study.yml").read_text(encoding="utf-8")
    listed = f"hypotheses: [{', '.join(HYPOTHESES)}]"
    choices = re.sub(r"^hypotheses: .*$", listed, choices, flags=re.MULTILINE)
    (root / "analyses" / "_study.yml").write_text(choices, encoding="utf-8")
    (root / "data" / "raw" / "sources.toml").write_text(SOURCES, encoding="utf-8")
    (root / "CITATION.cff").write_text(
        "cff-version: 1.2.0\n"
        "title: An invented study\n"
        "version: 0.1.0\n"
        "license: MIT\n"
        "authors:\n"
        "  - family-names: Doe\n"
        "    given-names: Jane\n"
        "    orcid: https://orcid.org/0000-0002-1825-0097\n"
        "  - name: The invented authors\n",
        encoding="utf-8",
    )
    return root
