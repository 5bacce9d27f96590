"""A hypothesis file is checked key by key, and refused with the nearest name."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collsec.core.errors import BadSpec
from collsec.core.project import Project
from collsec.hypothesis.extension import load_modules
from collsec.hypothesis.specification import from_json, read, specification_digest
from collsec.hypothesis.study import load_study
from collsec.hypothesis.validation import ON_THE_DAY, OPTIONAL, check, load
from study import known

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
    spec = load(Project(REPOSITORY), name, known())
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


REFUSED = [
    ("lags_months:", "lags_month:", 0, ["key lags_month: unknown key", "'lags_months'"]),
    ("  measure: un_troops\n", "  measure: un_trops\n", 0, ["'un_trops'", "'un_troops'"]),
    ("  lag_months: 6\n", "  lag_month: 6\n", 0, ["exposure.lag_month", "'lag_months'"]),
    ("  lag_months: 6\n", "  lag_months: six\n", 0, ["exposure.lag_months", "'six'", "whole"]),
    ("  lag_months: 6\n", "  lag_months: -6\n", 0, ["exposure.lag_months", "-6", "0 or more"]),
    ("  lag_months: 6\n", "  lag_months: 600\n", 0, ["lag_months", "600", "at most 120"]),
    ("  lag_months: 6\n", "  lag_months: true\n", 0, ["lag_months", "True", "whole number"]),
    ("  lag_months: 6\n", "  lag_months: 6.0\n", 0, ["lag_months", "6.0", "whole number"]),
    ("  lag_months: 6\n", f"  lag_months: {'9' * 400}\n", 0, ["lag_months", "too large"]),
    ("lags_months: [0,", "lags_months: [0, 0,", 0, ["lags_months", "0 stands twice"]),
    ("lags_months: [0,", "lags_months: [0, -3,", 0, ["lags_months[1]", "-3", "0 or more"]),
    ("outcome: episode_end", "outcome: episode_ends", 0, ["'episode_ends'", "'episode_end'"]),
    ("expected: above_one", "expected: above_1", 0, ["'above_1'", "'above_one'"]),
    ("cluster: gwno_host", "cluster: country", 0, ["key cluster", "'country'", "gwno_host"]),
    (
        "[no_un_troops_in_host_at_onset]",
        "[no_un_troops_at_onset]",
        0,
        ["cohort.rules[0]", "'no_un_troops_in_host_at_onset'"],
    ),
    (
        "validity: known-biased",
        "validity: known_biased",
        0,
        ["secondary[5].validity", "'known_biased'", "'known-biased'"],
    ),
    ("hypothesis: h1\n", "hypothesis: h2\n", 0, ["key hypothesis", "'h2'", "'h1'"]),
    ("hypothesis: h1\n", "hypothesis: H1\n", 0, ["key hypothesis", "'H1'", "lower-case"]),
    (
        "claims: [C01a,",
        "claims: [C01x,",
        0,
        ["claims[0]", "'C01x'", "'C01b'", "61 exist"],
    ),
    ("claims: [C01a,", "claims: [C01b,", 0, ["key claims", "'C01b' stands twice"]),
    ("cites: [ucdp_acd,", "cites: [ucdp_acb,", 0, ["cites[0]", "'ucdp_acb'", "'ucdp_acd'"]),
    (
        "parts: [peace_process, stages,",
        "parts: [peace_process, stage,",
        0,
        ["parts[1]", "'stage'", "'stages'"],
    ),
    ("measure: un_personnel,", "measure: un_troops_absorbing,", 2, ["secondary[2]", "twice"]),
    ("{measure: ever_un_troops,", "{measure: ever_un_troops, lag_months: 6,", 0, ["no lag"]),
    ("[end_by_agreement,", "[episode_end,", 0, ["outcomes[0]", "primary's own outcome"]),
    ("cluster: gwno_host\n", "cluster: gwno_host\nadjustment: [democracy]\n", 1, ["honor"]),
    (
        "method: risk_set_rerandomization",
        "method: cluster_jackknife",
        0,
        ["inference.method", "'cluster_jackknife'", "risk_set_rerandomization"],
    ),
    (
        "  lag_months: 6\n",
        "  lag_months: 6\n  inference: cluster_sandwich\n",
        1,
        ["exposure.inference", "'cluster_sandwich'"],
    ),
    ('day: "2026-11-24"', 'day: "24 November"', 0, ["amendments[0].day", "'24 November'"]),
    ('day: "2026-11-24"', 'day: "2026-11-26"', 7, ["amendments[1].day", "before 2026-11-26"]),
    ('day: "2026-11-24"', "day: 2026-11-24", 0, ["amendments[0].day", "quotation marks"]),
    ("fails_if: above_one", "fails_if: above", 0, ["falsification[1].fails_if", "'above_one'"]),
    (
        "amendments:\n",
        "amendments:\n  - {day: '2026-11-24', change: Lag, reason: ' '}\n",
        1,
        ["amendments[0].reason", "is empty"],
    ),
    ("design: time_varying\n", "", -4, ["key design: is missing", "registered design"]),
    ("design: time_varying", "design: time_vary", 0, ["key design", "'time_varying'"]),
    ("claims: [C01a, C01b, C02a, C02b]", "claims: C01", 0, ["key claims", "'C01'", "list"]),
    ("no_effect: [0.8, 1.25]", "no_effect: [1.25, 0.8]", 0, ["[1.25, 0.8]", "around 1"]),
    ("no_effect: [0.8, 1.25]", "no_effect: [0.8]", 0, ["estimand.no_effect", "2 values"]),
    ("no_effect: [0.8, 1.25]", "no_effect: [0.8, .nan]", 0, ["no_effect[1]", "finite"]),
    ("no_effect: [0.8, 1.25]", "no_effect: [0.8, '1']", 0, ["no_effect[1]", "'1'", "a number"]),
    ("claims: [C01a", "claims: [[C01a", 1, ["not YAML"]),
    ("claims: [C01a", "claims: &a [C01a", 0, ["anchors"]),
    ("design: time_varying\n", "design: time_varying\ndesign: votes\n", 1, ["on line 6 already"]),
    ('title: "Do wars', 'title: "Do \\u202ewars', 0, ["key title", "U+202E", "right-to-left"]),
    ("The article holds", "The \u202earticle holds", 0, ["U+202E", "right-to-left override"]),
]


@pytest.mark.parametrize(("old", "new", "below", "needles"), REFUSED)
def test_a_mistake_is_refused_in_one_line_with_its_place(
    edited: Edit, old: str, new: str, below: int, needles: list[str]
) -> None:
    text = Project(REPOSITORY).spec_file("h1").read_text(encoding="utf-8")
    line = text[: text.index(old.strip())].count("\n") + 1 + below
    with pytest.raises(BadSpec) as caught:
        load(edited(old, new), "h1", known())
    message = str(caught.value).splitlines()[0]
    where = f"analyses/h1/h1-deployment-delay.qmd, line {line}"
    assert re.match(rf"{where}[,:]", message), message
    for needle in needles:
        assert needle in message


def test_an_empty_multiverse_is_refused(edited: Edit) -> None:
    project = edited("multiverse:   ", "multiverse: {}\nmultiverse_: ")
    with pytest.raises(BadSpec) as caught:
        load(project, "h1", known())
    first, second = sorted(caught.value.faults, key=lambda fault: fault.place)
    assert (first.line, first.key, second.key) == (36, "multiverse", "multiverse_")
    assert first.problem == "is empty; fill it in."


def test_designs_honor_only_keys_that_the_validation_asks_about() -> None:
    assert {"time_varying", "fixed_at_onset"} <= known().designs.keys()
    for design in known().designs.values():
        assert set(design.honors) <= {*OPTIONAL, ON_THE_DAY}
        assert design.methods


IGNORED = [
    # Arrivals are compared by deaths of a host by month, and by what held on the day.
    ("h7", {"outcomes": ("lull_3m",)}, ["outcomes[0]", "'lull_3m'", "deaths_in_host_by_month"]),
    ("h7", {"outcome": "episode_end"}, ["key outcome", "'episode_end'", "monthly_violence"]),
    ("h7", {"strata": ("region",)}, ["strata[0]", "'region'", "agreement_24m"]),
    # Cells of units by periods have no strata.
    ("h13", {"strata": ("region",)}, ["key strata", "'panel_counts' does not honor"]),
    ("h13", {"outcome": "deaths_in_host_by_month"}, ["key outcome", "'panel_counts'"]),
    ("h5", {"outcomes": ("end_by_agreement",)}, ["outcomes[0]", "months_at_war_60"]),
    ("h1", {"outcome": "months_at_war_36"}, ["key outcome", "'months_at_war_36'"]),
    ("h4", {"outcomes": ("deaths_in_host_by_month",)}, ["outcomes[0]", "'recurrence'"]),
]


@pytest.mark.parametrize(("name", "changes", "needles"), IGNORED)
def test_what_a_design_would_ignore_is_refused(
    name: str, changes: dict[str, Any], needles: list[str]
) -> None:
    project = Project(REPOSITORY)
    known_names = known()
    page, document = read(project, name)
    load_modules(project, page, document)
    assert list(check(page, document, known_names)) == []
    [fault] = check(dataclasses.replace(page, **changes), document, known_names)
    for needle in needles:
        assert needle in str(fault)


def test_every_fault_is_told_at_once(edited: Edit) -> None:
    edited("cluster: gwno_host", "cluster: country")
    edited("fails_if: above_one", "fails_if: below_one")
    project = edited("cites: [ucdp_acd", "cites: [ucdp_acb")
    path = project.spec_file("h1")
    text = path.read_text(encoding="utf-8").replace("outcome: episode_end", "outcome: the_end")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadSpec) as caught:
        load(project, "h1", known())
    assert sorted(str(fault.key) for fault in caught.value.faults) == [
        "cites[0]",
        "cluster",
        "outcome",
    ]
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("exposures", "designs", "problem"),
    [
        (("veto_12m", "veto_6m"), (), "asks about the exposure veto_12m or veto_6m, not un_troops"),
        ((), ("fixed_at_onset",), "asks about the design fixed_at_onset, not time_varying"),
    ],
)
def test_a_part_that_asks_about_something_else_is_refused(
    exposures: tuple[str, ...], designs: tuple[str, ...], problem: str
) -> None:
    @dataclass(frozen=True)
    class Other:
        exposures: tuple[str, ...]
        designs: tuple[str, ...]

    other = {**known().parts, "stages": Other(exposures, designs)}
    with pytest.raises(BadSpec, match=rf"line 35, key parts\[1\], value 'stages': {problem}"):
        load(Project(REPOSITORY), "h1", dataclasses.replace(known(), parts=other))


def test_a_grid_too_large_to_estimate_is_refused(edited: Edit) -> None:
    option = "{{validity: {tag}, label: '', drop_countries: [{n}]}}"
    axes = "".join(
        f"  axis_{a}:\n    own: {{validity: principled, label: ''}}\n"
        + "".join(
            f"    o{n}: {option.format(tag='plausible', n=100 * a + n)}\n" for n in range(1, 10)
        )
        for a in range(1, 4)
    )
    with pytest.raises(BadSpec, match=r"multiverse: 1,920,000 combinations; at most 20,000"):
        load(edited("  lag:\n", f"{axes}  lag:\n"), "h1", known())


def test_a_hypothesis_may_have_any_name_and_a_folder_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "analyses", tmp_path / "analyses")
    project = Project(tmp_path)
    (tmp_path / "analyses" / "mediation").mkdir()
    page = tmp_path / "analyses" / "mediation" / "mediation_2-first-try.qmd"
    text = project.spec_file("h1").read_text(encoding="utf-8")
    text = text.replace("modules: [", "parts: [] #[").replace("parts: [p", "#[")
    page.write_text(text.replace("hypothesis: h1\n", "hypothesis: mediation_2\n"), "utf-8")
    assert load(project, "mediation_2", known()).hypothesis == "mediation_2"
    page.write_text(text.replace("hypothesis: h1\n", "hypothesis: study\n"), "utf-8")
    with pytest.raises(BadSpec, match=r"mediation/mediation_2.*'study' is taken by a file"):
        load(project, "mediation_2", known())


def test_ever_deployed_is_refused_unless_tagged_known_biased(edited: Edit) -> None:
    with pytest.raises(BadSpec, match="immortal time"):
        load(
            edited(
                "{measure: ever_un_troops, validity: known-biased}", "{measure: ever_un_troops}"
            ),
            "h1",
            known(),
        )


def test_a_known_biased_design_cannot_be_primary(edited: Edit) -> None:
    with pytest.raises(BadSpec, match="cannot be primary"):
        load(
            edited(
                "  measure: un_troops\n", "  measure: ever_un_troops\n  validity: known-biased\n"
            ),
            "h1",
            known(),
        )


def test_digest_follows_the_specification_and_not_the_prose(edited: Edit) -> None:
    project = Project(REPOSITORY)
    before = specification_digest(project, "h1")
    assert specification_digest(edited("The article holds", "The article claims"), "h1") == before
    assert specification_digest(edited("lag_months: 6", "lag_months: 9"), "h1") != before
