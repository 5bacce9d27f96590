"""What commands print: whole, within a screen, and with help where something is missing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

import report_study as study
from collsec.cli.main import app
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.evidence.detectable import RATIOS, detectable, in_study
from collsec.hypothesis.study import load_study
from collsec.reports.pages import terminal
from collsec.reports.words import summary
from riskset.inference import minimum_detectable_effect, schoenfeld_std_error

LINES = 48  # of a terminal on a full screen


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Return a study that has estimates, and no reports yet."""
    folder = tmp_path_factory.mktemp("study") / "made"
    return study.write_study(folder, repository, is_released=True)


@pytest.fixture
def fresh(tmp_path: Path, repository: Path) -> Path:
    """Return a study whose files a test may change."""
    return study.write_study(tmp_path / "fresh", repository)


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def printed(*parts: Any) -> str:
    console = Console(file=io.StringIO(), width=terminal.WIDTH, highlight=False)
    for part in parts:
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def words(text: str) -> str:
    return " ".join(text.split())


# show ----------------------------------------------------------------


def test_one_screen_holds_all_that_must_stand_together(made: Path) -> None:
    text = run("show", "h1", "--root", made)
    assert len(text.splitlines()) <= LINES
    assert max(map(len, text.splitlines())) <= terminal.WIDTH
    flat = words(text)
    for needle in (
        f"H1 {study.TITLES['h1']}",
        "h1.primary@3f9c2a · collsec 0.1.0 · data 3f9c2a77aa10 · quick profile: do not cite",
        "CANNOT TELL: THE INTERVAL HOLDS BOTH The record neither shows the claimed effect",
        "· the interval includes both no effect and effects large enough to matter",
        "Exposure: UN troops present, lagged 6 months. The claim implies above one; 0.80 to 1.25",
        "523 wars, 466 ended, in 108 countries. From all episodes 620 → type at onset 523",
        "41 wars in 19 countries were exposed, and 23 ended while exposed; 11.5 expected (at",
        "a ratio above 2.20 or below 0.46, with power 80 %",
        "risk-set re-randomization, 98.3 % interval; p 0.437, Holm over 3 primaries 0.880",
        "primary UN troops, lag of 6 months 1.21 0.68 to 2.15 0.437 23",
        "known biased Ever deployed, fixed at onset 0.27",
        "Months of war per year of delay 1.9 months/yr −2.7 to 6.4",
        "Wars with UN troops within 12 months 4.3 % 2.1 to 7.8 –",
        "A second engine gives the same coefficient gap below 1e-6",
        "rejects in 3.5 % of 1,000 draws",
        "Placebo: Troops before they came uninformative",
        "One conflict or mission left out at a time the sign never changes",
        "Principled specifications that agree in sign 85.7 %",
    ):
        assert needle in flat, needle


def test_a_question_is_shown_with_its_answers(made: Path) -> None:
    text = run("show", "oracles", "--root", made)
    assert max(map(len, text.splitlines())) <= terminal.WIDTH
    flat = words(text)
    assert flat.startswith(
        "What do oracles change? Where oracles are, there is no difference worth mentioning in"
    )
    assert "Oracles came to 41 wars." in flat
    assert "Peace (H1): Cannot tell: the interval holds both" in flat
    assert "End of war (H3): Supported" in flat
    found = json.loads(run("show", "oracles", "--json", "--root", made))
    assert [one["answer"] for one in found["answers"]] == [
        "Supported",
        "No difference worth mentioning",
        "Cannot tell: the interval holds both",
    ]


def test_a_quick_profile_without_a_release_has_no_verdict(fresh: Path) -> None:
    flat = words(run("show", "h1", "--root", fresh))
    assert "NEEDS THE FULL PROFILE These numbers come from too few draws for a verdict." in flat
    assert "CANNOT TELL" not in flat
    released = fresh / "reports" / "MANIFEST.json"
    released.write_text('{"results": {"h1": {"verdict": "supported"}}}', encoding="utf-8")
    assert "NEEDS THE FULL PROFILE" in words(run("show", "h1", "--root", fresh))


def test_the_primary_stands_once_and_placebos_only_among_the_checks(made: Path) -> None:
    rows = study.estimate_rows()
    again = rows[rows["role"] == "primary"].assign(role="lag", estimate_id="h1.lag_06")
    groups = terminal.by_role(pd.concat([rows, again]), np.inf)
    ids = [i for _, own, _ in groups for i in own["estimate_id"]]
    assert "h1.primary" in ids and "h1.lag_06" not in ids and "h1.lag_00" in ids
    assert "h1.lead" not in ids
    assert [role for role, _, _ in groups] == [
        "primary",
        "lag",
        "secondary",
        "descriptive",
        "known_biased",
    ]


