"""Stages of deployment: whose dates count, from when to when, and what is left out."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h1.delay import arrivals, cost_of_delay
from collsec_page.h1.operations import (
    MILESTONES,
    STAGES_TABLE,
    authorized_into_war,
    operations,
    shares_of_delay,
    stage_table,
    stages_reached,
)

from collsec.core.schema import Role
from collsec.designs import Inputs
from collsec.designs.inputs import Prepared, prepare
from collsec.designs.parts import Context
from collsec.designs.registry import get
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.hypothesis.validation import load
from collsec.reports.tables.table import of_record
from study import PROJECT, study_inputs

DAY = pd.Timestamp


def mission(name: str, conflict: int | None, voted: str, **dates: str) -> dict[str, object]:
    """A link of the record, certain and documented unless said otherwise."""
    row: dict[str, object] = {
        "mission_id": name,
        "acronym": name.upper(),
        "sponsor": "un",
        "conflict_id": conflict,
        "link_basis": "document",
        "link_confidence": 3,
        "rehatted_from": pd.NA,
        "has_troops_in_mission": True,
        "authorized_troops_initial": pd.NA,
        "end_date": pd.NaT,
        "authorized_date": DAY(voted),
        "authorized_basis": "document",
        "from_date": DAY(voted),
    }
    for milestone in MILESTONES:
        row[f"{milestone}_date"] = pd.NaT
        row[f"{milestone}_basis"] = "document"
    return row | {k: DAY(v) if k.endswith("_date") else v for k, v in dates.items()}


def missions(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for column in frame.columns[frame.columns.str.endswith("_date")]:
        frame[column] = pd.to_datetime(frame[column])
    return frame.astype({"conflict_id": "Int64", "rehatted_from": "string"})


def wars(*rows: tuple[int, str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["conflict_id", "type_at_onset", "onset_date", "exit_date"])
    for column in ("onset_date", "exit_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame.assign(
        episode_id=[f"{c}-{i}" for i, c in enumerate(frame["conflict_id"])],
        gwno_host=1,
        region=4,
        is_ended=True,
        location="Chad",
    )


def test_only_a_war_on_at_the_vote_counts() -> None:
    of_types = wars(
        (1, "intrastate", "1990-01-01", "1991-01-01"),  # over before the vote
        (1, "intrastate", "1995-01-01", "2000-01-01"),  # on
        (2, "interstate", "1995-01-01", "2000-01-01"),  # of another type
        (3, "intrastate", "1999-01-01", "2000-01-01"),  # not begun
    )
    record = missions(
        *(mission("a", c, "1996-01-01", first_personnel_date="1996-02-01") for c in (1, 2, 3))
    )
    found = authorized_into_war(record, of_types, ["intrastate"])
    assert found["episode_id"].tolist() == ["1-1"]
    assert found["gwno_host"].tolist() == [1]


@pytest.mark.parametrize(
    "fault",
    [
        {"link_confidence": 1},
        {"link_basis": "recalled"},
        {"authorized_basis": "recalled"},
        {"sponsor": "regional"},
        {"from_date": DAY("1997-01-01")},
    ],
)
def test_links_that_are_weak_recalled_later_or_of_others_are_left_out(
    fault: dict[str, object],
) -> None:
    on = wars((1, "intrastate", "1995-01-01", "2000-01-01"))
    sound = mission("a", 1, "1996-01-01", first_personnel_date="1996-02-01")
    assert len(authorized_into_war(missions(sound), on, ["intrastate"])) == 1
    assert len(authorized_into_war(missions(sound | fault), on, ["intrastate"])) == 0


def test_an_operation_of_several_conflicts_is_one_and_recalled_dates_are_unknown() -> None:
    recalled = {"first_troops_date": "1996-03-01", "first_troops_basis": "recalled"}
    found = operations(missions(*(mission("a", c, "1996-01-01", **recalled) for c in (1, 2))))
    assert found["mission_id"].tolist() == ["a"]
    assert found["first_troops_date"].isna().all()
    assert not found["is_rehatted"].any()


def hand_worked() -> pd.DataFrame:
    """Three new forces and a re-hatted one; half strength after 1, 2, 3 and 0 months."""
    month = 30.4375
    record = missions(
        *(
            mission(
                name,
                1,
                "1993-01-01",
                first_personnel_date="1993-01-01",
                rehatted_from=from_,
                has_troops_in_mission=name != "d",
                **(
                    {}
                    if name == "c"
                    else {
                        "strength_50pct_date": str(DAY("1993-01-01") + pd.Timedelta(days=d * month))
                    }
                ),
            )
            for name, d, from_ in (
                ("a", 1, pd.NA),
                ("b", 2, pd.NA),
                ("c", 9, pd.NA),
                ("d", 0, "un:z"),
            )
        ),
        mission("old", 1, "1950-01-01"),
    )
    on = wars((1, "intrastate", "1992-01-01", "2000-01-01"))
    wars_on = authorized_into_war(record, on, ["intrastate"])
    return stage_table(operations(record), wars_on, (1991, 2014))


def test_quartiles_and_counts_by_forces_and_years() -> None:
    rows = hand_worked().set_index(["stage", "forces", "period"])
    half = rows.loc[("half", "new", "1991–2014")]
    assert (half["n_units"], half["n_known"]) == (3, 2)
    # Days are whole: a month of 30.4375 days counts as 30.
    assert half["median"] == pytest.approx((30 + 60) / 2 / 30.4375)
    assert rows.loc[("half", "rehatted", "1991–2014"), "median"] == 0
    assert rows.loc[("half", "all", "1950–1993"), "n_units"] == 5
    assert rows.loc[("onset", "all", "1991–2014"), "median"] == pytest.approx(366 / 30.4375)


def test_observers_do_not_wait_for_contingents() -> None:
    rows = hand_worked().set_index(["stage", "forces", "period"])
    assert rows.loc[("troops", "rehatted", "1991–2014"), "n_units"] == 0
    assert rows.loc[("troops", "new", "1991–2014"), "n_units"] == 3


def test_the_table_prints_each_stage_with_its_counts() -> None:
    table = of_record(
        STAGES_TABLE, hand_worked().to_dict(orient="records"), "tbl-h1-stages"
    ).markdown()
    assert "| Re-hatted | 1 of 1 | 0.0 (0.0–0.0) | 1 of 1 | 0.0 (0.0–0.0) |" in table
    assert "| New | 2 of 4 |" in table
    assert "{#tbl-h1-stages}" in table


# delay, described ------------------------------------------------------------------------------


def test_shares_of_the_delay_by_hand() -> None:
    """Ten months of deciding and ten of raising; thirty and ten; the second of one war."""
    day = DAY("1993-01-01")
    month = pd.Timedelta(days=DAYS_PER_MONTH)
    rows = [("a", "1-1", 10, 20, False), ("b", "2-1", 30, 40, False), ("c", "1-1", 30, 36, True)]
    table = pd.DataFrame(
        {
            "mission_id": [r[0] for r in rows],
            "episode_id": [r[1] for r in rows],
            "onset_date": day,
            "authorized_date": [day + r[2] * month for r in rows],
            "strength_50pct_date": [day + r[3] * month for r in rows],
            "is_rehatted": [r[4] for r in rows],
        }
    )
    found = {row["name"]: row for row in shares_of_delay(table)}
    assert found["all"]["share"] == pytest.approx(0.25, abs=0.01)
    assert (found["all"]["n"], found["all"]["wars"], found["all"]["over_half"]) == (3, 2, 0)
    assert (found["first"]["n"], found["new"]["n"], found["rehatted"]["n"]) == (2, 2, 1)
    assert found["new"]["deciding"] == pytest.approx(20, abs=0.1)
    assert found["new"]["share"] == pytest.approx((0.5 + 0.25) / 2, abs=0.01)


@functools.cache
def delayed() -> tuple[Inputs, Prepared]:
    made = study_inputs(load(PROJECT, "h1"))
    return made, prepare(made, made.spec.exposure)


def test_the_incidence_of_each_stage_equals_a_sum_over_days() -> None:
    """A second implementation: survival just before each day times the acts of the day."""
    made, prepared = delayed()
    wars_ = authorized_into_war(made.missions, made.episodes, made.spec.cohort.types)
    counted = made.extents["troop_counts"]
    curves, quantities = stages_reached(prepared, wars_, counted, horizon=60)
    units = prepared.units
    units = units[
        (units["time_zero"] >= counted.first_day) & (units["time_zero"] < counted.last_day)
    ]
    assert quantities["delay.wars"].value == len(units)
    first = wars_.groupby("episode_id")["authorized_date"].min()
    times, causes = [], []
    for _, unit in units.iterrows():
        stop = min(unit["exit_date"], counted.last_day)
        is_end = bool(unit["is_ended"]) and unit["exit_date"] <= counted.last_day
        vote = first.get(unit["episode_id"], pd.NaT)
        days = max((stop - unit["time_zero"]).days, 0.5)
        if pd.notna(vote) and (vote - unit["time_zero"]).days < days:
            times.append(max((vote - unit["time_zero"]).days, 0.5))
            causes.append("act")
        else:
            times.append(days)
            causes.append("end" if is_end else "")
    alive, incidence = 1.0, 0.0
    for day in sorted(set(times)):
        if day > 60 * DAYS_PER_MONTH:
            break
        at_risk = sum(t >= day for t in times)
        of = [c for t, c in zip(times, causes, strict=True) if t == day]
        incidence += alive * of.count("act") / at_risk
        alive *= 1 - sum(c != "" for c in of) / at_risk
    assert quantities["delay.vote.at_60"].value == pytest.approx(incidence, abs=1e-9)
    last = curves[curves["time_months"] == 60].set_index("group")["estimate"]
    assert last.iloc[0] == pytest.approx(incidence, abs=1e-9)
    # Nobody is there before the vote, nor a half before the first troops, but for few of a group.
    assert last.iloc[3] <= last.iloc[2] <= last.iloc[1] + 0.01


def test_the_cost_of_delay_stands_behind_its_gate() -> None:
    made, prepared = delayed()
    primary = get("time_varying").estimate(
        made,
        prepared,
        dataclasses.replace(made.spec.exposure, inference="cluster_sandwich"),
        estimate_id="h1.primary",
        role=Role.PRIMARY,
        level=0.95,
        draws=0,
    )
    draws = made.study.draws("quick")
    part = cost_of_delay(Context(made, prepared, draws), primary)
    (cost,) = part.estimates
    assert all(n < 10 for n, _ in arrivals(prepared).values())
    assert math.isnan(cost.estimate) and cost.note.startswith("Not estimable: 2 wars")
    assert part.curves is None
    # A wider exposure may open it: then there is a number, and its curves.
    assert prepared.spells is not None
    early = dataclasses.replace(
        prepared.spells, assigned=np.where(np.arange(len(prepared.spells.unit)) % 2, 100.0, 400.0)
    )
    counts = arrivals(dataclasses.replace(prepared, spells=early))
    assert counts["early"][0] + counts["late"][0] == len(np.unique(early.unit))
