"""Ceasefires merged to a status by month: known cases, rules by hand, a second source."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.conflicts.ceasefires import (
    DATES,
    FURTHER,
    CeasefireRules,
    ceasefires_from,
    dyad_ceasefires_from,
)

COMPILED = Path("data/raw/compiled")
FILE = Path("upstream/ceasefires/ceasefires_dataset.csv")
RULES = rules(CeasefireRules)
AGREEING_TALKS = 0.85  # share of months of talks led to a ceasefire in which one holds


def read(repository: Path, name: str) -> pd.DataFrame:
    """A committed table, all text."""
    return pd.read_csv(repository / COMPILED / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def record(shared: Path) -> pd.DataFrame:
    """The record of ceasefires, a row per party."""
    raw = pd.read_csv(shared / FILE, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert len(raw) == 4091 and raw["uniq_id"].nunique() == 2203
    return raw


def months(table: pd.DataFrame, unit: str = "conflict_id") -> pd.DataFrame:
    """One row per month, by unit and month."""
    rows = [
        (r[unit], month, r["ceasefire_status"], r["mutual_ceasefire"], r["possible_ceasefire"])
        for r in table.to_dict("records")
        for month in pd.period_range(r["from_month"][:7], r["to_month"][:7], freq="M")
    ]
    names = [unit, "month", "status", "mutual", "possible"]
    return pd.DataFrame(rows, columns=names).set_index([unit, "month"])


def test_tables_are_of_the_record(repository: Path, record: pd.DataFrame) -> None:
    table, dyads = read(repository, "ceasefires"), read(repository, "dyad_ceasefires")
    named = record[record["ucdp_acd_id"] != "-1"]
    assert len(named) == 3796
    assert set(table["conflict_id"]) <= set(named["ucdp_acd_id"])
    assert table["conflict_id"].nunique() == 109 and dyads["dyad_id"].nunique() == 220
    assert set(dyads["dyad_id"]) <= set(record["ucdp_dyad"])
    assert table["from_month"].min() >= "1989-01-31" and table["to_month"].max() == "2020-12-31"
    widest = {"none": 0, "partial": 1, "full": 2}
    level = (
        table[["mutual_ceasefire", "ceasefire_status", "possible_ceasefire"]]
        .replace(widest)
        .astype(int)
    )
    assert (level["mutual_ceasefire"] <= level["ceasefire_status"]).all()
    assert (level["ceasefire_status"] <= level["possible_ceasefire"]).all()
    assert (level["possible_ceasefire"] > 0).all()
    is_empty = table["ceasefire_status"] == "none"
    assert (
        table.loc[is_empty, ["strongest_ceasefire", "ceasefire_purposes", "is_mediated_ceasefire"]]
        == ""
    ).all(axis=None)
    assert ((table["held_days"] == "0") == is_empty).all()


def test_every_ceasefire_with_a_known_month_holds_in_it(
    repository: Path, record: pd.DataFrame
) -> None:
    """Straight from the file: each full one that took effect is in the table in that month."""
    episodes = set(read(repository, "episodes")["conflict_id"])
    held = record[
        record["ucdp_acd_id"].isin(episodes)
        & (record["ended"] != "3")
        & (record["cf_effect_yr"].astype(int) > 0)
        & (record["cf_effect_month"].astype(int) > 0)
        & (record["partial"] == "0")
    ]
    month = held["cf_effect_yr"] + "-" + held["cf_effect_month"].str.zfill(2)
    pairs = pd.MultiIndex.from_arrays([held["ucdp_acd_id"], pd.PeriodIndex(month, freq="M")])
    found = months(read(repository, "ceasefires")).reindex(pairs.unique())
    assert len(found) == 1150 and (found["status"] == "full").all()


def test_known_ceasefires(repository: Path) -> None:
    status = months(read(repository, "ceasefires"))

    def of(conflict: str, month: str) -> list[str]:
        return status.loc[(conflict, pd.Period(month, "M"))].tolist()

    # Transnistria: the agreement of 21 July 1992 holds to the end of the record.
    assert of("394", "2020-12") == ["full", "full", "full"]
    # Sri Lanka: signed in February 2002, ended by the government in January 2008.
    assert of("352", "2002-02") == of("352", "2008-01") == ["full", "full", "full"]
    assert of("352", "1995-05") == ["full", "full", "full"]
    assert ("352", pd.Period("1995-06", "M")) not in status.index
    # In July 2008 the Tamil Tigers alone declared one for the days of a summit.
    assert of("352", "2008-08") == ["full", "none", "full"]


def test_full_ceasefires_within_episodes(repository: Path, record: pd.DataFrame) -> None:
    """Of 394 episodes active since 1989, by how a ceasefire is said to lie within one."""
    episodes = read(repository, "episodes")
    episodes = episodes[episodes["last_year"] >= "1989"]
    assert len(episodes) == 394
    full = record[(record["partial"] == "0") & (record["cf_effect_yr"] > "0")]
    year = full.merge(episodes, left_on="ucdp_acd_id", right_on="conflict_id")
    inside = year["cf_effect_yr"].between(year["first_year"], year["last_year"])
    assert year.loc[inside, "episode_id"].nunique() == 147
    table = read(repository, "ceasefires")
    held = table[(table["ceasefire_status"] == "full") & (table["timing"] == "during")]
    assert held["episode_id"].nunique() == 141


def test_a_second_source_agrees(repository: Path) -> None:
    """Agreements with a ceasefire clause (UCDP), months of talks that led to one, 1989–2020."""
    status = months(read(repository, "ceasefires"))
    covered = read(repository, "ceasefire_coverage")
    covered = covered[covered["is_followed"] == "true"]
    years = {
        (c, y)
        for c, a, b in covered[["conflict_id", "first_year", "last_year"]].to_numpy()
        for y in range(int(a), int(b) + 1)
    }

    def found(conflict: str, day: str) -> str:
        month = pd.Period(day[:7], "M")
        near = [(conflict, m) for m in (month, month + 1) if (conflict, m) in status.index]
        if any(status.loc[key, "status"] != "none" for key in near):
            return "sure"
        return "possible" if near else "none"

    signed = read(repository, "peace_agreements")
    signed = signed[
        (signed["has_ceasefire"] == "true") & signed["signed_date"].between("1989", "2021")
    ]
    pairs = signed[["conflict_id", "signed_date"]].to_numpy()
    inside = [found(c, d) for c, d in pairs if (c, int(d[:4])) in years]
    assert pd.Series(inside).value_counts().to_dict() == {"sure": 101, "possible": 7, "none": 5}
    talks = read(repository, "negotiations")
    talks = talks[talks["results"].str.contains("ceasefire") & (talks["month"] < "2021")]
    pairs = talks[["conflict_id", "month"]].to_numpy()
    inside = [found(c, d) for c, d in pairs if (c, int(d[:4])) in years]
    # Of 162 months 141, 13 and 8; a share, as the record of talks is mended at times.
    assert len(inside) > 150 and inside.count("sure") / len(inside) > AGREEING_TALKS


def test_dyads_belong_to_the_conflict_of_the_dyads(repository: Path, record: pd.DataFrame) -> None:
    """Eleven rows of the record name a dyad of another conflict than the one they name."""
    of = read(repository, "dyads").set_index("dyad_id")["conflict_id"]
    known = record[record["ucdp_dyad"].isin(of.index)]
    other = known[known["ucdp_acd_id"].to_numpy() != of.loc[known["ucdp_dyad"]].to_numpy()]
    assert len(other) == 11
    assert set(other["ucdp_dyad"]) == {"848", "508", "11986", "14620"}
    table = read(repository, "dyad_ceasefires")
    assert (table["conflict_id"].to_numpy() == of.loc[table["dyad_id"]].to_numpy()).all()


def test_nothing_of_the_text_is_kept(repository: Path, record: pd.DataFrame) -> None:
    text = (repository / COMPILED / "ceasefires.csv").read_text(encoding="utf-8")
    names = {t.strip() for t in [*record["actor_name"], *record["cf_pp"]] if len(t.strip()) > 5}
    assert len(names) > 1500 and not [n for n in names if n in text]


EPISODES = pd.DataFrame(
    {
        "episode_id": ["1-1", "2-1"],
        "conflict_id": [1, 2],
        "onset_date": ["1995-03-01", "1990-01-01"],
        "end_date": ["1996-06-30", None],
        "is_ended": [True, False],
    }
)


def line(conflict: str, begin: str, end: str, **cells: str) -> dict[str, str]:
    """One party's part; days as year/month/day, 0 or -1 for parts that are not known."""
    row = dict.fromkeys([*FURTHER, *RULES.purposes], "0")
    row |= dict(zip(DATES, [*begin.split("/"), *begin.split("/"), *end.split("/")], strict=True))
    row |= {"ucdp_acd_id": conflict, "ucdp_dyad": "-1", "side": "2", "ceasefire_class": "1"}
    return row | {"actor_name": "A", "ended": "-1"} | cells


