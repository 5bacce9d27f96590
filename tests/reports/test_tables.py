"""Tables say what the estimates say, and survive the way through pandoc."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import report_study as study
from collsec.designs.estimate import Unit
from collsec.designs.printed import Column, RecordTable
from collsec.reports import pandoc
from collsec.reports.tables import results
from collsec.reports.tables.table import Table, of_record
from collsec.reports.words import wording

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
    table = results.amendments(entries, hypothesis="h1")
    assert [line[0] for line in rows_of(table.markdown())[1:]] == ["2026-11-24", "2026-11-25"]
    assert "Cluster \\| country" in table.markdown()
    assert list(table.data["reason"]) == ["Eve of peace", "Shared missions"]
    nothing = results.amendments([], hypothesis="h1")
    assert rows_of(nothing.markdown())[1] == ["–", "Nothing", "–"] and nothing.data.empty


def test_the_regression_table_names_counts_clusters_errors_and_ties() -> None:
    models = RATIOS.head(4)
    made = results.regression(models, hypothesis="h1")
    table = {line[0]: line[1:] for line in rows_of(made.markdown())}
    assert table["Model"][0] == "(1) UN troops, lag of 6 months"
    assert table["Hazard ratio of termination"] == ["1.21", "1.62", "1.38", "1.10"]
    assert table["Interval"][0] == "0.68 to 2.15"
    assert table["Interval, cluster sandwich"][0] == "0.79 to 1.85"
    assert table["Level of the intervals, %"] == ["98.3"] * 4
    assert table["Inference"] == ["re-randomization"] * 4
    assert table["p"] == ["0.437"] * 4
    for label, column in (
        ("Units", "n_units"),
        ("Terminations", "n_events"),
        ("Clusters", "n_clusters"),
        ("Exposed terminations", "exposed_events"),
    ):
        assert table[label] == [str(v) for v in models[column]]
    assert table["Lag, months"] == ["6", "0", "3", "12"]
    assert table["Start–stop rows"][0] == "2,345"
    assert table["Validity"] == models["validity"].tolist()
    assert "Efron's method for ties" in made.markdown()
    assert "{#tbl-h1-regression}" in made.markdown()
    pd.testing.assert_frame_equal(made.data, models)


def test_the_list_of_estimates_gives_each_in_its_unit() -> None:
    table = rows_of(results.estimate_list(ESTIMATES, hypothesis="h1").markdown())
    found = {line[0]: line[2:5] for line in table[1:]}
    assert len(found) == len(ESTIMATES)
    assert found["Wars with UN troops within 12 months (%)"] == ["4.3", "2.1 to 7.8", "–"]
    delay = found["Months of war per year of delay (months per year)"]
    assert delay[:2] == ["1.9", "−2.7 to 6.4"]
    assert found["Ever deployed, fixed at onset"][2] == "< 0.001"
    assert found["Troops six months before they came"][1] == "0.51 to ∞"


def test_an_estimate_that_does_not_exist_is_a_dash() -> None:
    nothing = ESTIMATES.head(1).assign(estimate=np.nan, ci_low=np.nan, p_value=np.nan)
    line = rows_of(results.estimate_list(nothing, hypothesis="h1").markdown())[1]
    assert line[2:5] == ["–", "–", "–"]


def test_the_checks_say_what_was_asked_and_what_came_of_it() -> None:
    diagnostics = study.diagnostics()
    table = dict(rows_of(results.checks(diagnostics, hypothesis="h1").markdown())[1:])
    assert table["Random exposure, at the actual counts and dates"] == (
        "rejects in 3.5 % of 1,000 draws"
    )
    assert table["Placebo: Troops before they came"] == "uninformative"
    left_out = "One conflict or mission left out at a time"
    assert table[left_out] == "the sign never changes"
    assert table["Principled specifications that agree in sign"] == "85.7 %"
    diagnostics |= {"sign_flips": ["conflict 333", "mission monuc"], "proportional_hazards_p": None}
    table = dict(rows_of(results.checks(diagnostics, hypothesis="h1").markdown())[1:])
    assert table[left_out].endswith("without conflict 333, mission monuc")
    many = diagnostics | {"sign_flips": [f"conflict {n}" for n in range(1, 6)]}
    table = dict(rows_of(results.checks(many, hypothesis="h1").markdown())[1:])
    assert table[left_out].endswith("without conflict 1, conflict 2, conflict 3 and 2 more")


def test_the_multiverse_is_summed_up_by_tag_as_hazard_ratios() -> None:
    table = results.multiverse(study.multiverse_summary(), hypothesis="h1")
    rows = rows_of(table.markdown())
    assert [row[0] for row in rows[1:]] == ["Principled", "Plausible", "Both together"]
    assert rows[1][1:4] == ["60", "59", "61.0 %"]
    assert rows[1][-3:] == ["0.50", "1.11", "2.46"]
    assert rows[2][1] == "1,200"


def test_attrition_keeps_every_step_with_its_counts() -> None:
    table = rows_of(results.attrition(study.attrition_rows(), hypothesis="h1").markdown())
    assert table[0] == ["Step", "Rule", "Units remaining", "Of which ended", "Dropped"]
    assert table[1][0] == "All episodes" and table[-1][2:] == ["498", "441", "25"]


def test_a_bar_in_a_cell_does_not_break_the_table() -> None:
    steps = study.attrition_rows().assign(rule="one | two")
    table = rows_of(results.attrition(steps, hypothesis="h1").markdown())
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
    assert wording.cell(value, Unit.NUMBER, digits) == text


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        (Unit.COUNT, "0"),
        (Unit.RATIO, "0.25"),
        (Unit.NUMBER, "0.25"),
        (Unit.SHARE, "25.0 %"),
        (Unit.POINTS, "25.00"),
        (Unit.MONTHS, "0.2"),
        (Unit.P_VALUE, "0.250"),
        (Unit.LEVEL, "25.0"),
        (Unit.TEXT, "0.25"),
    ],
)
def test_the_unit_of_a_column_says_how_its_numbers_are_printed(unit: Unit, text: str) -> None:
    table = Table((Column("Head", "x", unit),), pd.DataFrame({"x": [0.25, None]}))
    assert table.cells() == [[text], ["–"]]


def test_large_ratios_have_no_decimals_and_infinite_ones_a_sign() -> None:
    found = Table((Column("", "x", Unit.RATIO),), pd.DataFrame({"x": [99.4, 1808.15, np.inf]}))
    assert found.cells() == [["99.40"], ["1,808"], ["∞"]]


NAMES = pd.DataFrame({"name": ["a *b* | [c](d) `e` <f>", "g"], "n": [1234, 5]})
PRINTED = Table(
    (Column("Name", "name", width=40), Column("*n*", "n", Unit.COUNT)),
    NAMES,
    "A caption.",
    "tbl-names",
)


def test_names_come_out_of_pandoc_as_they_stand_in_the_data() -> None:
    for text in (PRINTED.markdown(), PRINTED.plain_markdown()):
        assert rows_of(text)[1:] == [[NAMES["name"][0], "1,234"], ["g", "5"]]


def test_html_escapes_names_and_the_terminal_prints_them() -> None:
    html = PRINTED.html("Names")
    assert "a *b* | [c](d) `e` &lt;f&gt;" in html and html.count("<tr>") == 3
    assert 'aria-label="Names"' in html and '<th scope="col">' in html
    console = Console(file=io.StringIO(), width=80)
    console.print(PRINTED.terminal(title="Title"))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "a *b* | [c](d) `e` <f>" in shown and "Title" in shown and "A caption." in shown
    assert " n" in shown.splitlines()[1] and "*n*" not in shown


def test_the_plain_print_has_no_attributes_and_no_empty_head() -> None:
    table = Table((Column("", "name"),), NAMES, "A caption.", "tbl-names")
    assert "{#" not in table.plain_markdown() and "| – |" in table.plain_markdown()
    assert "{#tbl-names}" in table.markdown()


def test_csv_is_unrounded() -> None:
    table = Table((Column("", "x", Unit.RATIO),), pd.DataFrame({"x": [1 / 3]}))
    assert table.csv() == "x\n0.3333333333333333\n"


ROWS = [
    {"thing": "sun", "side": "east", "n": 3, "of": 4, "low": 1.0, "high": None},
    {"thing": "sun", "side": "west", "n": 0, "of": 4, "low": 2.0, "high": 2.5},
    {"thing": "moon", "side": "east", "n": 1, "of": 1, "low": None, "high": 1.0},
    {"thing": "moon", "side": "west", "n": 2, "of": 2, "low": 0.5, "high": 1.0},
]


def test_a_part_declares_a_table_of_its_record_with_columns_by_group() -> None:
    declared = RecordTable(
        name="things",
        record="things",
        caption="Of {total:,} things.",
        rows="rows",
        columns=(Column("Thing", "thing", labels={"thing": {"sun": "The sun"}}),),
        spread="side",
        repeated=(
            Column("{}: n", "{n} of {of}", Unit.COUNT, is_blank_at_zero=True),
            Column("{}: range", "{low}–{high}", Unit.MONTHS),
        ),
        spread_labels={"west": "Occident"},
    )
    table = of_record(declared, {"rows": ROWS, "total": 1234}, "tbl-h9-things")
    rows = rows_of(table.markdown())
    assert rows[0] == ["Thing", "east: n", "east: range", "Occident: n", "Occident: range"]
    assert rows[1] == ["The sun", "3 of 4", "1.0––", "–", "2.0–2.5"]
    assert rows[2] == ["moon", "1 of 1", "–", "2 of 2", "0.5–1.0"]
    assert table.caption == "Of 1,234 things." and table.identifier == "tbl-h9-things"
    assert len(table.data) == len(ROWS)


def test_a_cell_that_repeats_the_one_above_stays_empty_where_rows_are_grouped() -> None:
    columns = (Column("Thing", "thing", is_grouped=True), Column("Side", "side"))
    declared = RecordTable("things", "things", "", columns)
    assert of_record(declared, ROWS, "tbl-x").cells() == [
        ["sun", "east"],
        ["", "west"],
        ["moon", "east"],
        ["", "west"],
    ]


def test_estimates_of_a_role_have_their_counts_and_reasons() -> None:
    rows = ESTIMATES.head(3).copy()
    rows.loc[1, ["estimate", "ci_low", "ci_high", "p_value"]] = np.nan
    rows.loc[1, "note"] = "Not estimable: 3 treated"
    rows.loc[2, ["exposed_units", "exposed_events", "exposed_clusters"]] = [523, 466, 108]
    table = rows_of(results.of_roles(rows, caption="C", identifier="tbl-x").markdown())
    assert table[0] == ["Estimate", "Value", "Interval", "p", "Units", "Events", "Clusters"]
    assert table[1][1:] == ["1.21", "0.68 to 2.15", "0.437", "41 of 523", "23 of 466", "19 of 108"]
    assert table[2][:4] == [
        "UN troops, no lag. Not estimable: 3 treated",
        "not estimable",
        "–",
        "–",
    ]
    assert table[3][4:] == ["523", "466", "108"]
    # Arrivals are no part of the deaths that are counted: "15 of 1,597,492" says nothing.
    rows = rows.assign(estimand="rate_ratio", n_events=1_597_492, exposed_events=15)
    table = rows_of(results.of_roles(rows, caption="C", identifier="tbl-x").markdown())
    assert table[1][4:] == ["41 of 523", "1,597,492", "19 of 108"]