@pytest.mark.parametrize("rows", [1, 5, 8, 20, 1000])
def test_the_longest_role_gives_way_first_and_none_vanishes(rows: int) -> None:
    counts = {"primary": 1, "lag": 3, "secondary": 30, "interaction": 12, "known_biased": 1}
    every = pd.DataFrame(
        [(role, f"{role}.{i}", float(i)) for role, n in counts.items() for i in range(n)],
        columns=["role", "estimate_id", "lag_months"],
    )
    every.loc[every["role"] == "primary", "lag_months"] = -1.0
    groups = terminal.by_role(every, rows)
    kept = {role: len(own) for role, own, _ in groups}
    assert set(kept) == set(counts) and min(kept.values()) >= 1
    assert sum(kept.values()) <= max(rows, len(counts))
    assert {r: len(own) + left for r, own, left in groups} == counts
    if rows == 1000:
        assert kept == counts
    cut = [n for role, n in kept.items() if n < counts[role]]
    assert not cut or max(kept.values()) - min(cut) <= 1
    for role, own, _ in groups:
        assert own["estimate_id"].tolist() == [f"{role}.{i}" for i in range(kept[role])]


def test_a_long_list_is_cut_and_says_so_unless_all_is_asked_for(fresh: Path) -> None:
    path = fresh / "data" / "processed" / "estimates" / "h1.parquet"
    rows = pd.read_parquet(path)
    more = [
        rows[rows["role"] == "secondary"]
        .head(1)
        .assign(estimate_id=f"h1.more_{i}", label=f"Design {i}")
        for i in range(40)
    ]
    pd.concat([rows, *more], ignore_index=True).to_parquet(path)
    text = run("show", "h1", "--root", fresh)
    assert len(text.splitlines()) <= LINES and "of 43" in text and "Design 39" not in text
    whole = run("show", "h1", "--all", "--root", fresh)
    assert "Design 39" in whole and "of 43" not in whole


def test_the_levels_of_the_intervals_are_told(fresh: Path) -> None:
    path = fresh / "data" / "processed" / "estimates" / "h1.parquet"
    rows = pd.read_parquet(path)
    rows.loc[~rows["role"].isin(["primary", "lag"]), "level"] = 0.95
    rows.loc[rows["estimate_id"] == "h1.cost_of_delay", "level"] = 1 - 0.05 / 3
    rows.to_parquet(path)
    text = words(run("show", "h1", "--root", fresh))
    assert "Intervals: 95 %, 98.3 % (primary, lag, 1 secondary)." in text or (
        "Intervals: 98.3 %, 95 % (2 secondary, falsification, known_biased, descriptive)." in text
    )


def test_variants_and_the_multiverse_are_one_line(fresh: Path) -> None:
    path = fresh / "data" / "processed" / "estimates" / "h1.parquet"
    rows = pd.read_parquet(path)
    first = rows.head(1)
    variants = [
        first.assign(estimate_id="h1.variant.a", role="variant", estimate=0.9),
        first.assign(estimate_id="h1.variant.b", role="variant", estimate=1.7),
        first.assign(
            estimate_id="h1.variant.c", role="variant", estimate=9.0, validity="known-biased"
        ),
    ]
    pd.concat([rows, *variants], ignore_index=True).to_parquet(path)
    text = words(run("show", "h1", "--root", fresh))
    assert "2 variants: hazard ratios from 0.90 to 1.70." in text


def test_what_cannot_be_estimated_says_why() -> None:
    row = study.estimate_rows().iloc[0].to_dict() | {
        "estimate": np.nan,
        "ci_low": np.nan,
        "ci_high": np.nan,
        "p_value": np.nan,
        "note": "Not estimable: 3 treated",
    }
    rows = pd.DataFrame([row | {"shown_role": role} for role in ("primary", "", " 3 of 6")])
    line, *others = terminal.estimate_table(rows, "").cells()
    assert [other[0] for other in others] == ["", " 3 of 6"]
    assert line == [
        "primary",
        "UN troops, lag of 6 months. Not estimable: 3 treated",
        "–",
        "–",
        "–",
        "23",
    ]


def test_an_undetectable_effect_and_a_fixed_exposure_are_said(made: Path) -> None:
    [(record, _)] = summary.read(Project(made), ["h1"])
    record.estimates["mde_high"] = np.inf
    fixed = {**record.spec, "design": "fixed_at_onset"}
    changed = type(record)(**{f: getattr(record, f) for f in record.__slots__} | {"spec": fixed})
    facts = summary.facts(changed, load_study(Project(made)))
    assert facts["Detectable"] == "no effect, however large"
    assert facts["Exposed"] == "466 of 523 wars in 108 countries ended"


# compare ----------------------------------------------------------------


def test_hypotheses_stand_side_by_side(made: Path) -> None:
    text = run("compare", "h1", "h3", "--root", made)
    assert max(map(len, text.splitlines())) <= terminal.WIDTH
    head = text.splitlines()[0].split()
    assert head == ["H1", "H3"]
    verdict = next(line for line in text.splitlines() if line.startswith("Verdict"))
    assert verdict.index("Cannot tell") < verdict.index("Supported")
    for name in (
        "Question",
        "Estimand",
        "Cohort",
        "Exposed",
        "Detectable",
        "Inference",
        "Estimate",
        "Placebos",
        "Second engine",
        "Under the null",
        "Leave one out",
        "Agreement in sign",
        "Proportional",
        "Result",
    ):
        assert sum(line.startswith(name) for line in text.splitlines()) == 1, name


