"""Tables say what the estimates say, and survive the way through pandoc."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

import report_study as study
from collsec.reports.render import pandoc
from collsec.reports.tables import exhibits, pipetables

ESTIMATES = study.estimate_rows()
RATIOS = ESTIMATES[ESTIMATES["estimand"] == "hazard_ratio"]


def rows_of(markdown: str) -> list[list[str]]:
    """Return the cells of the one table in a Markdown text, header first."""
    tree = json.loads(pandoc.run(markdown, ["--to", "json"]))
    tables = [b for b in tree["blocks"] if b["t"] == "Table"]
    assert len(tables) == 1
    content = tables[0]["c"]
    lines = [*content[3][1], *(line for body in content[4] for line in body[3])]
    return [[_text(cell[4]) for cell in line[1]] for line in lines]


def _text(node: object) -> str:
    if isinstance(node, list):
        return "".join(_text(n) for n in node)
    assert isinstance(node, dict)
    kind, content = node["t"], node.get("c")
    if kind == "Str":
        return str(content).replace("\u00a0", " ")
    if kind in ("Space", "SoftBreak"):
        return " "
    if kind == "Code":
        return str(content[1])
    return _text(content) if content else ""


def test_amendments_are_listed_in_their_order_and_their_absence_is_said() -> None:
    entries = [
        {"day": "2026-11-24", "change": "Lag of 6 months", "reason": "Eve of peace"},
        {"day": "2026-11-25", "change": "Cluster | country", "reason": "Shared missions"},
    ]
    exhibit = exhibits.amendments(entries, hypothesis="h1")
    assert [line[0] for line in rows_of(exhibit.markdown)[1:]] == ["2026-11-24", "2026-11-25"]
    assert "Cluster \\| country" in exhibit.markdown
    assert list(exhibit.data["reason"]) == ["Eve of peace", "Shared missions"]
    assert "Nothing" in exhibits.amendments([], hypothesis="h1").markdown


def test_the_regression_table_names_counts_clusters_errors_and_ties() -> None:
    models = RATIOS.head(4)
    exhibit = exhibits.regression(models, hypothesis="h1")
    table = {line[0]: line[1:] for line in rows_of(exhibit.markdown)}
    assert table[""][0] == "(1) UN troops, lag of 6 months"
    assert table["Hazard ratio of the end"] == ["1.21", "1.62", "1.38", "1.10"]
    assert table["Interval"][0] == "0.68 to 2.15"
    assert table["Interval, cluster sandwich"][0] == "0.79 to 1.85"
    assert table["Level of the intervals, %"] == ["98.3"] * 4
    assert table["Inference"] == ["re-randomization"] * 4
    assert table["p"] == ["0.437"] * 4
    for label, column in (
        ("Units", "n_units"),
        ("Ends", "n_events"),
        ("Clusters", "n_clusters"),
        ("Exposed ends", "exposed_events"),
    ):
        assert table[label] == [str(v) for v in models[column]]
    assert table["Lag, months"] == ["6", "0", "3", "12"]
    assert table["Start–stop rows"][0] == "2,345"
    assert table["Validity"] == models["validity"].tolist()
    assert "ties by Efron's method" in exhibit.markdown
    assert "{#tbl-h1-regression}" in exhibit.markdown
    pd.testing.assert_frame_equal(exhibit.data, models)


def test_the_list_of_estimates_gives_each_in_its_unit() -> None:
    table = rows_of(exhibits.estimate_list(ESTIMATES, hypothesis="h1").markdown)
    found = {line[0]: line[2:5] for line in table[1:]}
    assert len(found) == len(ESTIMATES)
    assert found["Wars with UN troops within 12 months (%)"] == ["4.3", "2.1 to 7.8", "–"]
    delay = found["Months of war per year of delay (months per year)"]
    assert delay[:2] == ["1.9", "−2.7 to 6.4"]
    assert found["Ever deployed, fixed at onset"][2] == "< 0.001"
    assert found["Troops six months before they came"][1] == "0.51 to ∞"


def test_an_estimate_that_does_not_exist_is_a_dash() -> None:
    nothing = ESTIMATES.head(1).assign(estimate=np.nan, ci_low=np.nan, p_value=np.nan)
    line = rows_of(exhibits.estimate_list(nothing, hypothesis="h1").markdown)[1]
    assert line[2:5] == ["–", "–", "–"]


def test_the_checks_say_what_was_asked_and_what_came_of_it() -> None:
    diagnostics = study.diagnostics()
    table = dict(rows_of(exhibits.checks(diagnostics, hypothesis="h1").markdown)[1:])
    assert table["Random exposure, at the actual counts and dates"] == (
        "rejects in 3.5 % of 1,000 draws"
    )
    assert table["Placebo: Troops before they came"] == "uninformative"
    left_out = "One conflict or mission left out at a time"
    assert table[left_out] == "the sign never turns"
    assert table["Principled specifications that agree in sign"] == "85.7 %"
    diagnostics |= {"sign_flips": ["conflict 333", "mission monuc"], "proportional_hazards_p": None}
    table = dict(rows_of(exhibits.checks(diagnostics, hypothesis="h1").markdown)[1:])
    assert table[left_out].endswith("without conflict 333, mission monuc")
    many = diagnostics | {"sign_flips": [f"conflict {n}" for n in range(1, 6)]}
    table = dict(rows_of(exhibits.checks(many, hypothesis="h1").markdown)[1:])
    assert table[left_out].endswith("without conflict 1, conflict 2, conflict 3 and 2 more")


def test_the_multiverse_is_summed_up_by_tag_as_hazard_ratios() -> None:
    exhibit = exhibits.multiverse(study.multiverse_summary(), hypothesis="h1")
    rows = rows_of(exhibit.markdown)
    assert [row[0] for row in rows[1:]] == ["Principled", "Plausible", "Both together"]
    assert rows[1][1:4] == ["60", "59", "61.0 %"]
    assert rows[1][-3:] == ["0.50", "1.11", "2.46"]
    assert rows[2][1] == "1,200"


def test_attrition_keeps_every_step_with_its_counts() -> None:
    table = rows_of(exhibits.attrition(study.attrition_rows(), hypothesis="h1").markdown)
    assert table[0] == ["Step", "Rule", "Units left", "Ends left", "Dropped"]
    assert table[1][0] == "All episodes" and table[-1][2:] == ["498", "441", "25"]


def test_a_bar_in_a_cell_does_not_break_the_table() -> None:
    steps = study.attrition_rows().assign(rule="one | two")
    table = rows_of(exhibits.attrition(steps, hypothesis="h1").markdown)
    assert {line[1] for line in table[1:]} == {"one | two"}


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.005, 1, "1.0"),
        (-2.71, 1, "−2.7"),
        (1234.5, 0, "1,234"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "−∞"),
        (math.nan, 2, "–"),
        (None, 2, "–"),
    ],
)
def test_numbers_have_a_true_minus_and_thousands(value: float, digits: int, text: str) -> None:
    assert pipetables.number(value, digits) == text
