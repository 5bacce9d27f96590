"""Deaths by month and by year: dates shifted, countries and conflicts assigned, ids bridged."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.violence import months as months_module
from collsec.compile.violence.country_years import (
    CountryYear,
    CountryYears,
    last_whole_year,
    read_country_years,
    shares_of_years,
)
from collsec.compile.violence.months import ViolenceRules, read_months, violence_months_from
from collsec.compile.violence.years import (
    bridge_from,
    by_conflict,
    by_country,
    read_ucdp,
    rounded,
    same_war,
    total,
)
from collsec.core.errors import BadTable

COMPILED = Path("data/raw/compiled")
RULES = rules(ViolenceRules)


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table, all text."""
    return pd.read_csv(repository / COMPILED / f"{name}.csv", dtype=str, keep_default_na=False)


def months_of(table: pd.DataFrame) -> pd.DataFrame:
    """One row per host and month."""
    runs = [
        pd.DataFrame({"month": pd.period_range(r.from_month[:7], r.to_month[:7], freq="M")}).assign(
            host=r.gwno_host,
            deaths=r.deaths,
            conflicts=r.conflicts,
            conflict_id=r.conflict_id,
            is_host=r.is_host == "true",
        )
        for r in table.itertuples()
    ]
    return pd.concat(runs, ignore_index=True)


@pytest.fixture(scope="module")
def months(repository: Path) -> pd.DataFrame:
    """The committed months of hosts, unpacked."""
    return months_of(read(repository, "violence_months"))


@pytest.fixture(scope="module")
def dyads(repository: Path) -> dict[int, int]:
    """Dyad → conflict."""
    table = read(repository, "dyads").astype({"dyad_id": int, "conflict_id": int})
    return dict(zip(table["dyad_id"], table["conflict_id"], strict=True))


@pytest.fixture(scope="module")
def countries(shared: Path, dyads: dict[int, int]) -> CountryYears:
    """UCDP's country-years."""
    path = shared / "upstream/ucdp_brd/organizedviolencecy_v25_1.csv"
    return read_country_years(path, dyads)


# Months ----------------------------------------------------------------------------------------


@pytest.mark.full
def test_months_lie_around_episodes(repository: Path, months: pd.DataFrame) -> None:
    table = read(repository, "violence_months")
    assert len(table) == 10662 and table["gwno_host"].nunique() == 97
    assert len(months) == 18179 and not months.duplicated(["host", "month"]).any()
    assert (str(months["month"].min()), str(months["month"].max())) == ("1990-01", "2023-12")
    months = months[months["is_host"]]
    assert len(months) == 17828 and months["host"].nunique() == 93
    assert (months["deaths"] == "").sum() == 787
    expected = set()
    first, last = pd.Period("1990-01"), pd.Period("2023-12")
    for e in read(repository, "episodes").itertuples():
        begin = max(pd.Period(e.onset_date[:7]) - 24, first)
        end = min(pd.Period(e.end_date[:7]) + 24, last) if e.end_date else last
        if begin <= end:
            span = pd.period_range(begin, end, freq="M")
            expected |= {(h, m) for h in e.gwno_loc.split(";") for m in span}
    assert set(zip(months["host"], months["month"], strict=True)) == expected


def test_what_is_not_covered_is_missing_and_never_zero(months: pd.DataFrame) -> None:
    months = months[months["is_host"]]
    empty = months[months["deaths"] == ""].groupby("host")["month"].max().astype(str)
    assert empty.to_dict() == {
        "344": "1992-03",
        "345": "2001-11",
        "346": "1992-03",
        "359": "1991-07",
        "365": "1991-11",
        "372": "1991-08",
        "373": "1991-11",
        "530": "1993-04",
        "560": "1990-02",
        "625": "2011-06",
        "626": "2011-06",
        "678": "1996-07",
        "702": "1991-08",
        "850": "2002-04",
    }
    counted = months[months["deaths"] != ""]
    assert counted.groupby("host")["month"].min()["625"] == pd.Period("2011-07")
    assert not (set(counted["host"]) & {"345"})