def made(tmp_path: Path, *lines: dict[str, str]) -> list[list[str]]:
    """Months, statuses and days of the runs that rows give."""
    path = tmp_path / "ceasefires.csv"
    pd.DataFrame(lines).to_csv(path, index=False)
    table = ceasefires_from(path, EPISODES, RULES, ("c", "e"))
    columns = [
        "from_month",
        "to_month",
        "ceasefire_status",
        "mutual_ceasefire",
        "possible_ceasefire",
        "held_days",
    ]
    return table[columns].astype(str).to_numpy().tolist()


def test_ends_by_hand(tmp_path: Path) -> None:
    unknown = "-1/-1/-1"
    # A day that is not known counts against it: 30 and 31 May, and the first of June.
    assert made(tmp_path, line("2", "1995/5/30", "1995/6/-1")) == [
        ["1995-05-31", "1995-06-30", "full", "full", "full", "3"]
    ]
    # Of a year alone: sure to the year before, possible to December.
    assert made(tmp_path, line("2", "1995/11/1", "1996/-1/-1", partial="1")) == [
        ["1995-11-30", "1995-12-31", "partial", "partial", "partial", "61"],
        ["1996-01-31", "1996-12-31", "none", "none", "partial", "0"],
    ]
    # Not known: a term of 40 days, or the next full one of the same party, or the end of 2020.
    assert made(tmp_path, line("2", "1995/5/30", unknown, fixed="1", fixed_time="40")) == [
        ["1995-05-31", "1995-05-31", "full", "full", "full", "1"],
        ["1995-06-30", "1995-07-31", "none", "none", "full", "0"],
    ]
    first = line("2", "1995/5/30", unknown, side="1")
    later = line("2", "1996/1/2", "1996/1/4", mediator_nego="1")
    assert made(tmp_path, first, later) == [
        ["1995-05-31", "1995-05-31", "full", "none", "full", "1"],
        ["1995-06-30", "1995-12-31", "none", "none", "full", "0"],
        ["1996-01-31", "1996-01-31", "full", "full", "full", "3"],
    ]
    assert made(tmp_path, first)[-1] == ["1995-06-30", "2020-12-31", "none", "none", "full", "0"]
    assert made(tmp_path, first, later | {"actor_name": "B"})[-1][1] == "2020-12-31"
    # What goes on does so, unless the same party made another one.
    goes_on = line("2", "2020/11/30", "0/0/0", ended="0")
    assert made(tmp_path, goes_on) == [["2020-11-30", "2020-12-31", "full", "full", "full", "32"]]
    assert made(tmp_path, line("2", "1995/5/30", "0/0/0", ended="0"), later)[1][2] == "none"


