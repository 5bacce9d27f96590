"""The choices shared by every hypothesis: families by name, bounds, and multiples of draws."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from collsec.core.errors import BadSpec, MissingInput
from collsec.core.project import Project
from collsec.evidence.verdict import over_primaries
from collsec.hypothesis.study import load_study

REPOSITORY = Path(__file__).resolve().parents[2]
Edit = Callable[[str, str], Project]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Return a copy of the study file in which one text is replaced."""
    (tmp_path / "analyses").mkdir()
    path = tmp_path / "analyses" / "_study.yml"
    own = (REPOSITORY / "analyses" / "_study.yml").read_text(encoding="utf-8")
    own = re.sub(r"hypotheses: \[.*?\]", "hypotheses: [h1, h2, h3]", own, flags=re.DOTALL)
    path.write_text(own, encoding="utf-8")

    def edit(old: str, new: str) -> Project:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return Project(tmp_path)

    return edit


@pytest.mark.parametrize(
    ("old", "new", "needles"),
    [
        ("hypotheses: [h1, h2, h3]", "hypotheses: []", ["key hypotheses", "is empty"]),
        ("hypotheses: [h1,", "hypotheses: [h1, h1,", ["hypotheses", "'h1' stands twice"]),
        ("hypotheses: [h1,", "hypotheses: [../h1,", ["hypotheses[0]", "lower-case"]),
        ("hypotheses: [h1,", "hypotheses: [study,", ["hypotheses[0]", "taken"]),
        ("primaries: [h1, h2, h3]", "primaries: [h1, h4]", ["primaries[1]", "'h4'", "h1, h2, h3"]),
        ("primaries: [h1, h2, h3]", "primaries: 3", ["key primaries, value 3", "must be a list"]),
        ("primaries: [h1, h2, h3]", "primaries: []", ["primaries", "is empty"]),
        ("alpha: 0.05", "level: 0.05", ["key level: unknown key", "alpha"]),
        ("alpha: 0.05", "alpha: 0", ["key alpha, value 0", "above 0 and below 1"]),
        ("alpha: 0.05", "alpha: 1.0", ["key alpha, value 1.0", "above 0 and below 1"]),
        ("alpha: 0.05", "alpha: 5", ["key alpha, value 5"]),
        ("alpha: 0.05", "alpha: yes", ["key alpha, value True", "a number"]),
        ("power: 0.8", "power: 80", ["key power, value 80"]),
        ("agreement: 0.8", "agreement: 1.2", ["key agreement, value 1.2", "at most 1"]),
        ("agreement: 0.8", "agreement: 0", ["key agreement, value 0", "above 0"]),
        ("horizon_months: 60", "horizon_months: 0", ["key horizon_months", "1 or more"]),
        ("horizon_months: 60", "horizon_months: 60.5", ["horizon_months", "whole number"]),
        ("[0.02, 0.09]", "[0.09, 0.02]", ["calibration_bounds", "[0.09, 0.02]", "smaller first"]),
        ("[0.02, 0.09]", "[0.02, 1.09]", ["calibration_bounds", "between 0 and 1"]),
        ("[0.02, 0.09]", "[0.02]", ["calibration_bounds", "2 values"]),
        ("minimum_exposed_events: 10", "minimum_exposed_events: -1", ["minimum_exposed_events"]),
        ("seed: 19451024", "seed: -1", ["key seed", "0 or more"]),
        ("seed: 19451024", f"seed: {10**30}", ["key seed", "too large"]),
        ("  quick: {", "  quik: {", ["profiles.quik", "'quick'"]),
        (
            "rerandomization_draws: 2400",
            "rerandomization_draws: 2401",
            ["profiles.quick.rerandomization_draws, value 2401", "2 / alpha = 40", "Take 2400."],
        ),
        (
            "rerandomization_draws: 2400",
            "rerandomization_draws: 2440",
            ["value 2440", "2 · primaries / alpha = 120", "Take 2400."],
        ),
        ("calibration_draws: 200,", "", ["profiles.quick.calibration_draws: is missing"]),
        ("imputation_draws: 5", "imputation_draws: 1", ["imputation_draws", "2 or more"]),
        ("power: 0.8", "power: 0.8\npower: 0.9", ["power: the key stands on line"]),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    edited: Edit, old: str, new: str, needles: list[str]
) -> None:
    with pytest.raises(BadSpec) as caught:
        load_study(edited(old, new))
    message = str(caught.value)
    assert all(m.startswith("analyses/_study.yml, line ") for m in message.splitlines())
    for needle in needles:
        assert needle in message


def test_an_unknown_profile_is_told_with_the_nearest(edited: Edit) -> None:
    study = load_study(edited("power: 0.8", "power: 0.8"))
    with pytest.raises(BadSpec, match=r"unknown profile 'ful'. Did you mean 'full'\?"):
        study.draws("ful")
    assert study.draws("quick").rerandomization_draws == 2400


def test_without_a_study_file_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"_study\.yml is missing"):
        load_study(Project(tmp_path))


def test_the_size_of_the_family_fixes_the_level_and_others_have_their_own(edited: Edit) -> None:
    study = load_study(edited("hypotheses: [h1, h2, h3]", "hypotheses: [h1, h2, h3, mediation]"))
    assert study.primary_level == study.level_of("h3") == pytest.approx(1 - 0.05 / 3)
    assert study.level_of("mediation") == pytest.approx(0.95)
    one = load_study(edited("primaries: [h1, h2, h3]", "primaries: [h2]"))
    assert one.level_of("h2") == one.level_of("h1") == pytest.approx(0.95)


@pytest.mark.parametrize("size", [1, 3, 30])
def test_holm_is_over_the_family_and_nobody_else(size: int) -> None:
    names = [f"h{i}" for i in range(1, size + 1)]
    tables = {
        name: pd.DataFrame(
            {
                "role": ["primary"],
                "label": [name],
                "p_value": [0.001],
                "validity": ["principled"],
                "exposed_events": [20],
                "expected_events": [math.nan],
                "exposed_clusters": [9],
            }
        )
        for name in [*names, "outside"]
    }
    adjusted = over_primaries(tables, names, (5, 4))["p_holm"]
    assert list(adjusted) == names
    assert list(adjusted.values()) == pytest.approx([0.001 * size] * size)
