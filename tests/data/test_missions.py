"""The coded peace operations, their conflicts and the milestones of their monthly counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.missions.counts import (
    CountRules,
    mission_milestones_from,
    monthly_counts,
)
from collsec.compile.missions.labels import LabelRules
from collsec.compile.text import csv_text

BARA_HULTMAN = "un_missions/UN and Non-UN Peacekeeping_v2-2019.dta"
SHORTFALL = "un_missions/Personnel_shortfall_data.dta"
DATED = ("authorized", "first_personnel", "first_troops", "last_troops", "end")


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def missions(repository: Path) -> pd.DataFrame:
    return read(repository / "data/raw/coded/missions.csv").set_index("mission_id")


@pytest.fixture(scope="module")
def un(missions: pd.DataFrame) -> pd.DataFrame:
    return missions[missions["sponsor"] == "un"]


@pytest.fixture(scope="module")
def links(repository: Path) -> pd.DataFrame:
    return read(repository / "data/raw/coded/mission_conflicts.csv")


@pytest.fixture(scope="module")
def milestones(repository: Path) -> pd.DataFrame:
    return read(repository / "data/raw/compiled/mission_milestones.csv").set_index("mission_id")


def months_between(earlier: pd.Series, later: pd.Series) -> pd.Series:
    first, second = pd.to_datetime(earlier), pd.to_datetime(later)
    return 12 * (second.dt.year - first.dt.year) + second.dt.month - first.dt.month


@pytest.mark.parametrize(
    ("mission", "resolution", "date"),
    [
        ("unprofor", "S/RES/743 (1992)", "1992-02-21"),
        ("unosom-ii", "S/RES/814 (1993)", "1993-03-26"),
        ("unamir", "S/RES/872 (1993)", "1993-10-05"),
        ("minusma", "S/RES/2100 (2013)", "2013-04-25"),
        ("unef-i", "A/RES/1000 (ES-I)", "1956-11-05"),
        ("monuc", "S/RES/1279 (1999)", "1999-11-30"),
    ],
)
def test_authorization_of_anchors(
    missions: pd.DataFrame, mission: str, resolution: str, date: str
) -> None:
    row = missions.loc[mission]
    assert (row["resolution"], row["authorized_date"]) == (resolution, date)


@pytest.mark.parametrize(
    ("mission", "column", "date"),
    [
        ("onuc", "first_personnel_date", "1960-07-15"),
        ("unef-ii", "first_troops_date", "1973-10-26"),
        ("unamir", "first_personnel_date", "1993-10-31"),
        ("minusma", "first_troops_date", "2013-07-01"),
        ("minusca", "first_troops_date", "2014-09-15"),
        ("unamid", "first_troops_date", "2007-12-31"),
        ("unmiss", "first_troops_date", "2011-07-09"),
        ("monusco", "first_troops_date", "2010-07-01"),
    ],
)
def test_deployment_of_anchors(
    missions: pd.DataFrame, mission: str, column: str, date: str
) -> None:
    assert missions.loc[mission, column] == date


def test_every_un_operation_is_there(un: pd.DataFrame) -> None:
    assert len(un) >= 71
    dated = un["authorized_date"].ne("") & un["resolution"].ne("")
    assert dated.sum() >= 70
    first = un[["first_personnel_date", "first_personnel_precision", "first_personnel_basis"]]
    assert first.ne("").all(axis=1).sum() >= 65


def test_other_operations_are_there(missions: pd.DataFrame) -> None:
    sponsors = missions["sponsor"].value_counts()
    assert sponsors["regional"] >= 44
    assert sponsors["coalition"] >= 20
    other = missions[missions["sponsor"] != "un"]
    assert other["first_personnel_date"].ne("").all()
    assert (other["is_ongoing"].eq("true") == other["end_date"].eq("")).all()


def test_dates_are_whole_and_in_order(missions: pd.DataFrame) -> None:
    for name in (*DATED, "strength_10pct", "strength_50pct"):
        parts = missions[[f"{name}_{p}" for p in ("date", "precision", "source", "basis")]].ne("")
        assert (parts.all(axis=1) | ~parts.any(axis=1)).all(), name
    for before, after in (
        ("first_personnel", "first_troops"),
        ("first_troops", "last_troops"),
        ("first_personnel", "end"),
        ("strength_10pct", "strength_50pct"),
    ):
        both = missions[missions[f"{before}_date"].ne("") & missions[f"{after}_date"].ne("")]
        # the last day of a month may stand for an earlier day of it
        late = both[f"{before}_date"] > both[f"{after}_date"]
        same_month = both[f"{before}_date"].str[:7] == both[f"{after}_date"].str[:7]
        assert list(both.index[late & ~same_month]) == [], (before, after)


def test_months_and_years_are_last_days(missions: pd.DataFrame) -> None:
    for name in (*DATED, "strength_10pct", "strength_50pct"):
        dates = pd.to_datetime(missions[f"{name}_date"].replace("", None))
        precision = missions[f"{name}_precision"]
        assert dates[precision == "month"].dt.is_month_end.all(), name
        assert dates[precision == "year"].dt.is_year_end.all(), name


def test_nobody_comes_before_the_authorization(un: pd.DataFrame) -> None:
    early = un[un["first_personnel_date"] < un["authorized_date"]]
    unexplained = early[~early["note"].str.contains("precede the resolution")]
    assert list(unexplained.index) == []


def test_troops_ends_and_ongoing_agree(missions: pd.DataFrame) -> None:
    no_troops = missions["has_troops"] == "false"
    assert missions.loc[no_troops, ["first_troops_date", "last_troops_date"]].eq("").all(axis=None)
    un_troops = (missions["sponsor"] == "un") & ~no_troops
    assert missions.loc[un_troops, "first_troops_date"].ne("").all()
    ongoing = missions["is_ongoing"] == "true"
    assert missions.loc[ongoing, ["end_date", "last_troops_date"]].eq("").all(axis=None)
    assert missions.loc[~ongoing & (missions["sponsor"] == "un"), "end_date"].ne("").all()
    assert set(missions.index[ongoing & (missions["sponsor"] == "un")]) == {
        "minurso",
        "minusca",
        "monusco",
        "undof",
        "unficyp",
        "unifil",
        "unisfa",
        "unmik",
        "unmiss",
        "unmogip",
        "untso",
    }


def test_troops_at_first_are_without_observers(missions: pd.DataFrame) -> None:
    """The military personnel of the founding resolutions less the observers that they include."""
    for mission, personnel, observers in (
        ("unamsil", 6000, 260),
        ("unmiset", 5000, 120),
        ("unoci", 6240, 200),
        ("minusca", 10000, 240),
        ("onub", 5650, 200),
        ("unmil", 15000, 250),
        ("unmis", 10000, 750),
        ("unamid", 19555, 360),
        ("untac", 15900, 485),
        ("onumoz", 6979, 354),
        ("unisfa", 4200, 135),
        ("unmiss", 7000, 166),
    ):
        assert int(missions.loc[mission, "authorized_troops_initial"]) == personnel - observers


def test_what_goes_on_says_as_of_when(missions: pd.DataFrame) -> None:
    ongoing = missions["is_ongoing"] == "true"
    assert missions["as_of_date"].ne("").equals(ongoing)
    assert missions["as_of_source"].ne("").equals(ongoing)
    day = missions["as_of_date"]
    assert (day[ongoing] >= missions.loc[ongoing, "first_personnel_date"]).all()
    assert day[ongoing].max() < "2026"
    assert day["au-mvcm"] == "2023-08-14" and day["eutm-rca"] == "2022-07-29"
    assert day["eutm-mozambique"] == "2025-12-09"


def test_ends_are_those_of_the_documents(missions: pd.DataFrame) -> None:
    ended = missions.loc["samidrc", ["is_ongoing", "end_date", "end_precision", "last_troops_date"]]
    assert ended.tolist() == ["false", "2025-03-13", "day", ""]
    assert missions.loc["unef-ii", ["end_date", "end_precision"]].tolist() == ["1979-07-24", "day"]
    assert missions.loc["atmis", "first_troops_date"] == "2022-04-01"


LONG_AFTER_YEARS = 5
DAYS_A_YEAR = 365.25


def test_no_mission_is_linked_to_a_war_long_over_without_its_settlement(
    repository: Path, missions: pd.DataFrame, links: pd.DataFrame
) -> None:
    episodes = read(repository / "data/raw/compiled/episodes.csv")
    asked = []
    for link in links[links["rule"].isin(["bara_hultman", "mullenbach"])].itertuples():
        own = episodes[episodes["conflict_id"] == link.conflict_id]
        until = link.to_date or missions.loc[link.mission_id, "end_date"] or "9999-12-31"
        begins = link.from_date or missions.loc[link.mission_id, "first_personnel_date"]
        ends = own["end_date"].where(own["end_date"] != "", "9999-12-31")
        during = (own["onset_date"] <= until) & (ends >= begins)
        before = ends[ends < begins]
        if during.any() or before.empty:
            continue
        gap = (pd.Timestamp(begins) - pd.Timestamp(before.max())).days / DAYS_A_YEAR
        if gap > LONG_AFTER_YEARS:
            asked.append(link.link_id)
            assert "settlement of this conflict" in link.note or "UNMIH" in link.note, link.link_id
    assert len(asked) == 13
    linked = set(links["link_id"])
    assert not linked & {"eucap-niger:373", "eucap-niger:406", "ecomib:410"}
    assert "ecomib:none" in linked


def test_predecessors_exist(missions: pd.DataFrame) -> None:
    named = missions["rehatted_from"].str.split(";").explode()
    named = named[named != ""]
    lost = [n for n in named if n.split(":")[1] not in missions.index]
    assert lost == []
    assert [n for n in named if missions.loc[n.split(":")[1], "sponsor"] != n.split(":")[0]] == []


def test_every_operation_is_linked(missions: pd.DataFrame, links: pd.DataFrame) -> None:
    assert set(links["mission_id"]) == set(missions.index)
    none = links["is_none"] == "true"
    assert (none == links["conflict_id"].eq("")).all()
    assert links.loc[none, "note"].str.len().gt(20).all()
    assert links["link_id"].is_unique


def test_conflicts_exist(links: pd.DataFrame, repository: Path) -> None:
    known = set(read(repository / "data/raw/compiled/episodes.csv")["conflict_id"])
    assert set(links["conflict_id"]) - {""} <= known


@pytest.mark.parametrize(
    ("mission", "conflicts"),
    [
        ("unprofor", {389, 390, 397, 398}),
        ("minusca", {416, 15283}),
        ("monusco", {265, 283, 429, 14692}),
        ("untag", {298}),
        ("unmik", {412}),
        ("unpredep", set()),
    ],
)
def test_conflicts_of_anchors(links: pd.DataFrame, mission: str, conflicts: set[int]) -> None:
    own = links[(links["mission_id"] == mission) & links["conflict_id"].ne("")]
    assert set(own["conflict_id"].astype(int)) == conflicts


def test_pairs_of_bara_and_hultman_are_linked(links: pd.DataFrame, shared: Path) -> None:
    raw = pd.read_stata(shared / "upstream" / BARA_HULTMAN, convert_categoricals=False)
    un = raw[(raw["org"] == 1) & ~raw["mission"].str.strip().isin(rules(LabelRules).not_operations)]
    labels = un["mission"].str.strip()
    same_as = rules(LabelRules).same_as
    names = labels.map(lambda label: same_as.get(label, label.lower().replace(" ", "-")))
    published = set(zip(names, un["conflictid"].astype(str), strict=True))
    coded = set(zip(links["mission_id"], links["conflict_id"], strict=True))
    # violence that UCDP does not code as a state-based conflict, see the notes of these links
    assert published - coded == {("unomil", "341"), ("unmit", "330")}


def test_links_lie_within_their_operation(missions: pd.DataFrame, links: pd.DataFrame) -> None:
    own = missions[["first_personnel_date", "end_date", "has_troops"]]
    joined = links.join(own.rename(columns={"has_troops": "has_troops_mission"}), on="mission_id")
    dated = joined[joined["from_date"].ne("") & joined["first_personnel_date"].ne("")]
    assert (dated["from_date"] >= dated["first_personnel_date"]).all()
    ended = joined[joined["to_date"].ne("") & joined["end_date"].ne("")]
    assert (ended["to_date"] <= ended["end_date"]).all()
    troops = joined[joined["has_troops"] == "true"]
    assert troops["has_troops_mission"].eq("true").all()


def test_every_row_names_its_source(
    missions: pd.DataFrame, links: pd.DataFrame, milestones: pd.DataFrame
) -> None:
    for table in (missions, links, milestones):
        assert table["source"].ne("").all()
        recalled = table["basis"] == "recalled"
        assert table.loc[recalled, "source"].str.contains("general_knowledge").all()


def test_median_months_from_authorization(missions: pd.DataFrame, milestones: pd.DataFrame) -> None:
    recent = missions[
        (missions["sponsor"] == "un") & missions["authorized_date"].between("1991", "2015")
    ]
    counted = recent[["authorized_date"]].join(milestones, how="inner")
    expected = {
        "first_personnel_month": (0, 1),
        "strength_10pct_month": (1, 2),
        "strength_50pct_month": (2, 4),
    }
    for column, (low, high) in expected.items():
        reached = counted[counted[column] != ""]
        assert len(reached) >= 45
        lag = months_between(reached["authorized_date"], reached[column]).median()
        assert low <= lag <= high, (column, lag)


@pytest.mark.parametrize(
    ("name", "months", "operations"),
    [
        ("first_personnel", 0.6, 52),
        ("first_troops", 1.2, 34),
        ("strength_10pct", 1.7, 50),
        ("strength_50pct", 3.3, 49),
    ],
)
def test_coded_dates_give_the_medians_of_the_coding_rules(
    missions: pd.DataFrame, repository: Path, name: str, months: float, operations: int
) -> None:
    recent = missions[
        (missions["sponsor"] == "un") & missions["authorized_date"].between("1991", "2015")
    ]
    known = recent[recent[f"{name}_date"] != ""]
    days = pd.to_datetime(known[f"{name}_date"]) - pd.to_datetime(known["authorized_date"])
    assert (len(known), round(float(days.dt.days.median()) / 30.4, 1)) == (operations, months)
    rules = (repository / "data/raw/CODING-missions.md").read_text(encoding="utf-8")
    assert f"| {months} | {operations} |" in rules


def test_counts_do_not_start_before_the_mission(
    missions: pd.DataFrame, milestones: pd.DataFrame
) -> None:
    both = milestones.join(missions["authorized_date"])
    early = both["first_personnel_month"] < both["authorized_date"]
    assert list(both.index[early]) == []


def test_milestones_are_what_upstream_says(shared: Path, repository: Path) -> None:
    upstream = shared / "upstream"
    counts = monthly_counts(
        upstream / BARA_HULTMAN, upstream / SHORTFALL, rules(LabelRules), rules(CountRules)
    )
    table = mission_milestones_from(counts, rules(CountRules))
    text = (repository / "data/raw/compiled/mission_milestones.csv").read_text(encoding="utf-8")
    assert csv_text(table) == text


def test_recalled_share_is_small(
    un: pd.DataFrame, record_property: Callable[[str, object], None]
) -> None:
    for name in DATED:
        basis = un[f"{name}_basis"]
        share = float(basis[basis != ""].eq("recalled").mean())
        record_property(f"recalled_{name}", round(share, 3))
        assert share <= 0.1, name