def test_beginnings_by_hand(tmp_path: Path) -> None:
    never = line("2", "1995/5/30", "0/0/0", ended="3")
    undated = line("2", "1995/5/30", "1995/7/1") | dict.fromkeys(DATES[3:6], "-1")
    assert made(tmp_path, never, undated) == [
        ["1995-05-31", "1995-07-31", "none", "none", "full", "0"]
    ]
    # Of a year: from the declaration on possible, in December sure if it lasted so long.
    year = line("2", "1995/5/30", "1996/1/2") | {"cf_effect_month": "-1", "cf_effect_day": "-1"}
    assert made(tmp_path, year) == [
        ["1995-05-31", "1995-11-30", "none", "none", "full", "0"],
        ["1995-12-31", "1996-01-31", "full", "full", "full", "3"],
    ]


def test_dyads_and_mediation_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "ceasefires.csv"
    lines = [
        line("1", "1996/6/1", "1996/7/2", ucdp_dyad="7", mediator_nego="1", p_holiday="1"),
        line("2", "1996/7/1", "1996/7/2", ucdp_dyad="7", mediator_nego="-1", ceasefire_class="3"),
        line("1", "1996/8/1", "1996/8/2", ucdp_dyad="7", mediator_nego="-1"),
        line("1", "1996/8/1", "1996/8/2", ucdp_dyad="8"),
    ]
    pd.DataFrame(lines).to_csv(path, index=False)
    dyads = pd.DataFrame({"dyad_id": [7, 8], "conflict_id": [1, 2]})
    table = dyad_ceasefires_from(path, dyads, RULES, ("c", "d"))
    seven = table[table["dyad_id"] == 7]
    assert seven["is_mediated_ceasefire"].tolist() == [True, True, None]
    assert seven["strongest_ceasefire"].tolist() == ["cessation", "definitive", "cessation"]
    assert seven["ceasefire_purposes"].tolist() == [["holiday"], ["holiday"], []]
    assert table["conflict_id"].tolist() == [1, 1, 1, 2]
    # The episode ended on 30 June: the run is cut there.
    runs = ceasefires_from(path, EPISODES, RULES, ("c", "e"))
    own = runs[runs["conflict_id"] == 1]
    assert own["timing"].tolist()[:2] == ["during", "after"]
