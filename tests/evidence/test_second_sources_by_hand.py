"""Tables against second publications: every number of small tables counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.evidence import second_sources as second
from study import raw_tables


def days(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts)))


def test_operations_are_counted_by_label() -> None:
    columns: dict[str, list[str | None]] = {c: [None, None] for c in second.LABELS.values()}
    labels = pd.DataFrame(columns | {"tamm_label": ["A", "B"], "geo_pko_label": ["A", None]})
    found = second.operations_known({"mission_labels": labels}).set_index("publication")
    assert found["operations"].to_dict() == {
        "tamm": 2, "personnel_shortfall": 0, "geo_pko": 1, "bara_hultman": 0,
        "troop_contributors": 0,
    }  # fmt: skip


def test_people_are_compared_where_both_have_them() -> None:
    counted = pd.array([100, 210, 300, 40], dtype="Int64")
    apart = pd.array([0, 10, 60, None], dtype="Int64")
    kinds = {f"counted_{k}": counted for k in second.PEOPLE}
    kinds |= {f"{k}_difference": apart for k in second.PEOPLE}
    months = pd.DataFrame({"mission_id": ["a", "a", "b", "c"], **kinds})
    troops = second.people_counted({"personnel_months": months}).iloc[0]
    # 100, 200, 240 of ours; ten more than 200 is a twentieth, sixty more than 240 a quarter.
    assert (troops["operations"], troops["months"]) == (2, 3)
    assert troops["equal_share"] == pytest.approx(1 / 3)
    assert troops["nearly_share"] == pytest.approx(2 / 3)
    # Deviations: ours −80, 20, 60; theirs −103⅓, 6⅔, 96⅔.
    product = 80 * 310 / 3 + 20 * 20 / 3 + 60 * 290 / 3
    squares = (6400 + 400 + 3600) * (310**2 + 20**2 + 290**2) / 9
    assert troops["correlation"] == pytest.approx(product / squares**0.5)


def test_contributors_of_a_year_that_both_have() -> None:
    figures = pd.DataFrame(
        [("a", 2011, 1, 0.6), ("a", 2011, 2, 0.3), ("a", 2011, 3, 0.1), ("b", 2011, 1, 1.0)],
        columns=["mission_id", "year", "gwno", "people_share"],
    )
    maps = pd.DataFrame(
        [("a", 2011, 1, 0.4), ("a", 2011, 2, 0.6), ("a", 2011, 9, None), ("a", 2011, None, 0.1),
         ("b", 2012, 1, 1.0)],
        columns=["mission_id", "year", "gwno", "nominal_share"],
    )  # fmt: skip
    [row] = second.contributors_found(
        {"contributor_years": figures, "mapped_contributors": maps}
    ).to_dict("records")
    assert row.pop("correlation") == pytest.approx(-1)
    assert row == {
        "operation_years": 1, "mapped_states": 3, "found_states": 2,
        "sized_years": 1, "same_largest": 0,
    }  # fmt: skip


def test_maps_meet_the_counts_of_their_month() -> None:
    runs = pd.DataFrame(
        {
            "mission_id": ["a", "a", "b"],
            "from_month": days("2001-01-31", "2001-03-31", "2001-01-31"),
            "to_month": days("2001-02-28", "2001-03-31", "2001-01-31"),
            "troops": pd.array([100, 300, None], dtype="Int64"),
        }
    )
    maps = pd.DataFrame(
        {
            "mission_id": ["a", "a", "a", "b"],
            "month": days("2001-02-28", "2001-03-31", "2001-04-30", "2001-01-31"),
            "mapped_troops": pd.array([150, 200, 1, 1], dtype="Int64"),
        }
    )
    [row] = second.troops_on_maps({"monthly_strength": runs, "mission_locations": maps}).to_dict(
        "records"
    )
    assert row == {"operations": 1, "months": 2, "correlation": pytest.approx(1)}


def test_links_are_counted_by_rule_and_sponsor() -> None:
    links = pd.DataFrame(
        [("a", 1, "mandate_scope"), ("b", 1, "bara_hultman"), ("b", 2, "bara_hultman"),
         ("a", None, "none")],
        columns=["mission_id", "conflict_id", "rule"],
    )  # fmt: skip
    missions = pd.DataFrame({"mission_id": ["a", "b"], "sponsor": ["un", "regional"]})
    found = second.links_by_rule({"mission_conflicts": links, "missions": missions})
    assert found.to_dict("list") == {
        "rule": ["bara_hultman", "mandate_scope"], "un": [0, 1], "other": [2, 0]
    }  # fmt: skip


def test_troops_of_permanent_members_in_two_records() -> None:
    episodes = pd.DataFrame(
        [
            ("1-1", "intrastate", 1990, 1995, "2;220", None),  # ESD has the United States alone
            ("2-1", "internationalized", 2010, 2020, None, "365"),  # reaches out of ESD's years
            ("3-1", "intrastate", 1990, 1991, None, None),
            ("4-1", "interstate", 1990, 1991, "200", None),  # between states
            ("5-1", "intrastate", 1960, 1974, "710", None),  # before ESD
        ],
        columns=["episode_id", "type_at_onset", "first_year", "last_year", "gwno_a_secondary",
                 "gwno_b_secondary"],
    )  # fmt: skip
    support = pd.DataFrame(
        {
            "episode_id": ["1-1", "2-1", "3-1"],
            "power": ["usa", "russia", "uk"],
            "has_own_troops": pd.array([True, False, True], dtype="boolean"),
        }
    )
    found = second.own_troops({"episodes": episodes, "external_support": support})
    assert found.set_index("power").to_dict("index") == {
        power: dict(zip(found.columns[1:], row, strict=True))
        for power, row in {
            "china": (0, 0, 0, 0), "france": (0, 0, 1, 1), "uk": (0, 1, 0, 0),
            "russia": (0, 0, 1, 0), "usa": (1, 0, 0, 0),
        }.items()
    }  # fmt: skip


def test_tasks_of_months_that_both_code() -> None:
    first = pd.DataFrame(
        {
            "mission_id": ["a", "a"],
            "from_month": days("2001-01-31", "2001-03-31"),
            "to_month": days("2001-02-28", "2001-04-30"),
            "has_election_task": pd.array([True, False], dtype="boolean"),
            "has_chapter_vii": pd.array([True, True], dtype="boolean"),
        }
    )
    other = pd.DataFrame(
        {
            "mission_id": ["a", "a"],
            "from_month": days("2001-01-31", "2001-02-28"),
            "to_month": days("2001-01-31", "2001-04-30"),
            "has_election_task": pd.array([True, False], dtype="boolean"),
        }
    )
    [row] = second.tasks_coded({"mandate_tasks": first, "further_mandates": other}).to_dict(
        "records"
    )
    # Three of four months agree; by chance (2/4)(1/4) + (2/4)(3/4) = 1/2 would.
    assert row == {
        "kind": "election", "operations": 1, "months": 4, "first_share": 0.5, "second_share": 0.25,
        "equal_share": 0.75, "kappa": pytest.approx(0.5),
    }  # fmt: skip


def test_a_second_coding_is_summed_by_table() -> None:
    rows = pd.DataFrame(
        [
            ("t", "kind", "true", "x", "x"), ("t", "kind", "true", "y", "x"),
            ("t", "kind", "true", "y", "y"), ("t", "kind", "false", "", ""),
            ("t", "day", "true", "2001-01-01", "2001-01-02"),
            ("u", "kind", "false", "x", ""),
        ],
        columns=["coded_table", "coded_column", "is_read", "first_value", "second_value"],
    )  # fmt: skip
    found = second.coded_again(rows).set_index("table")
    # Kappa of x, y, y against x, x, y: agreement 2/3, by chance (1·2 + 2·1)/9 = 4/9.
    assert found.loc["t"].to_dict() == {
        "columns": 2, "values": 5, "read": 4, "agreeing": 3, "agreeing_share": 0.75,
        "lowest_kappa": pytest.approx((2 / 3 - 4 / 9) / (5 / 9)),
    }  # fmt: skip
    assert found.loc["u", ["values", "read", "agreeing"]].tolist() == [1, 0, 0]
    assert found.loc["u", ["agreeing_share", "lowest_kappa"]].isna().all()


def test_the_committed_tables_have_the_numbers_of_their_coding_rules() -> None:
    """The same numbers that `data/raw/CODING-ceasefires-and-force.md` prints."""
    [row] = second.contributors_found(raw_tables()).to_dict("records")
    assert row.pop("correlation") == pytest.approx(0.83, abs=0.005)
    assert row == {
        "operation_years": 125, "mapped_states": 1439, "found_states": 1434,
        "sized_years": 117, "same_largest": 77,
    }  # fmt: skip
    tasks = second.tasks_coded(raw_tables()).set_index("kind")
    assert set(tasks["months"]) == {2606} and set(tasks["operations"]) == {46}
    assert tasks["kappa"].round(2)[["arms_control", "civilian_protection"]].tolist() == [0.22, 0.89]
