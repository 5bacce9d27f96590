"""What the data cover: counted by hand on small tables, and added up on the committed ones."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from collsec.core.project import Project
from collsec.evidence import coverage
from collsec.histories.episodes import link
from collsec.reports.figures import coverage as figures
from collsec.reports.figures import world as maps
from collsec.tables.clean import read_raw, resources
from collsec.upstream.sources import Source, SourceFile, read_sources

PROJECT = Project(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: read_raw(PROJECT, resource) for name, resource in resources(PROJECT).items()}


@pytest.fixture(scope="module")
def linked(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return link(tables)


def source(key: str, years: str, *, has_files: bool = True) -> Source:
    files = (SourceFile("a/b.csv", "b.csv", 1, "0" * 64),) if has_files else ()
    return Source(
        key=key,
        producer="P",
        title=f"T {key}",
        version="1",
        coverage=years,
        citation="C",
        doi="",
        licence="CC0",
        publisher="https://x.org",
        mirror=None,
        files=files,
    )


def test_the_record_of_the_council_by_hand() -> None:
    resolutions = pd.DataFrame(
        {
            "resolution_date": pd.to_datetime(["1989-12-31", "1990-01-01", "1990-02-01"]),
            "is_chapter_vii": pd.array([None, True, False], dtype="boolean"),
        }
    )
    vetoes = pd.DataFrame({"veto_date": pd.to_datetime(["1990-03-01"])})
    found = coverage.council_record(resolutions, vetoes)
    assert found.to_numpy().tolist() == [[1980, 1, 0, 0, 0], [1990, 2, 2, 1, 1]]


def test_the_record_of_the_council_adds_up(tables: dict[str, pd.DataFrame]) -> None:
    found = coverage.council_record(tables["resolutions"], tables["vetoes"])
    assert found["resolutions"].sum() == len(tables["resolutions"])
    assert found["vetoes"].sum() == len(tables["vetoes"])
    assert (found["under"] <= found["read"]).all() and (found["read"] <= found["resolutions"]).all()


def test_doctests() -> None:
    assert doctest.testmod(coverage).failed == 0


def test_a_source_belongs_where_most_rows_cite_it() -> None:
    sources = {
        "acd": source("acd", "1946-2024"),
        "un": source("un", "1948-2015"),
        "hills": source("hills", "static"),
        "idle": source("idle", "1900-"),
        "memory": source("memory", "1946-2024", has_files=False),
    }
    tables = {
        "episodes": pd.DataFrame({"source": ["acd", "acd;un"]}),
        "missions": pd.DataFrame(
            {"source": ["un", "un; memory", "https://x.org"], "end_source": ["un", None, "acd"]}
        ),
        "hosts": pd.DataFrame({"source": ["hills;acd"] * 3}),
    }
    found = coverage.source_years(sources, tables)
    assert found["source"].tolist() == ["acd", "un", "hills"]
    assert found["family"].tolist() == ["Conflicts", "Missions", "States and ties"]
    # A row that cites a source twice counts once.
    assert found["n_rows"].tolist() == [2 + 1 + 3, 1 + 2, 3]
    assert found["n_tables"].tolist() == [3, 2, 1]
    assert found["first_year"].tolist() == [1946, 1948, pd.NA]


def test_rows_of_tables_by_year() -> None:
    day = pd.Timestamp
    spans = {
        "from_month": [day("1990-11-30"), day("1993-01-31")],
        "to_month": [day("1991-01-31"), day("1993-01-31")],
    }
    tables = {
        "episodes": pd.DataFrame(
            {"episode_id": ["1-1", "1-2"], "onset_date": [day("1950-05-01"), day("1952-05-01")]}
        ),
        "runs": pd.DataFrame(spans),
        "years": pd.DataFrame({"year": pd.array([2001, 2001, 2003], dtype="Int64")}),
        "followed": pd.DataFrame({"first_year": [1999], "last_year": [2000]}),
        "of_episodes": pd.DataFrame({"episode_id": ["1-2", "1-2", "9-9"]}),
        "open": pd.DataFrame({"year": [1999, None], "month": [None, day("1999-01-31")]}),
        "timeless": pd.DataFrame({"gwno": [2]}),
    }
    found = coverage.table_years(tables)
    rows = {name: dict(zip(p["year"], p["n"], strict=True)) for name, p in found.groupby("table")}
    assert rows == {
        "episodes": {1950: 1, 1951: 0, 1952: 1},
        "runs": {1990: 1, 1991: 1, 1992: 0, 1993: 1},
        "years": {2001: 2, 2002: 0, 2003: 1},
        "followed": {1999: 1, 2000: 1},
        "of_episodes": {1952: 2},
    }
    assert coverage.table_years({"timeless": tables["timeless"]}).empty


def dated(stem: str, days: list[str | None], precision: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({f"{stem}_date": pd.to_datetime(days), f"{stem}_precision": precision})


def test_shares_of_precision_by_decade() -> None:
    episodes = pd.concat(
        [
            dated("onset", ["1949-01-01", "1941-02-01", "1951-12-31"], ["day", "day", "year"]),
            dated("end", ["1952-01-31", "1953-01-01", None], ["month", "day", None]),
        ],
        axis=1,
    )
    none = [None, None]
    missions = pd.concat(
        [
            pd.DataFrame({"sponsor": ["un", "regional"]}),
            dated("authorized", ["1948-05-29", "1950-01-01"], ["day", "day"]),
            dated("first_personnel", ["1948-06-30", "1950-01-31"], ["month", "month"]),
            dated("first_troops", none, none),
        ],
        axis=1,
    )
    rows = coverage.date_precision(episodes, missions)
    shares = rows.set_index(["what", "decade", "precision"])["share"]
    assert shares["Onset of the episode", 1940, "day"] == 1
    assert shares["Onset of the episode", 1950, "year"] == 1
    assert shares["End of the episode", 1950, "month"] == 0.5
    assert shares["UN operations: first personnel", 1940, "month"] == 1
    assert ("UN operations: authorization", 1950, "day") not in shares.index
    assert "UN operations: first troops" not in set(rows["what"])


def test_years_of_presence_follow_the_link_and_the_operation() -> None:
    missions = pd.DataFrame(
        {
            "conflict_id": pd.array([1, 2, None, 3], dtype="Int64"),
            "sponsor": ["un", "regional", "un", "un"],
            "first_personnel_date": pd.to_datetime(
                ["2000-05-01", "2020-01-01", "2000-01-01", None]
            ),
            "from_date": pd.to_datetime(["2001-01-01", None, None, None]),
            "end_date": pd.to_datetime(["2005-01-01", None, None, None]),
            "to_date": pd.to_datetime(["2003-06-30", None, None, None]),
        }
    )
    years = coverage.presence_years(missions, pd.Timestamp("2024-12-31"))
    assert years[years["conflict_id"] == 1]["year"].tolist() == [2001, 2002, 2003]
    assert years[years["conflict_id"] == 2]["year"].tolist() == [2020, 2021, 2022, 2023, 2024]
    assert set(years["conflict_id"]) == {1, 2}
    earlier = coverage.presence_years(missions, pd.Timestamp("2021-12-31"))
    assert earlier[earlier["conflict_id"] == 2]["year"].tolist() == [2020, 2021]


def test_activity_adds_up_to_the_conflict_years(
    linked: dict[str, pd.DataFrame], tables: dict[str, pd.DataFrame]
) -> None:
    found = coverage.activity(linked["episodes"], linked["missions"])
    spans = tables["episodes"]["last_year"] - tables["episodes"]["first_year"] + 1
    assert found["n_active"].sum() == spans.sum() == 2752
    assert (found["n_with_un"] <= found["n_with_any"]).all()
    assert (found["n_with_any"] <= found["n_active"]).all()
    at = found.set_index(["region_name", "year"])
    assert len(at) == 5 * len(range(1946, 2025))
    assert at.loc[("Europe", 1993), "n_with_un"] >= 3  # Bosnia and Croatia, under UNPROFOR
    assert at.loc[("Americas", 1946), "n_with_any"] == 0


def test_dates_of_operations_are_asked_where_they_can_be(tables: dict[str, pd.DataFrame]) -> None:
    counts = coverage.mission_dates(tables["missions"])
    totals = counts.groupby("date")["n"].sum()
    un = tables["missions"][tables["missions"]["sponsor"] == "un"]
    assert totals["authorized"] == totals["first_personnel"] == len(un) == 71
    assert totals["first_troops"] == un["has_troops"].sum()
    assert totals["end"] == (~un["is_ongoing"]).sum()


def test_the_pictures_say_the_numbers_and_carry_them(tables: dict[str, pd.DataFrame]) -> None:
    declared = read_sources(PROJECT.raw / "sources.toml")
    years = coverage.source_years(declared, tables)
    drawing = figures.source_coverage(years)
    assert f"{len(years)} sources" in drawing.alternative
    assert "Terrain ruggedness and mountainous terrain (does not change)" in drawing.alternative
    pd.testing.assert_frame_equal(drawing.data, years)
    precision = coverage.date_precision(tables["episodes"], tables["missions"])
    text = figures.date_precision(precision).alternative
    exact = (tables["episodes"]["onset_precision"] == "day").sum()
    assert f"Onset of the episode: {exact} of 620 to the day" in text
    assert "Authorization: 68 published file, 3 document; First personnel" in (
        figures.mission_dates(coverage.mission_dates(tables["missions"])).alternative
    )


def test_wars_and_operations_stand_at_their_states(tables: dict[str, pd.DataFrame]) -> None:
    episodes = pd.DataFrame(
        {
            "gwno_loc": ["750;770", "750", "2"],
            "first_year": [1947, 1950, 1999],
            "last_year": [1948, 1959, 1999],
            "war_years": ["1948", None, None],
        }
    )
    missions = pd.DataFrame(
        {"host_gwno": ["750;770", "20", "20"], "sponsor": ["un", "regional", "coalition"]}
    )
    states = pd.DataFrame({"gwno": [2, 20, 750, 770, 770], "name": ["A", "B", "C", "old", "D"]})
    positions = pd.DataFrame({"gwno": [20, 750, 770], "latitude": 1, "longitude": -200})
    found = coverage.world(episodes, missions, states, positions)
    counts = ["conflict_years", "war_years", "n_un", "n_others"]
    assert list(found.columns) == ["gwno", "name", "latitude", "longitude", *counts]
    assert found.set_index("name")[counts].to_dict("index") == {
        "B": dict(zip(counts, (0, 0, 0, 2), strict=True)),
        "C": dict(zip(counts, (12, 1, 1, 0), strict=True)),
        "D": dict(zip(counts, (2, 1, 1, 0), strict=True)),
    }
    real = coverage.world(
        tables["episodes"], tables["missions"], tables["states"], tables["state_positions"]
    )
    spans = tables["episodes"]["last_year"] - tables["episodes"]["first_year"] + 1
    places = tables["episodes"]["gwno_loc"].str.split(";")
    # Hyderabad has no position: its war with India counts in India alone.
    unplaced = spans[places.map(lambda codes: "751" in codes)].sum()
    assert real["conflict_years"].sum() == (spans * places.str.len()).sum() - unplaced
    assert 0 < unplaced < 5
    hosts = tables["missions"]["host_gwno"].str.split(";").str.len()
    assert real[["n_un", "n_others"]].to_numpy().sum() == hosts.sum()


def test_the_map_says_its_numbers_and_areas_are_as_years(tables: dict[str, pd.DataFrame]) -> None:
    places = coverage.world(
        tables["episodes"], tables["missions"], tables["states"], tables["state_positions"]
    )
    drawing = maps.world(places, {})
    pd.testing.assert_frame_equal(drawing.data, places)
    most = places.loc[places["conflict_years"].idxmax()]
    assert f"{most['name']} {most['conflict_years']} (" in drawing.alternative
    assert f"Map of {len(places)} states" in drawing.alternative
    radius = maps.radii(np.array([0.0, 75.0, 300.0]), 300.0)
    assert radius[1] / radius[2] == 0.5 and 0 < radius[0] < radius[1]
    [axes, _] = maps.plot_world(places, {}).axes
    west, east = axes.get_xlim()
    drawn = np.concatenate([c.get_offsets()[:, 0] for c in axes.collections])
    assert ((west <= drawn) & (drawn <= east)).all()


def test_a_picture_of_activity_names_the_most_active_year(linked: dict[str, pd.DataFrame]) -> None:
    found = coverage.activity(linked["episodes"], linked["missions"])
    africa = found[found["region_name"] == "Africa"]
    most = africa.loc[africa["n_active"].idxmax()]
    assert f"Africa: most in {most['year']} ({most['n_active']})" in (
        figures.activity(found).alternative
    )


def test_activity_by_region_and_year_by_hand() -> None:
    episodes = pd.DataFrame(
        {
            "conflict_id": [1, 2, 3],
            "region": [1, 1, 4],
            "first_year": [2000, 2001, 2001],
            "last_year": [2001, 2001, 2002],
        }
    )
    missions = pd.DataFrame(
        {
            "conflict_id": pd.array([1, 2, 3], dtype="Int64"),
            "sponsor": ["un", "regional", "un"],
            "first_personnel_date": pd.to_datetime(["2001-05-01", "2001-01-01", "2002-12-31"]),
            "from_date": pd.to_datetime([None, None, None]),
            "end_date": pd.to_datetime(["2009-01-01", "2001-06-01", None]),
            "to_date": pd.to_datetime([None, None, None]),
        }
    )
    found = coverage.activity(episodes, missions)
    assert len(found) == 5 * 3
    seen = found[found["n_active"] > 0].to_numpy().tolist()
    assert seen == [
        [1, "Europe", 2000, 1, 0, 0],
        [1, "Europe", 2001, 2, 2, 1],
        [4, "Africa", 2001, 1, 0, 0],
        [4, "Africa", 2002, 1, 1, 1],
    ]
    assert found["n_with_any"].sum() == 3 and found["n_with_un"].sum() == 2


def test_dates_of_operations_are_counted_by_what_they_rest_on() -> None:
    missions = pd.DataFrame(
        {
            "sponsor": ["un", "un", "un", "regional"],
            "has_troops": [True, True, False, True],
            "is_ongoing": [False, True, False, False],
        }
    )
    bases = ["file", None, "document", "file"]
    missions = missions.assign(**{f"{stem}_basis": bases for stem in coverage.DATES})
    found = coverage.mission_dates(missions)
    counted = {stem: own["n"].tolist() for stem, own in found.groupby("date")}
    assert found["basis"].tolist()[:4] == ["file", "document", "recalled", "none"]
    # All three; those with troops; those that are over; those of them with troops.
    assert counted["authorized"] == counted["strength_50pct"] == [1, 1, 0, 1]
    assert counted["first_troops"] == [1, 0, 0, 1]
    assert counted["end"] == [1, 1, 0, 0]
    assert counted["last_troops"] == [1, 0, 0, 0]


def test_precision_is_counted_within_each_decade() -> None:
    days = ["1950-01-01", "1959-12-31", "1955-05-05", "1960-01-01"]
    precision = ["day", "month", "day", "year"]
    episodes = pd.concat([dated("onset", days, precision), dated("end", days, precision)], axis=1)
    kinds = ("authorized", "first_personnel", "first_troops")
    missions = pd.concat([dated(k, [None], [None]) for k in kinds], axis=1).assign(sponsor="un")
    rows = coverage.date_precision(episodes, missions)
    own = rows[rows["what"] == "Onset of the episode"]
    assert own[["decade", "precision", "n"]].to_numpy().tolist() == [
        [1950, "day", 2], [1950, "month", 1], [1950, "year", 0],
        [1960, "day", 0], [1960, "month", 0], [1960, "year", 1],
    ]  # fmt: skip
    assert own["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0, 0, 1])
