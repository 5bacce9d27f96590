"""What is withdrawn, and what is not estimable: counted, and printed nowhere as a number."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import report_study as made_up
from collsec.cli.main import app
from collsec.core.errors import BadSpec
from collsec.core.project import Project
from collsec.evidence import diff, withheld
from collsec.evidence.record import load, stored
from collsec.evidence.withheld import TOO_FEW
from collsec.reports.pages.assemble import assemble

REASON = "the control group is another one"
SENTENCE = f"withdrawn: {REASON}"
#: Numbers of each withheld row that nothing else of the made-up study shares.
MARKS = {"h1": (3.3719, 2.7731, 4.4173), "h2": (5.1537, 2.1913, 6.3391)}
NEEDED = 7719
ENTRIES = {
    "controls": {"names": ["h1.primary", "h1.months"], "since": "0.4.0", "reason": REASON},
    "needed": {"names": ["*.primary.needed_*"], "since": "0.4.0", "reason": REASON},
}
FEW = {
    "code": "few_exposed",
    "values": {
        "outcome": "exposed termination",
        "outcomes": 3,
        "clusters": 3,
        "minimum_outcomes": 5,
        "minimum_clusters": 4,
        "expected": 2.5,
        "needed": {"1.5": NEEDED, "2": NEEDED},
    },
}


def declare(root: Path, entries: object) -> None:
    (root / withheld.FILE).write_text(yaml.safe_dump(entries), encoding="utf-8")


def marked(root: Path, h: str, **changes: object) -> None:
    """Give the primary, its lags and variants numbers of their own, and the record a quantity."""
    project = Project(root)
    path = project.stage("estimates", h)
    rows = pd.read_parquet(path)
    restates = rows["role"].isin(["primary", "lag", "known_biased"])
    point, low, high = MARKS[h]
    numbers = {
        "estimate": point,
        **dict.fromkeys(("ci_low", "low_95", "cluster_low", "centered"), low),
        **dict.fromkeys(("ci_high", "high_95", "cluster_high", "mde_high"), high),
    }
    rows.loc[restates, list(numbers)] = list(numbers.values())
    rows.to_parquet(path)
    record = project.record(h)
    content = json.loads(record.read_text(encoding="utf-8"))
    content["provenance"]["profile"] = "full"
    content["quantities"] |= {
        "primary.needed_1_5": {"value": NEEDED, "unit": "count"},
        "primary.needed_2": {"value": NEEDED, "unit": "count"},
        "primary.e_value": {"value": point, "unit": "ratio"},
        "primary.interval": {"value": f"{low} to {high}", "unit": "text"},
    }
    if h == "h1":
        content["quantities"]["months"] = {"value": point, "unit": "months", "digits": 4}
    content["diagnostics"]["leave_one_out"] = [
        {"kind": "conflict", "left_out": "1", "hazard_ratio": point}
    ]
    record.write_text(json.dumps(content | changes), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path, repository: Path) -> Path:
    """Return a study: h1 is withdrawn, h2 not estimable, and h3 as it was."""
    made = made_up.write_study(tmp_path / "study", repository, is_released=True)
    marked(made, "h1")
    marked(made, "h2", verdict={"code": "not-estimable", "reasons": [FEW]})
    declare(made, ENTRIES)
    return made


def found(text: str) -> list[str]:
    """The withheld numbers in a text: as they stand, and with two or three decimals."""
    numbers = {f"{one:.{k}f}" for values in MARKS.values() for one in values for k in (2, 3, 4)}
    numbers |= {str(NEEDED), f"{NEEDED:,}"}
    return re.findall(rf"(?<![\d.])({'|'.join(map(re.escape, sorted(numbers)))})(?!\d)", text)


def test_a_withdrawn_estimate_has_a_reason_in_place_of_its_numbers(root: Path) -> None:
    record = load(Project(root), "h1")
    assert record.verdict.code == "withdrawn"
    assert record.verdict.reasons[0].values == {"reason": REASON}
    rows = record.estimates.set_index("estimate_id")
    restating = ["h1.primary", "h1.lag_00", "h1.lag_03", "h1.lag_12", "h1.lead", "h1.naive"]
    assert (rows.loc[restating, "withheld"] == SENTENCE).all()
    values = [name for name in withheld.VALUES if name in rows]
    assert rows.loc[restating, values].isna().all(axis=None)
    # Counts are facts, and estimates that ask something else stay.
    assert rows.loc["h1.primary", ["n_units", "exposed_units", "exposed_events"]].tolist() == [
        523,
        41,
        23,
    ]
    assert rows.loc["h1.any_force", ["estimate", "withheld"]].tolist() == [1.15, ""]
    assert record.quantities["primary.e_value"] == {"value": SENTENCE, "unit": "text"}
    assert record.quantities["months"]["value"] == SENTENCE
    assert record.quantities["n_units"]["value"] == 523
    assert record.specifications is None and record.multiverse == {}
    assert record.leave_one_out.empty
    # The files keep them.
    kept = stored(Project(root), "h1")
    assert kept.primary["estimate"] == MARKS["h1"][0] and kept.withheld == {}


def test_a_primary_that_is_not_estimable_has_counts_and_no_ratio(root: Path) -> None:
    record = load(Project(root), "h2")
    assert record.verdict.code == "not-estimable"
    assert record.verdict.reasons[0].values["needed"] == {}
    assert record.primary["withheld"] == TOO_FEW and pd.isna(record.primary["estimate"])
    assert record.primary["exposed_events"] == 23
    rows = record.estimates.set_index("estimate_id")
    assert rows.loc["h2.any_force", "estimate"] == 1.15  # on 27 outcomes in 19 clusters


def test_a_note_says_the_most_particular_reason() -> None:
    """By hand: a number hidden; none, with a reason; none, without one; none, and withdrawn."""
    rows = pd.DataFrame(
        {
            "estimate_id": ["h1.primary", "h1.a", "h1.b", "h1.c", "h1.d"],
            "estimate": [2.0, np.nan, np.nan, np.nan, 3.0],
            "note": ["", "Not estimable: one end", "", "Not estimable: one end", "as it was"],
        }
    )
    withdrawn = f"{withheld.WITHDRAWN}: it counts twice"
    why = {"primary": TOO_FEW, "a": TOO_FEW, "b": TOO_FEW, "c": withdrawn}
    masked = withheld.without_numbers(rows, why)
    assert list(masked["note"]) == [
        TOO_FEW,
        "Not estimable: one end",
        TOO_FEW,
        withdrawn,
        "as it was",
    ]
    assert list(masked["withheld"]) == [TOO_FEW, TOO_FEW, TOO_FEW, withdrawn, ""]
    assert list(masked["estimate"].isna()) == [True, True, True, True, False]


def test_under_it_ratios_of_too_few_outcomes_or_clusters_are_withheld_too(root: Path) -> None:
    path = Project(root).stage("estimates", "h2")
    rows = pd.read_parquet(path).set_index("estimate_id", drop=False)
    rows.loc["h2.council_act", "expected_events"] = np.nan
    # Those expected without an effect count, where they are known.
    rows.loc["h2.any_force", ["exposed_events", "expected_events"]] = [9, 4.9]
    rows.loc["h2.council_act", ["exposed_events", "exposed_clusters"]] = [5, 3]
    rows.to_parquet(path)
    shown = load(Project(root), "h2").estimates.set_index("estimate_id")["withheld"]
    assert shown["h2.any_force"] == shown["h2.council_act"] == TOO_FEW
    rows.loc["h2.any_force", ["exposed_events", "expected_events"]] = [0, 5.0]
    rows.loc["h2.council_act", "exposed_events"] = 5
    rows.loc["h2.council_act", "exposed_clusters"] = 4
    rows.to_parquet(path)
    shown = load(Project(root), "h2").estimates.set_index("estimate_id")["withheld"]
    assert shown["h2.any_force"] == shown["h2.council_act"] == ""


@pytest.mark.full
def test_no_page_table_figure_or_script_prints_what_is_withheld(root: Path) -> None:
    folder = root / "project"
    folder.mkdir()
    assemble(Project(root), list(made_up.HYPOTHESES), folder, workers=1)
    texts = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in (".qmd", ".md", ".yml", ".csv", ".js", ".html", ".svg")
    }
    assert len(texts) > 50
    for name, text in texts.items():
        # Coordinates of a drawing are no printed numbers.
        seen = re.sub(r'<(path|use|g|rect|defs|clipPath)\b[^>]*>|transform="[^"]*"', "", text)
        assert not found(seen), name
    # In their place stands why; a number that is not withheld would have been found.
    assert "1.21" in texts["_variables.yml"]
    assert SENTENCE in texts["_variables.yml"] and TOO_FEW in texts["_variables.yml"]
    assert SENTENCE in texts["tables/h1-estimates.csv"]
    assert "[Withdrawn]{.verdict-label}" in texts["_verdict-h1.md"]
    # No bar, and no specification: neither of the page's figures has data of them.
    assert "withheld" in texts["figures/h1-multiverse.csv"].splitlines()[0]
    assert "withheld" in texts["figures/h2-leave-one-out.csv"].splitlines()[0]
    answers = pd.read_csv(folder / "figures" / "answers.csv").set_index("hypothesis")
    assert answers.loc[["h1", "h2"], ["estimate", "ci_low", "low_95"]].isna().all(axis=None)
    assert answers.loc["h1", "standing"] == "withdrawn"
    assert sorted(p.name for p in (folder / "data").glob("*-specifications.js")) == [
        "h3-specifications.js"
    ]


@pytest.mark.parametrize("command", [["show", "h1", "--all"], ["show", "h2", "--all"]])
def test_no_terminal_prints_what_is_withheld(root: Path, command: list[str]) -> None:
    for options in ([], ["--json"]):
        told = CliRunner().invoke(app, [*command, *options, "--root", str(root)])
        assert told.exit_code == 0, told.output
        said = " ".join(told.stdout.split())
        assert (REASON if command[1] == "h1" else TOO_FEW) in said
        assert not found(said)


def test_neither_do_comparisons_claims_traces_and_power(root: Path) -> None:
    for command in (
        ["compare", "h1", "h2"],
        ["claims"],
        ["claims", "--json"],
        ["power"],
        ["power", "--json"],
    ):
        told = CliRunner().invoke(app, [*command, "--root", str(root)])
        assert told.exit_code == 0, told.output
        assert not found(told.stdout), command


def test_a_side_of_a_comparison_has_none_of_the_numbers(root: Path) -> None:
    estimates, *_ = diff.read_results(Project(root), diff.renamed(Project(root)), Project(root))
    assert estimates is not None
    values = estimates.set_index("estimate_id")["estimate"]
    assert pd.isna(values["h1.primary"]) and pd.isna(values["h2.lag_00"])
    assert values["h3.primary"] == 1.21


@pytest.mark.parametrize(
    ("entries", "needle"),
    [
        ({"a": {"names": ["h1.primary"], "since": "0.4.0"}}, "reason"),
        ({"a": {"names": ["h1.primary"], "since": "soon", "reason": "why"}}, "since"),
        ({"a": {"names": [], "since": "0.4.0", "reason": "why"}}, "names"),
        ({"a": {"names": ["primary"], "since": "0.4.0", "reason": "why"}}, "names"),
        ({"a": {"names": ["h1.x", "h1.x"], "since": "0.4.0", "reason": "why"}}, "twice"),
        ({"a": {"names": ["h1.x"], "since": "0.4.0", "reason": "why."}}, "reason"),
        ({"a": {"names": ["h1.x"], "since": "0.4.0", "reason": "w", "of": 1}}, "of"),
        ({"a": {"names": ["h9.primary"], "since": "0.4.0", "reason": "why"}}, "h9"),
        ({"a": {"names": ["h1.primry"], "since": "0.4.0", "reason": "why"}}, "is no estimate"),
        ({"a": {"names": ["*.nowhere"], "since": "0.4.0", "reason": "why"}}, "is no estimate"),
    ],
)
def test_a_list_that_says_nothing_or_names_nothing_is_refused(
    root: Path, entries: object, needle: str
) -> None:
    declare(root, entries)
    with pytest.raises(BadSpec, match=needle) as raised:
        withheld.check(Project(root))
    assert all(fault.file == withheld.FILE for fault in raised.value.faults)


def test_a_list_may_name_what_has_not_been_estimated_yet(root: Path) -> None:
    declare(root, {"a": {"names": ["h1.primary"], "since": "0.4.0", "reason": "why"}})
    withheld.check(Project(root))
    Project(root).record("h1").unlink()
    declare(root, {"a": {"names": ["h1.primry"], "since": "0.4.0", "reason": "why"}})
    withheld.check(Project(root))
    (root / withheld.FILE).unlink()
    withheld.check(Project(root))
    assert withheld.read(Project(root)) == []