@pytest.fixture(scope="module")
def other(shared: Path) -> pd.DataFrame:
    """The same measure as another publication has it: months × names of countries."""
    folder = shared / "upstream/violence_months"
    wide = pd.read_parquet(folder / "ged_cm_postpatch.parquet")["ged_best_sb"]
    wide = wide.reset_index().pivot_table(index="month_id", columns="country_id", dropna=False)
    wide = wide.droplevel(0, axis=1)
    names = pd.read_parquet(folder / "country.parquet")["name"]
    when = pd.read_parquet(folder / "month.parquet").loc[wide.index]
    wide.columns = names.reindex(wide.columns).to_numpy()
    wide.index = pd.PeriodIndex.from_fields(year=when["year"], month=when["month"], freq="M")
    return wide.loc[:, ~wide.columns.duplicated()]


@pytest.mark.parametrize(
    ("shift", "cells", "share", "correlation"), [(0, 11038, 0.015, 0.51), (12, 8676, 0.841, 0.987)]
)
def test_labels_are_a_year_too_early(
    shared: Path, other: pd.DataFrame, shift: int, cells: int, share: float, correlation: float
) -> None:
    """Of the cells with deaths in either publication: equal ones, with and without the shift."""
    raw = pd.read_csv(shared / "upstream/violence_months/shapefinder_df_input.csv", index_col=0)
    raw.index = pd.PeriodIndex(raw.index.str[:7], freq="M") + shift
    both = raw.index.intersection(other.index)
    names = [c for c in raw.columns if c in other.columns]
    assert len(names) == 191 == len(raw.columns)
    a, b = raw.loc[both, names].to_numpy(), other.loc[both, names].to_numpy()
    known = ~np.isnan(a) & ~np.isnan(b) & ((a > 0) | (b > 0))
    assert known.sum() == cells
    assert (a[known] == b[known]).mean() == pytest.approx(share, abs=5e-4)
    assert np.corrcoef(a[known], b[known])[0, 1] == pytest.approx(correlation, abs=5e-3)


def test_the_rules_shift_the_labels(shared: Path, countries: CountryYears) -> None:
    path = shared / "upstream/violence_months/shapefinder_df_input.csv"
    table = read_months(path, countries.gwno, RULES)
    assert RULES.label_shift_months == 12 and table.shape == (408, 191)
    raw = pd.read_csv(path, index_col=0)
    # Rwanda, April to July 1994; the file says 1993.
    assert (
        table.loc["1994-04":"1994-07", 517].tolist()
        == raw.loc["1993-04-30":"1993-07-31", "Rwanda"].tolist()
    )
    # The deaths of a year stand in one month.
    assert table.loc["2000-06", [530, 531]].to_numpy().ravel().tolist() == [48183, 712]


