"""A module from outside brings a raw table and a timeline: known like the package's own."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from collsec.core.schema import BadFrame, validate
from collsec.histories import FRAMES, TIMELINES
from collsec.histories.registry import raw_columns, timeline
from collsec.histories.timelines import arrange_timelines
from collsec.measures import MEASURES
from collsec.measures.registry import measure
from collsec.measures.spells import where_positive
from study import linked_frames

TOY = pd.DataFrame({"conflict_id": [1, 1], "signed": pd.to_datetime(["2000-01-05", "2001-01-05"])})


@pytest.fixture(autouse=True)
def unregistered() -> Iterator[None]:
    """Take back what a test has registered."""
    before = [(registry, dict(registry)) for registry in (TIMELINES, MEASURES, FRAMES)]
    yield
    for registry, entries in before:
        registry.clear()
        registry.update(entries)


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