def test_three_can_be_compared(made: Path) -> None:
    assert run("compare", "h1", "h2", "h3", "--root", made).splitlines()[0].split() == [
        "H1",
        "H2",
        "H3",
    ]


# Where something is missing ----------------------------------------------------------------


def refused(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code != 0
    assert isinstance(done.exception, CollsecError), repr(done.exception)
    return str(done.exception)


@pytest.mark.parametrize("command", [["show", "h1"], ["compare", "h1", "h2"]])
def test_without_estimates_the_message_says_what_to_run(fresh: Path, command: list[str]) -> None:
    (fresh / "data" / "processed" / "estimates" / "h1.json").unlink()
    message = refused(*command, "--root", fresh)
    assert "data/processed/estimates/h1.json does not exist yet. Run `collsec run`" in message


@pytest.mark.parametrize("command", [["show", "h9"], ["compare", "h1", "h9"], ["cite", "h9"]])
def test_an_unknown_hypothesis_is_answered_with_those_known(made: Path, command: list[str]) -> None:
    message = refused(*command, "--root", made)
    assert "no hypothesis 'h9'" in message and "Known: h1, h2, h3." in message


def test_one_hypothesis_cannot_be_compared(made: Path) -> None:
    assert "name two different hypotheses" in refused("compare", "h1", "h1", "--root", made)


def test_a_folder_that_is_no_study_is_refused(tmp_path: Path) -> None:
    assert "is this the project's folder?" in refused("show", "h1", "--root", tmp_path)


# power ----------------------------------------------------------------


def test_the_table_of_power_is_schoenfelds(made: Path) -> None:
    rows = detectable([20, 50], 0.14, alpha=0.05 / 3, power=0.8)
    error = schoenfeld_std_error(20, 20 * 0.86 / 0.14)
    effect = minimum_detectable_effect(error, alpha=0.05 / 3, power=0.8)
    assert rows.loc[0, ["above", "below"]].tolist() == [effect.high, effect.low]
    assert rows["above"].is_monotonic_decreasing and rows["below"].is_monotonic_increasing
    for ratio in RATIOS:
        assert rows[f"power_{ratio:g}"].is_monotonic_increasing
    at = detectable([20], 0.14, alpha=0.05 / 3, power=0.68)["above"].iloc[0]
    assert at == pytest.approx(2.0, rel=0.01), "power at a ratio and the ratio at a power agree"
    assert rows.loc[0, "power_2"] == pytest.approx(0.68, abs=0.01)


def test_the_command_prints_rows_and_the_studys_own_primaries(made: Path) -> None:
    text = run("power", "20", "9", "--root", made)
    lines = [line.split() for line in text.splitlines()]
    assert next(row[:3] for row in lines if row[:1] == ["20"]) == ["20", "2.18", "0.46"]
    order = [row[0] for row in lines if row and row[0] in ("9", "20")]
    assert order == ["9", "20"]
    assert "level 0.0167 with power 80 %" in words(text)
    assert "H1, with 23 exposed terminations: above 2.20 or below 0.46" in text
    assert "at level 0.05 with power 90 %" in words(
        run("power", "--alpha", "0.05", "--power", "0.9", "--root", made)
    )


def test_power_needs_no_estimates(fresh: Path) -> None:
    for h in study.HYPOTHESES:
        (fresh / "data" / "processed" / "estimates" / f"{h}.json").unlink()
    assert in_study(Project(fresh)).empty
    assert "nothing is estimated yet" in run("power", "--root", fresh)


@pytest.mark.parametrize(("name", "begin"), [("p.svg", b"<?xml"), ("p.png", b"\x89PNG")])
def test_the_plot_is_drawn_to_a_file(made: Path, tmp_path: Path, name: str, begin: bytes) -> None:
    assert f"Drawn: {tmp_path / name}" in run("power", "--plot", tmp_path / name, "--root", made)
    assert (tmp_path / name).read_bytes().startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--plot", "p.pdf"], "end it in .png or .svg"),
        (["--share", "0"], "a share lies between 0 and 1"),
        (["--share", "1"], "a share lies between 0 and 1"),
        (["--share", "1.5"], "a share lies between 0 and 1"),
        (["--alpha", "0"], "between 0 and 1"),
        (["--power", "1"], "between 0 and 1"),
    ],
)
def test_impossible_questions_are_one_message(
    made: Path, arguments: list[str], message: str
) -> None:
    assert message in refused("power", *arguments, "--root", made)


# Help ----------------------------------------------------------------


def commands(command: Any, path: str = "collsec") -> dict[str, Any]:
    found = {path: command}
    for name, inner in getattr(command, "commands", {}).items():
        found |= commands(inner, f"{path} {name}")
    return found


@pytest.mark.parametrize("path", commands(typer.main.get_command(app)))
def test_every_command_has_examples_of_itself(path: str) -> None:
    command = commands(typer.main.get_command(app))[path]
    assert command.epilog and command.epilog.startswith("Example")
    assert f"`{path}" in command.epilog
    assert command.help
    done = CliRunner().invoke(app, [*path.split()[1:], "--help"])
    assert done.exit_code == 0 and "Example" in done.stdout
