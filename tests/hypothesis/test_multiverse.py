"""The declared multiverse: every combination once, tagged by its weakest option, hashed."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collsec.core.errors import BadSpec
from collsec.core.project import Project
from collsec.hypothesis.multiverse import declared, digest, expand
from collsec.hypothesis.options import VALIDITY, OptionSpec
from collsec.hypothesis.specification import Spec
from collsec.hypothesis.validation import load
from study import known

REPOSITORY = Path(__file__).resolve().parents[2]
Edit = Callable[[str, str], Project]


@pytest.fixture(scope="module")
def h1() -> Spec:
    """Return the specification of H1."""
    return load(Project(REPOSITORY), "h1")


def small(spec: Spec) -> Spec:
    """Two lags, an exposure with a lag and one without, two cohorts."""

    def option(validity: str = "principled", **choices: object) -> OptionSpec:
        return OptionSpec(validity=validity, label="", **choices)

    return dataclasses.replace(
        spec,
        multiverse={
            "lag": {"six": option(), "none": option("plausible", lag_months=0)},
            "exposure": {
                "troops": option(),
                "ever": option("known-biased", measure="ever_un_troops"),
            },
            "cohort": {"all": option(), "late": option(add_rules=("onset_since_1989",))},
        },
    )


@pytest.mark.parametrize(("name", "least"), [("h1", 200), ("h2", 200), ("h3", 500)])
def test_committed_multiverses_are_as_large_as_promised(name: str, least: int) -> None:
    specifications = expand(load(Project(REPOSITORY), name), known())
    assert len(specifications) >= least
    assert len({s.id for s in specifications}) == len(specifications)


def test_the_primary_is_the_one_specification_without_departures(h1: Spec) -> None:
    primary = [s for s in expand(h1, known()) if not s.departures]
    assert len(primary) == 1
    assert primary[0].validity == "principled"
    assert not primary[0].choices.made()


def test_combinations_that_come_to_the_same_model_are_one(h1: Spec) -> None:
    """Of 2 × 2 × 2 combinations, the exposure without a lag gives two instead of four."""
    specifications = expand(small(h1), known())
    assert len(specifications) == 6
    ever = [s for s in specifications if s.options["exposure"] == "ever"]
    assert {s.options["lag"] for s in ever} == {"six"}


def test_a_tag_is_the_weakest_of_its_options(h1: Spec) -> None:
    spec = small(h1)
    for one in expand(spec, known()):
        tags = [spec.multiverse[axis][name].validity for axis, name in one.options.items()]
        assert one.validity == max(tags, key=VALIDITY.index)
    assert [s.validity for s in expand(spec, known())].count("known-biased") == 2


def test_identity_follows_what_is_estimated_and_neither_names_nor_labels(h1: Spec) -> None:
    spec = small(h1)
    lag = spec.multiverse["lag"]
    renamed = dataclasses.replace(
        spec,
        multiverse=spec.multiverse
        | {"lag": {"sechs": lag["six"], "null": dataclasses.replace(lag["none"], label="No lag")}},
    )
    other = dataclasses.replace(
        spec,
        multiverse=spec.multiverse
        | {"lag": {"six": lag["six"], "none": dataclasses.replace(lag["none"], lag_months=1)}},
    )
    ids = {s.id for s in expand(spec, known())}
    assert {s.id for s in expand(renamed, known())} == ids
    assert len({s.id for s in expand(other, known())} & ids) == 4


def test_the_digest_of_the_grid_holds_the_tags(h1: Spec) -> None:
    grid = declared(expand(small(h1), known()))
    assert digest(grid.sample(frac=1, random_state=1)) == digest(grid)
    retagged = grid.assign(validity="principled")
    assert digest(retagged) != digest(grid)
    assert list(grid.columns) == [
        "specification",
        "validity",
        "axis_cohort",
        "axis_exposure",
        "axis_lag",
    ]


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


LAG_12 = '{validity: principled, label: "Lag of 12 months", lag_months: 12}'
LAG_06 = '{validity: principled, label: "Lag of 6 months"}'


@pytest.mark.parametrize(
    ("old", "new", "needles"),
    [
        (
            LAG_12,
            '{validity: principled, label: "Twelve", lag_month: 12}',
            ["multiverse.lag.months_12.lag_month", "'lag_months'"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve", lag_months: twelve}',
            ["multiverse.lag.months_12.lag_months", "'twelve'", "whole number"],
        ),
        (
            LAG_12,
            '{validity: sound, label: "Twelve", lag_months: 12}',
            ["multiverse.lag.months_12.validity", "'sound'", "principled"],
        ),
        (
            LAG_12,
            '{label: "Twelve", lag_months: 12}',
            ["key multiverse.lag.months_12.validity: is missing"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve"}',
            ["multiverse.lag", "2 options without any choice", "months_06", "months_12"],
        ),
        (
            LAG_06,
            '{validity: principled, label: "Nine", lag_months: 9}',
            ["multiverse.lag", "0 options without any choice"],
        ),
        (
            LAG_06,
            '{validity: plausible, label: "Lag of 6 months"}',
            ["multiverse.lag.months_06.validity", "must be principled"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Six", lag_months: 6}',
            ["multiverse.lag.months_12", "same specification as 'months_06'"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Three", lag_months: 3}',
            ["multiverse.lag", "same specification as"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve", lag_months: 12, strata: [period]}',
            ["strata", "axis 'lag' chooses it already"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve", measure: un_personel}',
            ["multiverse.lag.months_12.measure", "'un_personnel'"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve", drop_rules: [no_p5_party]}',
            ["multiverse.lag.months_12.drop_rules", "'no_p5_party'"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve", weights: equal}',
            ["multiverse.lag.months_12", "'salience'"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Twelve", gap_years: 0}',
            ["multiverse.lag.months_12.gap_years", "1 or more"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Index", measure: un_personnel, powers: [usa]}',
            ["multiverse.lag.months_12.powers", "'un_personnel' takes no powers", "salience"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "Minus six", lag_months: -6}',
            ["multiverse.lag.months_12.lag_months", "value -6", "0 or more"],
        ),
        (
            LAG_12,
            '{validity: principled, label: "No type", types: []}',
            ["multiverse.lag.months_12.types", "is empty"],
        ),
        (LAG_12, "12", ["multiverse.lag.months_12", "must be a mapping"]),
        ("  lag:\n", "  7:\n", ["multiverse", "must be a mapping of names"]),
        ("  lag:\n", "  Lag 6:\n", ["multiverse.Lag 6", "lower-case letters"]),
        ("    months_06:", "    6-months:", ["multiverse.lag.6-months", "lower-case letters"]),
        (
            "ever: {validity: known-biased",
            "ever: {validity: plausible",
            ["multiverse.exposure.ever", "immortal time"],
        ),
    ],
)
def test_an_unclear_multiverse_is_refused(
    edited: Edit, old: str, new: str, needles: list[str]
) -> None:
    with pytest.raises(BadSpec) as caught:
        load(edited(old, new), "h1", known())
    for needle in ["analyses/h1/h1-deployment-delay.qmd", *needles]:
        assert needle in str(caught.value)


def test_an_axis_with_one_option_varies_nothing(h1: Spec, edited: Edit) -> None:
    text = '  adjustment:\n    none: {validity: principled, label: "No covariates"}\n'
    project = edited(text, '  second:\n    same: {validity: principled, label: ""}\n' + text)
    with pytest.raises(BadSpec, match=r"multiverse\.second.*varies nothing"):
        load(project, "h1", known())


def test_order_of_axes_and_options_in_the_file_does_not_matter(h1: Spec) -> None:
    spec = small(h1)
    turned = dataclasses.replace(
        spec,
        multiverse={
            axis: dict(reversed(options.items()))
            for axis, options in reversed(spec.multiverse.items())
        },
    )
    assert expand(turned, known()) == expand(spec, known())


def test_rules_and_countries_of_several_axes_add_up(h1: Spec) -> None:
    spec = small(h1)
    axes = spec.multiverse | {
        "left_out": {
            "nobody": OptionSpec(validity="principled", label=""),
            "mali": OptionSpec(
                validity="principled",
                label="",
                drop_countries=(432,),
                add_rules=("more_than_one_day",),
            ),
        }
    }
    both = [
        s
        for s in expand(dataclasses.replace(spec, multiverse=axes), known())
        if set(s.departures) == {"cohort", "left_out"}
    ]
    assert len(both) == 1
    assert both[0].choices.add_rules == ("more_than_one_day", "onset_since_1989")
    assert both[0].choices.drop_countries == (432,)