def test_assignment_agrees_with_dated_events(shared: Path, months: pd.DataFrame) -> None:
    """South Sudan: every death in a month given to a conflict is of that conflict."""
    raw = pd.read_csv(shared / "upstream/violence_months/ged_south_sudan.csv", low_memory=False)
    raw = raw[pd.to_numeric(raw["type_of_violence"], errors="coerce") == 1]
    events = pd.DataFrame(
        {
            "month": pd.to_datetime(raw["date_start"], format="mixed").dt.to_period("M"),
            "conflict_id": pd.to_numeric(raw["conflict_new_id"]).astype(int).astype(str),
            "deaths": pd.to_numeric(raw["best"]),
        }
    )
    assert events["deaths"].sum() == 5709
    own = months[(months["host"] == "626") & (months["month"] < pd.Period("2021-01"))]
    own = own[own["deaths"] != ""].set_index("month")
    by_month = events.groupby("month")["deaths"].sum().reindex(own.index, fill_value=0)
    ours = own["deaths"].astype(int)
    # The totals are the same; months differ where an event lasts beyond the end of a month.
    assert len(own) == 114 and ours.sum() == by_month.sum() == 5521
    assert (ours == by_month).mean() == pytest.approx(0.842, abs=5e-4)
    assert np.corrcoef(ours, by_month)[0, 1] > 0.98
    joined = events.merge(own[["conflicts", "conflict_id"]], left_on="month", right_index=True)
    given = joined[joined["conflict_id_y"] != ""]
    assert (own["conflict_id"] != "").sum() == 49
    assert given["deaths"].sum() == 1937
    assert given.loc[given["conflict_id_x"] == given["conflict_id_y"], "deaths"].sum() == 1937
    named = joined[joined["conflicts"] != ""]
    listed = [
        c in cs.split(";") for c, cs in zip(named["conflict_id_x"], named["conflicts"], strict=True)
    ]
    assert all(listed) and named["deaths"].sum() == 5511


def test_shared_months_are_given_to_none(repository: Path) -> None:
    table = read(repository, "violence_months")
    several = table["conflicts"].str.contains(";")
    assert ((table["is_shared"] == "true") == several).all()
    assert (table.loc[several, "conflict_id"] == "").all()
    one = ~several & (table["conflicts"] != "")
    assert (table.loc[one, "conflict_id"] == table.loc[one, "conflicts"]).all()
    assert (table.loc[table["deaths"].isin(["", "0"]), "conflicts"] == "").all()


def test_months_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "months.csv"
    labels = pd.period_range("1999-01", "1999-06", freq="M").asfreq("D", "end").astype(str)
    cells = {"": labels, "Here": ["", "0", "3", "3", "0", "7"], "Elsewhere": ["1"] * 6}
    pd.DataFrame(cells).to_csv(path, index=False)
    episodes = pd.DataFrame(
        {
            "onset_date": ["2000-03-15"],
            "end_date": ["2000-05-02"],
            "is_ended": [True],
            "gwno_loc": [["10"]],
        }
    )
    small = RULES.model_copy(update={"margin_months": 1, "country": ()})
    several = CountryYears(
        {(10, 2000): CountryYear((5, 6), 9, 9, 9)}, {"Here": 10, "Elsewhere": 20}
    )
    table = violence_months_from(path, episodes, several, small, ("m", "c", "e"))
    assert table["from_month"].astype(str).tolist() == [
        "2000-02-29",
        "2000-03-31",
        "2000-05-31",
        "2000-06-30",
    ]
    assert table["to_month"].astype(str).tolist()[1] == "2000-04-30"
    assert table["deaths"].tolist() == [0, 3, 0, 7]
    assert table["conflicts"].tolist() == [[], ["5", "6"], [], ["5", "6"]]
    assert table["conflict_id"].isna().all() and table["is_shared"].tolist()[1]
    alone = CountryYears({(10, 2000): CountryYear((5,), 9, 9, 9)}, several.gwno)
    table = violence_months_from(path, episodes, alone, small, ("m", "c", "e"))
    assert table["conflict_id"].fillna(0).tolist() == [0, 5, 0, 5]
    wide = small.model_copy(update={"margin_months": 2})
    table = violence_months_from(path, episodes, alone, wide, ("m", "c", "e"))
    assert table["deaths"].isna().tolist() == [True, False, False, False, False]
    with pytest.raises(BadTable, match="unknown country"):
        read_months(path, {"Here": 10}, small)
    with pytest.raises(BadTable, match="stands twice"):
        read_months(path, {"Here": 10, "Elsewhere": 10}, small)


