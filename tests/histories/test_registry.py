"""A module from outside brings a raw table and a timeline: known like the package's own."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.core.schema import BadFrame, validate
from collsec.histories import TIMELINES
from collsec.histories.registry import (
    BadDeclaration,
    Declared,
    brought_by,
    declaration,
    enter,
    frame,
    of_study,
    raw_columns,
    timeline,
)
from collsec.histories.timelines import arrange_timelines
from collsec.measures import MEASURES
from collsec.measures.registry import measure
from collsec.measures.spells import where_positive
from study import linked_frames

TOY = pd.DataFrame({"conflict_id": [1, 1], "signed": pd.to_datetime(["2000-01-05", "2001-01-05"])})


pytestmark = pytest.mark.usefixtures("registers")


def register() -> None:
    @timeline(uses=("toy.conflict_id", "toy.signed"))
    def truces(toy: pd.DataFrame) -> pd.DataFrame:
        """Truces signed so far."""
        steps = toy.rename(columns={"signed": "from_date"}).assign(known_from=toy["signed"])
        return steps.assign(truces=steps.groupby("conflict_id").cumcount() + 1)

    @measure(
        "exposure",
        "A truce has been signed",
        uses=("truces.conflict_id", "truces.known_from", "truces.truces"),
    )
    def truce_so_far(truces: pd.DataFrame) -> pd.DataFrame:
        """A first truce has been signed."""
        return where_positive(truces, "truces")


def test_a_timeline_of_an_own_table_is_made_with_the_others() -> None:
    register()
    made = arrange_timelines({**linked_frames(), "toy": TOY}, ["war", "truces"])
    assert made["truces"]["truces"].tolist() == [1, 2]
    spells = MEASURES["truce_so_far"](made)
    assert spells["on_date"].tolist() == [pd.Timestamp("2000-01-05")]
    assert raw_columns("truces.truces", {"toy": list(TOY)}) == ("toy.conflict_id", "toy.signed")


def test_a_timeline_without_a_schema_of_its_own_has_the_clock_of_all() -> None:
    register()
    made = arrange_timelines({"toy": TOY}, ["truces"])["truces"]
    validate(made, "timelines/truces")
    early = made.assign(known_from=made["from_date"] - pd.Timedelta(days=1))
    with pytest.raises(BadFrame, match="nothing is known before it happens"):
        validate(early, "timelines/truces")
    with pytest.raises(BadFrame, match="column_in_dataframe"):
        validate(made.drop(columns="known_from"), "timelines/truces")


# Declarations -----------------------------------------------------------------------------------


def takes_two(a: pd.DataFrame, b: pd.DataFrame, *, months: int = 1) -> int:
    """Take two frames and an option."""
    return len(a) * 10 + len(b) + 100 * months


def test_a_declaration_names_frames_and_columns_once() -> None:
    name, takes, columns = declaration(takes_two, ["a.x", "b.y", "a.x"])
    assert (name, takes, columns) == ("takes_two", ("a", "b"), ("a.x", "b.y"))
    declared = Declared(name, takes_two, takes, columns)
    frames = {"a": TOY, "b": TOY[:1], "c": TOY}
    assert declared(frames) == 121 and declared(frames, months=3) == 321


@pytest.mark.parametrize(
    ("uses", "needle"),
    [
        (["a.x", "b"], "uses 'b', which is not of the form"),
        (["a.x", "b."], "uses 'b.', which is not of the form"),
        (["a.x", ".b"], "uses '.b', which is not of the form"),
        (["a.x", "b.y", "c.z"], "uses columns of 'c', but has no parameter 'c'"),
        (["a.x"], "takes 'b', but declares no column of it"),
    ],
)
def test_a_declaration_that_is_not_true_is_refused(uses: list[str], needle: str) -> None:
    with pytest.raises(BadDeclaration, match=needle):
        declaration(takes_two, uses)


def test_a_name_is_entered_once_and_again_by_its_own_module() -> None:
    registry: dict[str, Declared] = {}
    one = Declared("one", takes_two, ("a",), ("a.x",))
    enter(registry, one)
    again = Declared("one", takes_two, ("a",), ("a.y",))
    enter(registry, again)
    assert registry == {"one": again}
    with pytest.raises(BadDeclaration, match="builtins registers a name that"):
        enter(registry, Declared("one", len, ("a",), ("a.x",)))
    assert registry["one"] is again


def test_entries_of_a_page_are_its_own_and_no_other_s() -> None:
    def of_page(a: pd.DataFrame) -> pd.DataFrame:
        return a

    def of_other(a: pd.DataFrame) -> pd.DataFrame:
        return a

    of_page.__module__ = "collsec_page.h1.measures"
    of_other.__module__ = "collsec_page.h12.measures"
    made = {
        name: Declared(name, function, ("a",), ("a.x",))
        for name, function in (("p", of_page), ("o", of_other), ("s", takes_two))
    }
    assert set(brought_by(made, "h1")) == {"p"}
    assert set(brought_by(made, "h12")) == {"o"}
    assert set(of_study(made)) == {"s"}


def test_raw_columns_are_followed_through_timelines_and_frames() -> None:
    @frame(uses=("raw.*", "more.z"), derived={"sum": ("raw.x", "raw.y")})
    def joined(raw: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
        """Join."""
        return raw.merge(more)

    @timeline(uses=("joined.day",), columns={"n": ("joined.sum", "joined.day")}, unit="gwno")
    def counted_steps(joined: pd.DataFrame) -> pd.DataFrame:
        """Count."""
        return joined

    fields = {"raw": ["x", "y", "day"], "more": ["z", "day"]}
    assert raw_columns("raw.x", fields) == ("raw.x",)
    assert raw_columns("joined.day", fields) == ("raw.day",)
    assert raw_columns("joined.z", fields) == ("more.z",)
    assert raw_columns("joined.sum", fields) == ("raw.x", "raw.y")
    assert raw_columns("counted_steps.n", fields) == ("raw.day", "raw.x", "raw.y")
    assert raw_columns("counted_steps.other", fields) == ("raw.day",)
    assert TIMELINES["counted_steps"].unit == "gwno" and TIMELINES["council"].unit == "conflict_id"
    for lost in ("raw.q", "joined.q", "nowhere.x"):
        with pytest.raises(KeyError):
            raw_columns(lost, fields)
