"""Public tables: counts, known rows, keys that resolve, true definitions, no look-ahead."""

from __future__ import annotations

import datetime
import functools

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collsec.histories.episodes import link
from collsec.histories.public import PUBLIC, PublicColumn, When
from collsec.histories.public.registry import BadPublicTable, public
from collsec.histories.registry import BadDeclaration, raw_columns
from collsec.histories.timelines import arrange_timelines
from collsec.reports.tables.codebook import entries_of
from collsec.tables.clean import read_json, resources
from for_all_tests import examples
from properties.test_no_look_ahead import cut
from riskset import cox_ph
from study import PROJECT, raw_tables, study_frames

#: Rows of each table, pinned.
ROWS = {
    "episodes": 620,
    "episode_hosts": 708,
    "episode_spells": 2294,
    "dyads": 684,
    "dyad_episodes": 990,
    "conflict_years": 13210,
    "conflict_months": 156652,
    "country_years": 12509,
    "country_months": 149225,
    "missions": 197,
    "mission_months": 16773,
    "acts": 1703,
    "votes": 2368,
}
TYPES = {
    "integer": ("Int64",),
    "number": ("float64",),
    "boolean": ("boolean", "bool"),
    "date": ("datetime64[s]",),
    "string": ("string",),
}


@functools.cache
def made(name: str) -> pd.DataFrame:
    return PUBLIC[name](study_frames())


def month(name: str, unit: str, code: int, at: str) -> pd.Series:
    table = made(name)
    [row] = table[(table[unit] == code) & (table["month"] == at)].to_dict("records")
    return pd.Series(row)


# What there is ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLIC)
def test_rows_are_pinned_and_named_by_their_key(name: str) -> None:
    table = made(name)
    assert len(table) == ROWS[name]
    assert not table.duplicated(list(PUBLIC[name].key)).any()
    assert PUBLIC[name].text.startswith("One row per ") and PUBLIC[name].title


@pytest.mark.parametrize("name", PUBLIC)
def test_types_are_as_declared_and_every_column_is_defined(name: str) -> None:
    entries = entries_of(PROJECT)
    for column in PUBLIC[name].columns:
        [holder] = [h for h in entries[column].holders if h.table == f"public/{name}"]
        assert str(made(name)[column].dtype) in TYPES[holder.type], column
        assert entries[column].definition and holder.unit, column


@pytest.mark.parametrize("name", PUBLIC)
def test_every_column_comes_from_raw_columns(name: str) -> None:
    fields = {
        n: [f["name"] for f in read_json(PROJECT, PROJECT.raw / r["schema"])["fields"]]
        for n, r in resources(PROJECT).items()
    }
    for column, declared in PUBLIC[name].columns.items():
        assert declared.uses, column
        for use in declared.uses:
            assert raw_columns(use, fields), (column, use)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_table_needs_no_column_that_it_does_not_declare(name: str) -> None:
    """Keys of the joins within are declared with what they join."""
    table, frames = PUBLIC[name], study_frames()
    columns: dict[str, list[str]] = {taken: [] for taken in table.takes}
    for use in table.uses:
        of, _, column = use.partition(".")
        columns[of].append(column)
    only = {taken: frames[taken][own] for taken, own in columns.items()}
    pd.testing.assert_frame_equal(table(only), made(name))


# Keys -------------------------------------------------------------------------------------------


def test_keys_lead_to_what_they_name() -> None:
    episodes, conflicts = set(made("episodes")["episode_id"]), set(made("episodes")["conflict_id"])
    states = set(raw_tables()["states"]["gwno"])
    missions = set(made("missions")["mission_id"])
    dyads = set(made("dyads")["dyad_id"])
    for name in PUBLIC:
        table = made(name)
        for column, known in (
            ("episode_id", episodes),
            ("latest_episode_id", episodes),
            ("conflict_id", conflicts),
            ("gwno", states),
            ("gwno_host", states),
            ("mission_id", missions),
        ):
            if column in table:
                assert set(table[column].dropna()) <= known, (name, column)
    listed = made("episodes")["dyad_ids"].dropna().str.split(";").explode().astype(int)
    assert set(listed) <= dyads and len(set(listed)) == 684
    assert set(made("dyad_episodes")["dyad_id"]) == dyads
    assert made("votes")["is_permanent"].notna().all()