def test_a_year_of_months_is_held_against_its_total(repository: Path) -> None:
    """The totals as UCDP 25.1 has them, the sums as an audit found them."""
    table = read(repository, "violence_country_years").set_index(["gwno", "year"])
    pairs = table[["deaths_in_months", "state_based_deaths"]].apply(pd.to_numeric)
    for country, year, held, of in (
        ("369", "2022", 45782, 91485),
        ("369", "2023", 23173, 75080),
        ("530", "2020", 1621, 20916),
        ("530", "2021", 9032, 124553),
        ("530", "2022", 100861, 163210),
        ("346", "1994", 4929, 7022),
        ("346", "1995", 1345, 8855),
        ("666", "2023", 16924, 26722),
        ("678", "2020", 2376, 6307),
        ("625", "2023", 3476, 5353),
        ("660", "2006", 591, 1189),
    ):
        assert pairs.loc[(country, year)].tolist() == [held, of], (country, year)
        assert float(table.loc[(country, year), "month_share"]) == round(held / of, 3)
    months = read(repository, "violence_months")
    late = months[(months["from_month"].str[:4] == "2022") & (months["gwno_host"] == "369")]
    assert late["is_superseded"].eq("true").all() and late["is_whole"].eq("false").all()


def test_the_last_whole_year_follows_from_the_shares(repository: Path) -> None:
    table = pd.read_csv(repository / COMPILED / "violence_country_years.csv")
    share = shares_of_years(table)
    assert share.round(2).loc[2018:].to_dict() == {
        2018: 1.0, 2019: 0.98, 2020: 0.68, 2021: 0.42, 2022: 0.62, 2023: 0.53
    }  # fmt: skip
    assert last_whole_year(table, RULES.whole_share) == 2019
    assert last_whole_year(table, 2.0) == 0  # of no year
    months = read(repository, "violence_months")
    assert (months["is_whole"].eq("true") == (months["from_month"] < "2020")).all()


def test_lumped_months_are_those_of_the_rule(repository: Path) -> None:
    table = read(repository, "violence_months")
    lumped = table[table["is_lumped"] == "true"]
    found = set(zip(lumped["gwno_host"], lumped["from_month"].str[:7], strict=True))
    assert found == {
        ("484", "1997-06"),
        ("484", "1998-12"),
        ("530", "1999-06"),
        ("530", "2000-06"),
        ("530", "2021-06"),
        ("530", "2022-09"),
        ("530", "2022-11"),
        ("540", "1992-11"),
        ("541", "1991-06"),
        ("700", "1992-08"),
        ("700", "1993-05"),
        ("702", "1992-12"),
        ("750", "1990-12"),
        ("750", "1991-12"),
        ("750", "1992-12"),
    }


def test_scaled_deaths_add_up_to_the_total_of_the_year(repository: Path) -> None:
    table = read(repository, "violence_months")
    months = pd.concat(
        [
            pd.DataFrame({"month": pd.period_range(r.from_month[:7], r.to_month[:7])}).assign(
                host=r.gwno_host, deaths=r.deaths, scaled=r.scaled_deaths
            )
            for r in table[table["gwno_host"].isin(["369", "530"])].itertuples()
        ]
    )
    year = months["month"].dt.year
    early = months[year < 2020]
    assert (early["deaths"] == early["scaled"]).all()
    late = months[year >= 2020].assign(year=year[year >= 2020])
    sums = late.assign(scaled=late["scaled"].astype(int)).groupby(["host", "year"])["scaled"].sum()
    for key, of in (("369", 2022), 91485), (("530", 2021), 124553), (("530", 2022), 163210):
        assert abs(sums[key] - of) <= 6  # half a death a month is lost to rounding


def test_a_country_that_is_no_host_is_kept_where_many_died(repository: Path) -> None:
    table = read(repository, "violence_months")
    lebanon = table[(table["gwno_host"] == "660") & table["from_month"].str.startswith("2006")]
    assert set(lebanon["is_host"]) == {"false"}
    killed = lebanon[lebanon["deaths"] != "0"]
    assert killed[["from_month", "deaths", "conflicts"]].to_numpy().tolist() == [
        ["2006-05-31", "1", "234;426"],
        ["2006-07-31", "331", "234;426"],
        ["2006-08-31", "259", "234;426"],
    ]


