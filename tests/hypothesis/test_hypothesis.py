"""A hypothesis file is checked key by key, and refused with the nearest name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collsec.core.errors import BadSpec
from collsec.core.project import Project
from collsec.hypothesis.specification import from_json, load, load_study, specification_digest

REPOSITORY = Path(__file__).resolve().parents[2]
Edit = Callable[[str, str], Project]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Return a copy of the analyses in which one text of H1's file is replaced."""
    shutil.copytree(REPOSITORY / "analyses", tmp_path / "analyses")
    project = Project(tmp_path)

    def edit(old: str, new: str) -> Project:
        path = project.spec_file("h1")
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return project

    return edit


@pytest.mark.parametrize("name", ["h1", "h2", "h3"])
def test_committed_files_load_and_round_trip(name: str) -> None:
    spec = load(Project(REPOSITORY), name)
    assert from_json(spec.normalized()) == spec


def test_primaries_are_those_of_the_study_design() -> None:
    project = Project(REPOSITORY)
    h1, h2, h3 = (load(project, h) for h in ("h1", "h2", "h3"))
    assert (h1.exposure.measure, h1.exposure.lag_months) == ("un_troops", 6)
    assert h1.cohort.types == ("intrastate", "internationalized")
    assert h1.cohort.rules == ("no_un_troops_in_host_at_onset",)
    assert h1.lags_months == (0, 3, 6, 12)
    assert h1.strata == ("earlier_episodes_group",)
    assert h2.exposure.measure == "veto_12m"
    assert len(h2.cohort.types) == 4
    assert h2.strata == ("type_group",)
    assert h3.exposure.measure == "salience"
    assert h3.inference.method == "cluster_jackknife"
    assert load_study(project).primary_level == pytest.approx(1 - 0.05 / 3)


@pytest.mark.parametrize(
    ("old", "new", "needles"),
    [
        ("lags_months:", "lags_month:", ["'lags_month'", "'lags_months'"]),
        ("  measure: un_troops\n", "  measure: un_trops\n", ["'un_trops'", "'un_troops'"]),
        ("  lag_months: 6\n", "  lag_month: 6\n", ["exposure.lag_month", "'lag_months'"]),
        ("  lag_months: 6\n", "  lag_months: six\n", ["exposure.lag_months", "'six'", "int"]),
        ("outcome: episode_end", "outcome: episode_ends", ["'episode_ends'", "'episode_end'"]),
        ("expected: above_one", "expected: above_1", ["'above_1'", "'above_one'"]),
        ("cluster: gwno_host", "cluster: country", ["cluster", "'country'", "gwno_host"]),
        (
            "[no_un_troops_in_host_at_onset]",
            "[no_un_troops_at_onset]",
            ["cohort.rules", "'no_un_troops_in_host_at_onset'"],
        ),
        ("validity: known-biased", "validity: known_biased", ["'known_biased'", "'known-biased'"]),
        ("hypothesis: h1\n", "hypothesis: h2\n", ["'h2'", "'h1'"]),
        ('day: "2026-11-24"', 'day: "24 November"', ["amendments[0].day", "'24 November'"]),
        ('day: "2026-11-24"', 'day: "2026-11-26"', ["amendments[1].day", "before 2026-11-26"]),
        ('day: "2026-11-24"', "day: 2026-11-24", ["amendments[0].day", "must be str"]),
        ("fails_if: above_one", "fails_if: above", ["falsification[1].fails_if", "'above_one'"]),
        (
            "amendments:\n",
            "amendments:\n  - {day: '2026-11-24', change: Lag, reason: ' '}\n",
            ["amendments[0].reason", "is empty"],
        ),
        ("design: time_varying\n", "", ["'design'", "missing"]),
        ("claims: [C01a, C01b, C02]", "claims: C01", ["claims", "list"]),
        ("no_effect: [0.8, 1.25]", "no_effect: [1.25, 0.8]", ["no_effect", "around 1"]),
        ("no_effect: [0.8, 1.25]", "no_effect: [0.8]", ["no_effect", "2 values"]),
        ("claims: [C01a", "claims: [[C01a", ["YAML", "line"]),
    ],
)
def test_a_typo_is_refused_with_the_nearest_name(
    edited: Edit, old: str, new: str, needles: list[str]
) -> None:
    with pytest.raises(BadSpec) as caught:
        load(edited(old, new), "h1")
    message = str(caught.value)
    assert "analyses/h1-deployment-delay.qmd" in message
    for needle in needles:
        assert needle in message


def test_ever_deployed_is_refused_unless_tagged_known_biased(edited: Edit) -> None:
    with pytest.raises(BadSpec, match="immortal time"):
        load(
            edited(
                "{measure: ever_un_troops, validity: known-biased}", "{measure: ever_un_troops}"
            ),
            "h1",
        )


def test_a_known_biased_design_cannot_be_primary(edited: Edit) -> None:
    with pytest.raises(BadSpec, match="cannot be primary"):
        load(
            edited(
                "  measure: un_troops\n", "  measure: ever_un_troops\n  validity: known-biased\n"
            ),
            "h1",
        )


def test_digest_follows_the_specification_and_not_the_prose(edited: Edit) -> None:
    project = Project(REPOSITORY)
    before = specification_digest(project, "h1")
    assert specification_digest(edited("The article holds", "The article claims"), "h1") == before
    assert specification_digest(edited("lag_months: 6", "lag_months: 9"), "h1") != before
