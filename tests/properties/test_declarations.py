"""Declarations are true: a function gives the same on the columns that it declares and no other.

What is declared and not needed is found too: without any one of the declared columns a function
fails or gives something else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from collsec.core.errors import CollsecError
from collsec.designs import PARTS
from collsec.histories import EXTENTS, FRAMES, TIMELINES
from collsec.histories.cohorts import RULES, STRATA
from collsec.histories.registry import BadDeclaration, Declared, declaration, raw_columns
from collsec.measures import MEASURES
from collsec.measures.registry import measure
from collsec.tables.clean import read_json, resources
from study import PROJECT, linked_frames, raw_tables, study_frames, study_timelines

EVERY = "*"  # of a frame that carries a whole table along
#: Of raw tables alone: linked frames and extents.
OF_TABLES = {**{f"frame {n}": d for n, d in FRAMES.items()}, **EXTENTS}
OF_FRAMES = {
    **{f"timeline {n}": d for n, d in TIMELINES.items()},
    **{f"rule {n}": d for n, d in RULES.items()},
    **{f"stratum {n}": d for n, d in STRATA.items()},
    **MEASURES,
}
# Read for what they might hold; in the study's own tables nothing of the kind is there.
WITHOUT_EFFECT = {
    "frame acts": {"draft_conflicts.item_kind"},
}


@functools.cache
def fields() -> dict[str, list[str]]:
    return {
        name: [f["name"] for f in read_json(PROJECT, PROJECT.raw / r["schema"])["fields"]]
        for name, r in resources(PROJECT).items()
    }


def only(frames: dict[str, pd.DataFrame], declared: Declared, but: str = "") -> dict[str, Any]:
    """The frames that a function takes, with the columns that it declares, perhaps but one."""
    kept: dict[str, list[str]] = {name: [] for name in declared.takes}
    for used in declared.uses:
        of, _, column = used.partition(".")
        if used != but:
            kept[of] += list(frames[of].columns) if column == EVERY else [column]
    return {name: frames[name][columns] for name, columns in kept.items()}


def frames_of(name: str) -> dict[str, pd.DataFrame]:
    return raw_tables() if name in OF_TABLES else study_frames()


def same(left: Any, right: Any) -> bool:
    if isinstance(left, pd.DataFrame | pd.Series):
        return left.equals(right)
    if isinstance(left, np.ndarray):
        return bool(np.array_equal(left, right))
    return bool(left == right)


@pytest.mark.parametrize("name", [*OF_TABLES, *OF_FRAMES])
def test_a_function_needs_no_column_that_it_does_not_declare(name: str) -> None:
    declared = (OF_TABLES | OF_FRAMES)[name]
    frames = frames_of(name)
    assert same(declared(only(frames, declared)), declared(frames))


@pytest.mark.parametrize("name", [*OF_TABLES, *OF_FRAMES])
def test_a_function_needs_every_column_that_it_declares(name: str) -> None:
    declared = (OF_TABLES | OF_FRAMES)[name]
    frames = frames_of(name)
    whole = declared(frames)
    for used in declared.uses:
        if used.endswith(EVERY) or used in WITHOUT_EFFECT.get(name, set()):
            continue
        try:
            without = declared(only(frames, declared, but=used))
        except (KeyError, AttributeError):
            continue
        assert not same(without, whole), used


@pytest.mark.parametrize(
    ("family", "column"),
    [(n, c) for n, t in TIMELINES.items() for c in sorted(t.columns)],
)
def test_a_column_of_a_timeline_rests_on_its_own_columns(family: str, column: str) -> None:
    """Whatever stands in the columns that only other columns rest on, its steps are the same."""
    declared = TIMELINES[family]
    frames = only(study_frames(), declared)
    rng = np.random.default_rng(1)
    for used in set(declared.uses) - set(declared.rests_on(column)):
        of, _, name = used.partition(".")
        shuffled = frames[of][name].sample(frac=1, random_state=rng).to_numpy()
        frames[of] = frames[of].assign(**{name: shuffled}).astype(frames[of].dtypes)
    found = changes(declared(frames), declared.unit, column)
    pd.testing.assert_frame_equal(found, changes(study_timelines()[family], declared.unit, column))


def changes(steps: pd.DataFrame, unit: str, column: str) -> pd.DataFrame:
    """Steps at which one column changes."""
    own = steps[[unit, "known_from", column]].sort_values([unit, "known_from"])
    before = own.groupby(unit)[column].shift(fill_value=0)
    return own[own[column] != before].reset_index(drop=True)


@pytest.mark.parametrize("frame", ["episodes", "missions", "acts", "ties", "vetoes_on_no_war"])
def test_every_column_of_a_linked_frame_comes_from_a_raw_table(frame: str) -> None:
    for column in linked_frames()[frame].columns:
        for raw in raw_columns(f"{frame}.{column}", fields()):
            table, _, name = raw.partition(".")
            assert name in fields()[table], (column, raw)
    assert set(FRAMES[frame].derived) <= set(linked_frames()[frame].columns)
    with pytest.raises(KeyError):
        raw_columns(f"{frame}.nothing", fields())


@pytest.mark.parametrize("family", sorted(TIMELINES))
def test_every_column_of_a_timeline_comes_from_raw_tables(family: str) -> None:
    steps = study_timelines()[family]
    keys = {TIMELINES[family].unit, "from_date", "known_from"}
    assert keys <= set(steps.columns)
    assert set(TIMELINES[family].columns) <= set(steps.columns)
    for column in set(steps.columns) - keys:
        assert raw_columns(f"{family}.{column}", fields()), column


# What a declaration may not say ------------------------------------------------------------


def declares(uses: Iterable[str], **more: Any) -> Callable[[Any], Any]:
    return measure("exposure", "Made up", uses=uses, **more)


@pytest.mark.parametrize(
    ("uses", "more", "needle"),
    [
        (["council.vetoes", "war.is_war"], {}, "no parameter 'war'"),
        ([], {}, "no column of it"),
        (["vetoes"], {}, "<frame>.<column>"),
        (["council.vetoes"], {"options": {"power": ("usa",)}}, "options ['power']"),
    ],
)
def test_a_declaration_that_cannot_be_true_is_refused(
    uses: list[str], more: dict[str, Any], needle: str
) -> None:
    def made_up(council: pd.DataFrame) -> pd.DataFrame:
        return council

    with pytest.raises(BadDeclaration) as caught:
        declares(uses, **more)(made_up)
    assert needle in str(caught.value) and "made_up" in str(caught.value)
    assert isinstance(caught.value, CollsecError)
    assert "made_up" not in MEASURES


def test_a_name_that_another_module_has_registered_is_refused() -> None:
    def un_troops(deployment: pd.DataFrame) -> pd.DataFrame:
        return deployment

    with pytest.raises(BadDeclaration, match="registered already"):
        declares(["deployment.un_troops"])(un_troops)
    assert MEASURES["un_troops"].function is not un_troops


def test_options_are_no_frames() -> None:
    def tied(ties: pd.DataFrame, *, powers: tuple[str, ...] = ()) -> None: ...

    assert declaration(tied, ["ties.power"]) == ("tied", ("ties",), ("ties.power",))


@pytest.mark.parametrize("name", sorted(PARTS))
def test_no_figure_of_a_part_has_the_name_of_a_table(name: str) -> None:
    """Figures and tables of a page share one list of names: the later would replace the earlier."""
    part = PARTS[name]
    names = [one.name for one in (*part.tables, *part.figures)]
    assert len(names) == len(set(names))
