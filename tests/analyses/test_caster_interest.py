"""Vetoes by whether their caster had something at stake: who is close, what moves with one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from collsec_page.h2.casters import by_caster, caster_interest, casters_of, is_close

from collsec.designs.inputs import prepare
from collsec.designs.parts import Context
from collsec.designs.time_varying import lay_out
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import load
from collsec.measures.interest import COMPONENTS, P5
from made_up_cohorts import inputs_of, prepared_of
from riskset.inference import exposed_counts
from study import PROJECT, study_inputs

DAY = pd.Timestamp


def ties(*rows: tuple[str, str, float, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["episode_id", "power", "value", "is_host_itself"])
    return frame.assign(host_ordinal=1, **{c: frame["value"] for c in COMPONENTS})


def test_close_is_above_the_middle_of_all_ties_and_a_host_has_all_at_stake() -> None:
    """Known ties 0.1, 0.2, 0.4, 0.9: the middle is 0.3; Russia is the host of b."""
    found = is_close(
        ties(
            ("a", "usa", 0.1, False),
            ("a", "russia", 0.4, False),
            ("b", "usa", 0.9, False),
            ("b", "russia", 0.0, True),
            ("b", "uk", 0.2, False),
            ("b", "germany", 5.0, False),
        ),
        pd.Series(["a", "b", "c"]),
    )
    usa, uk, russia = (P5.index(p) for p in ("usa", "uk", "russia"))
    assert found[0].nonzero()[0].tolist() == [russia]
    assert set(found[1].nonzero()[0].tolist()) == {usa, russia}
    assert not found[1, uk]
    assert not found[2].any(), "nothing is known of c"


@pytest.fixture(scope="module")
def world() -> tuple[object, object, np.ndarray]:
    """Four wars of six years; vetoes by the United States on the first, by Russia on the second."""
    units = pd.DataFrame(
        {
            "unit_id": [f"{i}-1" for i in range(4)],
            "episode_id": [f"{i}-1" for i in range(4)],
            "conflict_id": range(4),
            "time_zero": DAY("1990-01-01"),
            "exit_date": DAY("1996-01-01"),
            "gwno_host": range(4),
            "region": 4,
            "is_event": True,
        }
    )
    calendar = pd.DataFrame(
        {
            "conflict_id": [0, 1],
            "on_date": pd.to_datetime(["1991-01-01", "1992-01-01"]),
            "off_date": pd.to_datetime(["1992-01-01", "1993-01-01"]),
        }
    )
    casts = {f"cast_{p}": [p == "usa", p == "russia", False] for p in P5}
    acts = pd.DataFrame(
        {
            "conflict_id": pd.array([0, 1, 0], dtype="Int64"),
            "confidence": 3,
            "basis": "file",
            "date": pd.to_datetime(["1991-01-01", "1992-01-01", "1991-06-01"]).astype(
                "datetime64[s]"
            ),
            "act": ["veto", "veto", "resolution"],
            **casts,
        }
    )
    inputs = inputs_of(acts=acts)
    prepared = prepared_of(units, calendar, lag=0)
    # The United States is close to wars 0 and 2, Russia to war 3 alone.
    close = np.zeros((4, 5), dtype=bool)
    close[[0, 2], P5.index("usa")] = True
    close[3, P5.index("russia")] = True
    return inputs, prepared, close


def test_each_spell_has_the_members_that_cast_its_first_veto(
    world: tuple[object, object, np.ndarray],
) -> None:
    inputs, prepared, _ = world
    found = casters_of(inputs, prepared)  # type: ignore[arg-type]
    assert [P5[row.nonzero()[0][0]] for row in found] == ["usa", "russia"]


def test_a_redrawn_veto_keeps_its_caster_and_takes_the_new_war_s_tie(
    world: tuple[object, object, np.ndarray],
) -> None:
    inputs, prepared, close = world
    design = lay_out(inputs, prepared)  # type: ignore[arg-type]
    casters = casters_of(inputs, prepared)  # type: ignore[arg-type]
    split = by_caster(design, prepared, close, casters)  # type: ignore[arg-type]
    # As they were: the American veto is close, the Russian is not. Then each on another war.
    for unit, is_close_ in (
        ([0, 1], [True, False]),
        ([2, 3], [True, True]),
        ([3, 2], [False, False]),
    ):
        first, second = split(np.array([unit]))
        for kind, wanted in ((first, is_close_), (second, [not c for c in is_close_])):
            alone = exposed_counts(design, np.where(wanted, np.array([unit]), -1))
            assert all((a == b).all() for a, b in zip(kind, alone, strict=True))


def test_both_kinds_hold_every_veto_of_the_study() -> None:
    inputs = study_inputs(load(PROJECT, "h2"))
    prepared = prepare(inputs, inputs.spec.exposure)
    assert casters_of(inputs, prepared).any(axis=1).all(), "a veto without a caster"
    made = caster_interest(Context(inputs, prepared, Draws(40, 40, 49, 2)))
    close, distant, ratio = made.estimates
    exposed = prepared.rows[prepared.rows[prepared.column] > 0]
    assert close.exposed_events + distant.exposed_events == int(exposed["event"].sum())
    assert ratio.exposed_events == min(close.exposed_events, distant.exposed_events)
    assert all("exploratory" in e.label for e in made.estimates)