def test_codes_are_those_of_the_day() -> None:
    episodes = made("episodes").set_index("episode_id")
    yemen = made("country_years")
    yemen = yemen[yemen["gwno"] == 678].set_index("year")
    assert yemen.loc[1989, "cow_code"] == 678 and yemen.loc[1991, "cow_code"] == 679
    germany = made("country_years")
    germany = germany[germany["gwno"] == 260].set_index("year")["cow_code"]
    assert germany[1989] == 260 and germany[1991] == 255
    assert (episodes["iso3_loc"].str.split(";").str.len()
            == episodes["gwno_loc"].str.split(";").str.len()).all()  # fmt: skip
    assert episodes.loc["324-1", "iso3_loc"].split(";") == ["IRN", "IRQ"]
    hosts = made("episode_hosts")
    assert len(hosts) == episodes["gwno_loc"].str.split(";").str.len().sum()


def test_months_are_numbered_as_in_views() -> None:
    months = made("country_months").drop_duplicates("month").set_index("month")["month_id"]
    assert months["1980-01-31"] == 1 and months["1990-01-31"] == 121
    assert months["1946-01-31"] == -407 and months["2024-12-31"] == 540


def test_states_stand_in_the_years_of_their_independence() -> None:
    years = made("country_years").groupby("gwno")["year"].agg(["min", "max"])
    assert tuple(years.loc[626]) == (2011, 2024)  # South Sudan
    assert tuple(years.loc[265]) == (1949, 1990)  # German Democratic Republic
    assert tuple(years.loc[2]) == (1946, 2024)


# Known rows -------------------------------------------------------------------------------------


def test_april_1994_in_rwanda() -> None:
    row = month("country_months", "gwno", 517, "1994-04-30")
    assert row["iso3"] == "RWA" and row["cow_code"] == 517 and row["month_id"] == 172
    assert row["active_episode_ids"] == row["latest_episode_id"] == "374-1"
    assert row["deaths"] == 546 and not row["is_shared"]
    # Resolutions 909, 912: 5 and 21 April. UNAMIR was there, and its people were being withdrawn.
    assert row["resolutions_adopted"] == 2 and row["vetoes_cast"] == 0
    assert row["un_troops"] == 1 and (row["total"], row["troops"]) == (640, 380)
    before = month("country_months", "gwno", 517, "1994-03-31")
    assert (before["total"], before["troops"]) == (2500, 2200)
    assert row["agreements_signed"] == 0 and row["conflicts_in_talks"] == 1
    assert row["sanctions_on_state"] == 0
    later = month("country_months", "gwno", 517, "1994-06-30")
    assert later["sanctions_on_state"] == 1  # arms embargo of resolution 918, 17 May
    war = month("conflict_months", "conflict_id", 374, "1994-04-30")
    assert war["deaths_of_conflict"] == 546 and war["un_troops"] == 1
    assert war["agreements_full"] == 1  # Arusha, August 1993


def test_what_no_record_covers_is_missing() -> None:
    months = made("country_months").set_index(["gwno", "month"])
    assert pd.isna(months.loc[(517, "1975-01-31"), "deaths"])
    assert pd.isna(months.loc[(517, "1985-01-31"), "conflicts_in_talks"])
    bosnia = months.loc[(346, "1994-05-31")]
    assert pd.isna(bosnia["conflicts_in_talks"])  # outside of the record, never without talks
    assert pd.isna(months.loc[(517, "1950-06-30"), "agreements_signed"]) if (
        517, pd.Timestamp("1950-06-30")
    ) in months.index else True  # fmt: skip
    years = made("conflict_years").set_index(["conflict_id", "year"])
    assert pd.isna(years.loc[(374, 2023), "agreements"])
    assert years.loc[(374, 2022), "agreements"] >= 1
    spells = made("episode_spells")
    old = spells["from_date"] < "1975-01-01"
    assert spells.loc[old, "agreements"].isna().all()
    assert spells.loc[(spells["from_date"] >= "2022-01-01"), "agreements"].isna().all()


def test_a_shared_month_is_given_to_no_conflict() -> None:
    wars, months = made("conflict_months"), made("country_months")
    # Three months with a count lie before the independence of the state.
    # Beside the hosts' there are months of countries in which a war killed elsewhere.
    assert months["deaths"].notna().sum() == 17828 - 787 - 3 + 335
    assert wars["deaths_of_conflict"].notna().sum() == 36414
    assert wars["deaths_of_conflict"].sum() == 362329 < months["deaths"].sum() == 1743468 + 2514
    # Syria: the war over government and that with the Islamic State killed in the same months.
    syria = wars[(wars["month"] == "2015-06-30") & (wars["gwno_loc"] == "652")]
    assert len(syria[syria["is_active"]]) > 1
    assert syria.loc[syria["is_active"], "deaths_of_conflict"].isna().all()


