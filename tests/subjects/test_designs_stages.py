"""Stages of deployment: whose dates count, from when to when, and what is left out."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.reports.tables.table import of_record
from collsec.subjects.deployment.operations import (
    MILESTONES,
    STAGES_TABLE,
    authorized_into_war,
    operations,
    stage_table,
)

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