def test_genocide_is_not_silence(repository: Path, shared: Path) -> None:
    table = read(repository, "violence_country_years").set_index(["gwno", "year"])
    rwanda = table.loc[("517", "1994")]
    assert rwanda["one_sided_deaths"] == "770581" and rwanda["state_based_deaths"] == "1882"
    assert rwanda["one_sided_deaths_low"] == "345833"
    assert rwanda["one_sided_deaths_by_governments"] == "759638"
    raw = pd.read_csv(shared / "upstream/ucdp_brd/organizedviolencecy_v25_1.csv")
    assert table["one_sided_deaths"].astype(int).sum() == raw["os_total_deaths_best_cy"].sum()
    assert table["state_based_deaths"].astype(int).sum() == raw["sb_total_deaths_best_cy"].sum()
    # The record of months has none of it: 546 deaths in April 1994.
    months = pd.read_csv(shared / "upstream/violence_months/shapefinder_df_input.csv", index_col=0)
    assert months.loc["1993-04-30", "Rwanda"] == 546


def test_doctests_of_months() -> None:
    assert doctest.testmod(months_module).failed == 0


# Years -----------------------------------------------------------------------------------------


def test_every_active_year_has_a_row(repository: Path) -> None:
    table = read(repository, "violence_years").astype({"year": int})
    assert len(table) == 2752 and not table.duplicated(["conflict_id", "year"]).any()
    n = (table != "").sum()
    assert n[["prio_deaths_best", "prio_deaths_low"]].tolist() == [1155, 1889]
    assert table["ucdp_level"].value_counts().to_dict() == {
        "": 1603,
        "conflict": 1059,
        "country": 90,
    }
    late = table[table["year"] >= 2016]
    assert len(late) == 503 and (late["is_shared"] == "true").sum() == 413
    assert not (late["ucdp_deaths_best"] != "")[late["is_shared"] == "true"].any()
    assert table.loc[table["prio_deaths_low"] != "", "year"].between(1946, 2008).all()
    for name in ("prio", "ucdp"):
        columns = [f"{name}_deaths_{e}" for e in ("low", "best", "high")]
        known = table.loc[(table[columns] != "").all(axis=1), columns].astype(int)
        low, best, high = (known[c] for c in columns)
        assert len(known) == {"prio": 1155, "ucdp": 1148}[name]
        assert ((low <= best) & (best <= high)).mean() > 0.99, name


def test_prio_has_two_digits(repository: Path, shared: Path) -> None:
    table = read(repository, "violence_years")
    values = table.loc[table["prio_deaths_best"] != "", "prio_deaths_best"]
    assert (values.str.rstrip("0").str.len() <= 2).all()
    raw = pd.read_excel(
        shared / "upstream/battle_deaths/PRIO Battle Deaths Dataset 3.1.xls",
        dtype=str,
        engine="xlrd",
    )
    assert len(raw) == 1957
    # Korea 1950 to 1953 and Bosnia 1992 to 1995, by today's and earlier ids.
    for today, old, years in (("238", "51", range(1950, 1954)), ("389", "194", range(1992, 1996))):
        for year in years:
            theirs = raw[(raw["id"] == old) & (raw["year"] == str(year))]
            ours = table[(table["conflict_id"] == today) & (table["year"] == str(year))]
            if len(theirs) and theirs["bdeadbes"].iloc[0] != "-999":
                close = float(ours["prio_deaths_best"].iloc[0]) / float(theirs["bdeadbes"].iloc[0])
                assert close == pytest.approx(1, abs=0.051)
    assert rounded((1449, 25, None), 2) == (1400, 25, None) and rounded((0, 7, 96), 1) == (
        0,
        7,
        100,
    )