# Spells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "unit"),
    [("episode_spells", "episode_id"), ("conflict_months", "episode_id"),
     ("conflict_years", "episode_id")],
)  # fmt: skip
def test_spells_make_up_the_episodes(name: str, unit: str) -> None:
    spells = made(name).dropna(subset=["start"]).sort_values([unit, "start"])
    assert (spells["start"] < spells["stop"]).all()
    whole = made("episodes").set_index("episode_id")
    by = spells.groupby(unit)
    assert (by["start"].first() == 0).all()
    following = by["start"].shift(-1)
    assert (following.dropna() == spells["stop"][following.notna()]).all()
    assert (by["stop"].last() - whole["duration_days"]).abs().max() == 0
    events = by["event"].agg(["sum", "last"])
    assert (events["sum"].astype(int) == whole["is_ended"].astype(int)).all()
    assert (events["last"].astype(bool) == whole["is_ended"].astype(bool)).all()


def test_spells_go_straight_into_a_survival_model() -> None:
    spells = made("episode_spells")
    spells = spells[spells["type_at_onset"] == "intrastate"].assign(
        has_troops=lambda d: (d["un_troops"] > 0).astype(float)
    )
    found = cox_ph(
        spells, start="start", stop="stop", event="event", covariates=["has_troops"],
        cluster="gwno_host",
    )  # fmt: skip
    assert found.nobs == len(spells)


def test_an_act_counts_from_the_day_after() -> None:
    spells = made("episode_spells")
    rwanda = spells[spells["episode_id"] == "374-1"].set_index("from_date")
    row = rwanda.loc["1994-05-17"]  # resolution 918 of that day
    assert row["sanctions_in_force"] == 1
    assert row["resolutions"] == rwanda.loc[:"1994-05-16", "resolutions"].iloc[-1] + 1


# No look-ahead ----------------------------------------------------------------------------------

#: Tables with columns of a row's own period, and the column by which rows are in time.
IN_TIME = {
    "episode_spells": "from_date",
    "conflict_months": "month",
    "country_months": "month",
    "mission_months": "month",
}


@examples(2)
@given(st.dates(datetime.date(1992, 1, 1), datetime.date(2024, 6, 30)))
@example(datetime.date(1994, 4, 30))
def test_rows_before_a_date_rest_on_nothing_after_it(day: datetime.date) -> None:
    """What was known before a row is the same if everything after it had not happened."""
    at = pd.Timestamp(day).to_period("M").end_time.normalize().as_unit("s")
    # Which states there are, and where, is no news of the wars.
    partial = {**cut(raw_tables(), at), "states": raw_tables()["states"]}
    for name, table in partial.items():
        whole = raw_tables()[name]
        if "to_month" in table and name != "violence_months":  # a run that goes on
            to_month = whole["to_month"].where(whole["to_month"] <= at, at)
            partial[name] = table.assign(to_month=to_month).dropna(subset=["from_month"])
        elif name in ("mission_locations", "mission_contributors"):
            partial[name] = table.dropna(subset=["month"])
    frames = {**partial, **link(partial)}
    frames |= arrange_timelines(frames)
    for name, column in IN_TIME.items():
        before = [n for n, c in PUBLIC[name].columns.items() if c.when is When.BEFORE]
        if not before:
            continue
        keys = list(PUBLIC[name].key)
        then, whole = PUBLIC[name](frames), made(name)
        # A record that is cut ends earlier, so that what it told is missing; a spell is cut there.
        both = whole[whole[column] <= at].merge(then, on=keys, suffixes=("", "_then"))
        assert len(both) > 100, name
        for c in before:
            known = both[c].notna() & both[f"{c}_then"].notna()
            same = both.loc[known, c] == both.loc[known, f"{c}_then"]
            assert same.all(), (name, c, both.loc[known][~same].head(3)[[*keys, c, f"{c}_then"]])


# Declarations and the folder --------------------------------------------------------------------


def test_a_table_that_is_not_what_it_declares_is_refused() -> None:
    columns = {"gwno": PublicColumn(("states.gwno",)), "iso3": PublicColumn(("states.iso3",))}

    def refused(states: pd.DataFrame) -> pd.DataFrame:
        """One row per state."""
        return states[["gwno"]]

    def twice(states: pd.DataFrame) -> pd.DataFrame:
        """One row per state."""
        return states[["gwno", "iso3"]]

    try:
        for function, needle in ((refused, "lacks .'iso3'"), (twice, "do not name one row")):
            public("Refused", key=("gwno",), columns=columns)(function)
            with pytest.raises(BadPublicTable, match=needle):
                PUBLIC[function.__name__](raw_tables())
        with pytest.raises(BadDeclaration, match="no parameter"):
            public("X", key=("a",), columns={"a": PublicColumn(("vetoes.a",))})(refused)
    finally:
        PUBLIC.pop("refused", None)
        PUBLIC.pop("twice", None)