@pytest.fixture(scope="module")
def years(shared: Path) -> pd.DataFrame:
    """Conflict-years of the release."""
    path = shared / "upstream/ucdp_acd/ucdp-prio-acd-251.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_earlier_ids_are_bridged_one_to_one(
    shared: Path, repository: Path, years: pd.DataFrame
) -> None:
    path = shared / "upstream/battle_deaths/ucdp-prio-acd-4-2016.csv"
    bridge = bridge_from(path, years, RULES)
    old = pd.read_csv(path, dtype=str)
    assert old["ConflictId"].nunique() == 275 and len(bridge) == 274
    assert len(RULES.old_conflict) == 10
    by_rule = {c: i for c, i in bridge.items() if c not in {r.id for r in RULES.old_conflict}}
    assert len(by_rule) == 265 == len(set(by_rule.values()))
    by_hand = {r.conflict_id for r in RULES.old_conflict if r.conflict_id}
    # Palaung alone leads where an earlier conflict leads too: other years of one war of today.
    assert by_hand & set(by_rule.values()) == {222}
    known = set(read(repository, "episodes")["conflict_id"])
    assert {str(i) for i in bridge.values()} <= known
    with pytest.raises(BadTable, match="not bridged"):
        bridge_from(path, years, RULES.model_copy(update={"old_conflict": RULES.old_conflict[1:]}))


def test_years_assigned_by_country_agree_with_years_by_conflict(
    shared: Path, countries: CountryYears, years: pd.DataFrame
) -> None:
    """Where both exist (1989 to 2015), a conflict that is alone has the deaths of its countries."""
    folder = shared / "upstream/battle_deaths"
    bridge = bridge_from(folder / "ucdp-prio-acd-4-2016.csv", years, RULES)
    published = by_conflict(read_ucdp(folder / "ucdp-brd-conf-50-2016.csv"), bridge)
    assigned = by_country(countries.years, after=1988)
    pairs = [
        (published[key][0], deaths[0])
        for key, (deaths, is_shared) in assigned.items()
        if deaths and not is_shared and key in published
    ]
    a, b = np.array(pairs, dtype=float).T
    assert len(pairs) == 369
    assert np.corrcoef(np.log1p(a), np.log1p(b))[0, 1] > 0.9
    assert np.median(b / a) == pytest.approx(1, abs=0.05)


def test_deaths_are_shared_or_summed_by_hand() -> None:
    place = CountryYear
    years = {
        (1, 2016): place((5,), 10, 8, 12),
        (2, 2016): place((5,), 1, 1, 3),
        (3, 2016): place((6, 7), 9, 9, 9),
        (4, 2016): place((7,), 5, 5, 5),
        (1, 2015): place((5,), 99, 99, 99),
    }
    assert by_country(years, after=2015) == {
        (5, 2016): ((11, 9, 15), False),
        (6, 2016): (None, True),
        (7, 2016): (None, True),
    }
    assert total([(1, 2, None), (3, None, 4)]) == (4, None, None)
    assert by_conflict(
        {("1-1", 1990): (1, 1, 1), ("1-2", 1990): (2, 2, 2)}, {"1-1": 9, "1-2": 9}
    ) == {(9, 1990): (3, 3, 3)}


def test_same_war_by_hand() -> None:
    old = {"SideB": "KDP, PUK", "Incompatibility": "1", "TerritoryName": "X", "GWNoLoc": "645"}
    today = {
        "conflict_id": "7",
        "side_b": "puk ",
        "incompatibility": "1",
        "territory_name": "X",
        "gwno_loc": "645, 630",
    }
    assert same_war(old, [today]) == 7
    for change in ({"incompatibility": "2"}, {"gwno_loc": "630"}, {"side_b": "PKK"}):
        assert same_war(old, [today | change]) is None
    assert same_war(old, [today, today | {"conflict_id": "8", "territory_name": "Y"}]) == 7
    assert same_war(old, [today, today | {"conflict_id": "8"}]) is None
