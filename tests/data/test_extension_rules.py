"""The rules of the extension tables on small worlds worked by hand, and on broken files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.conflicts.external_support import COLUMNS as SUPPORT
from collsec.compile.conflicts.external_support import SupportRules, external_support_from
from collsec.compile.conflicts.peace_agreements import PROVISIONS, peace_agreements_from
from collsec.compile.conflicts.spans import episode_near, episode_of_year, spans_by_conflict
from collsec.compile.missions.counts import CountRules
from collsec.compile.missions.strength import LabelRules, mission_strength_from
from collsec.compile.missions.troop_contributors import (
    ContributionRules,
    incomplete,
    troop_contributors_from,
)
from collsec.compile.states.pacts import Pacts, regional_arrangements_from
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import Span, StateCodes, StateNames, StateSystem
from collsec.core.errors import BadTable, MissingInput
from collsec.upstream.readers import read_columns, sheet_text

COUNTING = rules(LabelRules), rules(CountRules)
CONTRIBUTIONS = (
    rules(LabelRules),
    rules(ContributionRules),
    rules(Powers),
    rules(StateNames),
)

EPISODES = pd.DataFrame(
    {
        "episode_id": ["1-1", "1-2", "2-1"],
        "conflict_id": [1, 1, 2],
        "onset_date": ["1990-03-01", "2000-03-01", "1999-01-01"],
        "end_date": ["1992-06-30", "2001-06-30", None],
        "is_ended": [True, True, False],
        "first_year": [1990, 2000, 1999],
        "last_year": [1992, 2001, 2024],
        "gwno_loc": [["100"], ["100"], ["200"]],
    }
)


def test_a_day_among_episodes() -> None:
    spans = spans_by_conflict(EPISODES)
    for day, episode, timing in (
        ("1989-12-31", "1-1", "before"),
        ("1990-03-01", "1-1", "during"),
        ("1992-06-30", "1-1", "during"),
        ("1992-07-01", "1-1", "after"),
        ("2000-03-01", "1-2", "during"),
        ("2010-01-01", "1-2", "after"),
    ):
        found = episode_near(spans, 1, day)
        assert found is not None and (found[0]["episode_id"], found[1]) == (episode, timing)
    ongoing = episode_near(spans, 2, "2030-01-01")
    assert ongoing is not None and ongoing[1] == "during"
    assert episode_near(spans, 3, "2000-01-01") is None
    of_year = episode_of_year(spans, 1, 1992)
    assert of_year is not None and of_year["episode_id"] == "1-1"
    assert episode_of_year(spans, 1, 1993) is None and episode_of_year(spans, 9, 1993) is None


def agreement(paid: str, conflicts: str, day: str, **cells: str) -> dict[str, str]:
    """One line of the file of agreements."""
    return {
        "paid": paid,
        "conflict_id": conflicts,
        "pa_name": f"Agreement\n{paid}",
        "pa_date": day,
        "pa_type": "1",
        "procID": "3",
        "dyad_id": "21",
        "actor_id": "31, 32",
        "actor_name": "Government of X, Y",
        **dict.fromkeys(PROVISIONS, "0"),
        "cease": "1",
    } | cells


DYADS = pd.DataFrame(
    {
        "dyad_id": [21, 22, 23],
        "conflict_id": [1, 2, 7],
        "side_a_id": [["31"], ["31"], ["34"]],
        "side_a": [["Government of X"], ["Government of X"], ["Z"]],
        "side_b_id": [["32"], ["33"], ["31"]],
        "side_b": [["Y"], ["Peace, Bread and Justice"], ["Government of X"]],
    }
)


def test_agreements_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "agreements.xlsx"
    lines = [
        agreement(
            "11",
            "1, 2",
            "1992-07-10",
            pa_type="3",
            dyad_id="21, 22",
            actor_id="31, 33, 31, 7052",
            actor_name="Government of X, Peace, Bread and Justice, Government of X, United Nations",
        ),
        agreement("10", "1", "1991-03-01", cease="0", pko="1"),
        agreement("12", "7", "1991-03-01", dyad_id="23", ddr="1", co_impl="1"),
        agreement("13", "7", "1995-03-01", actor_id="7052", actor_name="United Nations"),
    ]
    pd.DataFrame(lines).to_excel(path, index=False)
    table = peace_agreements_from(path, EPISODES, DYADS, ("a", "b", "c"))
    assert table["link_id"].tolist() == ["10/1", "12/7", "11/1", "11/2", "13/7"]
    told = table.set_index("link_id")
    assert told.loc["10/1", ["timing", "days_since_onset", "days_to_end"]].tolist() == [
        "during",
        365,
        487,
    ]
    assert told.loc["11/1", ["timing", "days_to_end", "kind"]].tolist() == ["after", -10, "process"]
    assert told.loc["11/2", "timing"] == "before" and pd.isna(told.loc["11/2", "days_to_end"])
    assert told.loc["12/7", "episode_id"] is None or pd.isna(told.loc["12/7", "episode_id"])
    assert told.loc["10/1", "name"] == "Agreement 10"
    assert told.loc["10/1", ["has_ceasefire", "has_peacekeeping"]].tolist() == [False, True]
    assert told.loc["12/7", "provisions"] == [
        "ceasefire",
        "disarmament",
        "implementation_commission",
    ]
    # Each actor once; a name with commas comes from the dyads.
    assert told.loc["11/1", "signatory_ids"] == ["31", "33", "7052"]
    assert told.loc["11/1", "signatories"] == [
        "Government of X",
        "Peace, Bread and Justice",
        "United Nations",
    ]
    assert told.loc["11/1", "dyad_ids"] == ["21"] and told.loc["11/2", "dyad_ids"] == ["22"]
    assert told["has_un_signatory"].to_dict() == {
        "10/1": False,
        "12/7": False,
        "11/1": True,
        "11/2": True,
        "13/7": True,
    }


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"pa_type": "4"}, "row 3, column pa_type, value '4': unknown code"),
        ({"cease": "9"}, "row 3, column cease, value '9': unknown code"),
        ({"pa_date": "1992"}, "row 3, column pa_date, value '1992': not a date"),
        ({"amn": ""}, "row 3, column amn, value '': unknown code"),
        ({"dyad_id": "29"}, "row 3, column dyad_id, value '29': is not among the dyads"),
        (
            {"actor_id": "31, 39, 40"},
            "row 3, column actor_id, value '39': is not among the dyads, or has",
        ),
        ({"paid": "10"}, "row 3, column paid, value '10': an agreement stands twice"),
    ],
)
def test_broken_agreements(tmp_path: Path, broken: dict[str, str], message: str) -> None:
    path = tmp_path / "agreements.xlsx"
    lines = [agreement("10", "1", "1991-03-01"), agreement("11", "1", "1991-03-02") | broken]
    pd.DataFrame(lines).to_excel(path, index=False)
    with pytest.raises(BadTable, match=message):
        peace_agreements_from(path, EPISODES, DYADS, ("a", "b", "c"))


def support(year: int, **cells: str) -> dict[str, str]:
    """One line of the file of support: weapons from the United States for the government."""
    line = dict.fromkeys([*SUPPORT, *rules(SupportRules).kinds], "0") | {
        "year": str(year),
        "conflict_id": "1",
        "civil": "1",
        "active": "1",
        "ext_sup": "1",
        "ext_name": "Government of United States of America",
        "ext_coalition_name": "",
        "ext_w": "1",
    }
    return line | cells


def test_support_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "support.xlsx"
    lines = [
        support(1990),
        support(1992, ext_w="0", ext_x="1"),
        support(1991, actor_nonstate="1", ext_alleged="1"),
        support(1993),  # no active year
        support(2000, ext_name="Government of France", ext_coalition_name="MINUSMA"),
        support(2000, ext_name="Government of Sweden"),
        support(2000, civil="0"),
        support(2000, ext_sup="0"),
        support(2001, ext_coalition_name="NATO"),
    ]
    pd.DataFrame(lines).to_excel(path, index=False)
    table = external_support_from(path, EPISODES, rules(SupportRules), ("a", "b")).set_index(
        "support_id"
    )
    assert table.index.tolist() == [
        "1-1/usa/government",
        "1-1/usa/rebels",
        "1-2/usa/government",
    ]
    first = table.loc["1-1/usa/government"]
    assert first["years"] == ["1990", "1992"] and first["kinds"] == ["troops", "weapons"]
    assert first["has_own_troops"] and not first["is_alleged_only"]
    assert table["is_alleged_only"].tolist() == [False, True, False]
    assert table["is_post_onset"].all()
    pd.DataFrame([support(1990, ext_coalition_name="UNPROFOR")]).to_excel(path, index=False)
    with pytest.raises(BadTable, match="row 2, column ext_coalition_name, value 'UNPROFOR'"):
        external_support_from(path, EPISODES, rules(SupportRules), ("a", "b"))


def monthly(mission: str, year: int, totals: list[float], **cells: Any) -> pd.DataFrame:
    """Monthly counts from January on."""
    months = pd.period_range(f"{year}-01", periods=len(totals), freq="M")
    columns = {"troops": totals, "authorized": float("nan"), "source": "bara_hultman"} | cells
    return pd.DataFrame({"mission_id": mission, "month": months, "total": totals, **columns})


def test_strength_by_hand(tmp_path: Path) -> None:
    counts = pd.concat(
        [
            monthly("unifil", 1994, [100.0, 200.0, float("nan")], authorized=[300.0, 300.0, 600.0]),
            monthly("undof", 1994, [50.0], troops=[float("nan")]),
        ]
    )
    path = tmp_path / "maps.csv"
    header = "mission,year,latitude,longitude,ave.no.troops\n"
    path.write_text(
        header + "UNIFIL,1994,1,1,0\nUNIFIL,1994,1,1,90\nUNIFIL,1994,2,2,\nUNIFIL,1995,1,1,0\n"
        "BINUB,1995,1,1,0\n",
        encoding="utf-8",
    )
    operations = {"unifil", "undof"}
    table = mission_strength_from(counts, path, operations, *COUNTING).set_index(
        ["mission_id", "year"]
    )
    assert table.index.tolist() == [("undof", 1994), ("unifil", 1994), ("unifil", 1995)]
    row = table.loc[("unifil", 1994)]
    assert row[["counted_months", "mean_total", "peak_total", "mean_authorized"]].tolist() == [
        2,
        150,
        200,
        400,
    ]
    assert row[["locations", "locations_with_troops"]].tolist() == [2, 1]
    assert row["source"] == ["bara_hultman", "personnel_shortfall", "geo_pko"]
    assert pd.isna(table.loc[("undof", 1994), "mean_troops"])
    assert pd.isna(table.loc[("undof", 1994), "locations"])
    assert pd.isna(table.loc[("unifil", 1995), "mean_total"])
    path.write_text(header + "UNXYZ,1994,1,1,0\n", encoding="utf-8")
    with pytest.raises(BadTable, match="row 2, column mission, value 'UNXYZ': unknown mission"):
        mission_strength_from(counts, path, operations, *COUNTING)
    with pytest.raises(MissingInput, match="is missing"):
        mission_strength_from(counts, tmp_path / "none.csv", operations, *COUNTING)


def test_contributors_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "contributors.csv"
    lines = ["Year,Country,Mission,Female,Male,Total"]
    for year, of in {2010: (9, 9, 9), 2012: (10, 30, 60), 2013: (0, 50, 50)}.items():
        for country, total in zip(("China", "Ghana", "India"), of, strict=True):
            lines.append(f"{year},{country},UNIFIL,0,{total},{total}")
    lines.append("2012,China,UNAMA,0,5,5")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    counts = pd.concat([monthly("unifil", 2012, [200.0] * 12), monthly("unifil", 2013, [90.0] * 6)])
    table = troop_contributors_from(path, {"unifil"}, counts, *CONTRIBUTIONS).set_index("year")
    assert table.index.tolist() == [2012, 2013]
    assert table.loc[2012, ["contributors", "gwno_top", "p5_contributors"]].tolist() == [3, 750, 1]
    assert table.loc[2012, "concentration_index"] == pytest.approx(0.01 + 0.09 + 0.36)
    assert table.loc[2012, "p5_share"] == 0.1 and table.loc[2012, "top_share"] == 0.6
    assert table.loc[2012, "months_share"] == 0.5 and not table.loc[2012, "is_thin"]
    assert table.loc[2013, ["contributors", "gwno_top", "p5_share"]].tolist() == [2, 452, 0.0]
    assert pd.isna(table.loc[2013, "months_share"])  # only six months were counted


def test_a_year_without_a_line_for_a_contributor_is_left_out(tmp_path: Path) -> None:
    people = pd.DataFrame(
        [
            ("a", 2011, 1, 5),
            ("a", 2012, 1, 5),
            ("a", 2012, 2, 7),
            ("a", 2013, 1, 5),
            ("a", 2013, 2, 0),
            ("b", 2011, 1, 5),
            ("b", 2012, 1, 0),
        ],
        columns=["mission_id", "year", "gwno", "people"],
    )
    assert incomplete(people) == {("a", 2011)}
    path = tmp_path / "contributors.csv"
    path.write_text("Year,Country,Mission,Total\n2012,Atlantis,UNIFIL,5\n", encoding="utf-8")
    with pytest.raises(BadTable, match="row 2, column Country, value 'Atlantis': unknown country"):
        troop_contributors_from(path, {"unifil"}, monthly("unifil", 2012, [1.0]), *CONTRIBUTIONS)
    path.write_text("Year,Country,Mission,Total\n" + "2012,China,UNIFIL,5\n" * 2, encoding="utf-8")
    with pytest.raises(BadTable, match="row 3, column Country: a country stands twice"):
        troop_contributors_from(path, {"unifil"}, monthly("unifil", 2012, [1.0]), *CONTRIBUTIONS)
    path.write_text("Year,Country,Total\n", encoding="utf-8")
    with pytest.raises(BadTable, match="lacks column Mission"):
        troop_contributors_from(path, {"unifil"}, monthly("unifil", 2012, [1.0]), *CONTRIBUTIONS)


def test_regional_pacts_by_hand() -> None:
    whole = Span(date(1900, 1, 1), date.max)
    system = StateSystem(
        {
            2: (whole,),
            90: (whole,),
            91: (whole,),
            200: (whole,),
            100: (Span(date(1988, 1, 1), date.max),),
        }
    )
    pacts = frozenset(
        {(2, 100, 1989), (100, 90, 1989), (90, 100, 1989), (200, 100, 1988), (91, 90, 1989)}
    )
    table = regional_arrangements_from(
        EPISODES, Pacts(pacts, 1989), rules(StateCodes), system, rules(Powers), ("a", "b", "c")
    )
    told = table.set_index("episode_id")
    columns = [
        "pact_year",
        "defense_partners",
        "regional_partners",
        "p5_partners",
        "regional_states",
    ]
    assert told.loc["1-1", columns].tolist() == [1989, 2, 2, 1, 3]
    assert told.loc["1-1", "has_regional_arrangement"] and told.loc["1-1", "regional_share"] == (
        pytest.approx(2 / 3, abs=1e-4)
    )
    # In 2000 the latest pacts are eleven years old: not covered.
    assert not told.loc["1-2", "has_pact_coverage"] and pd.isna(told.loc["1-2", "pact_year"])
    assert told.loc["1-2", "source"] == ["a"] and told.loc["1-1", "source"] == ["a", "b", "c"]


def test_workbooks_old_and_new(tmp_path: Path, shared: Path) -> None:
    path = tmp_path / "book.xlsx"
    pd.DataFrame(
        {" a ": [1, None, 3], "b": ["x", None, "y"], "day": pd.to_datetime(["1990-01-02"] * 3)}
    ).to_excel(path, index=False)
    sheet = read_columns(path, ("b", "a", "day"))
    assert sheet.columns.tolist() == ["b", "a", "day"]
    assert sheet.values.tolist() == [
        ["x", "1", "1990-01-02"],
        ["", "", "1990-01-02"],
        ["y", "3", "1990-01-02"],
    ]
    with pytest.raises(BadTable, match="lacks column c"):
        read_columns(path, ("c",))
    with pytest.raises(MissingInput, match="is missing"):
        read_columns(tmp_path / "none.xls", ("a",))
    for ending in ("xls", "xlsx"):
        torn = tmp_path / f"torn.{ending}"
        torn.write_bytes(path.read_bytes()[:900])
        with pytest.raises(BadTable, match="not a readable workbook"):
            read_columns(torn, ("a",))
    old = shared / "upstream" / "sanctions" / "EUSANCT_Dataset_Case-level.xls"
    cases = read_columns(old, ("caseid", "impositionUN"))
    assert len(cases) == 326 and cases["caseid"].str.fullmatch(r"\d{10}").all()
    assert sheet_text(0.5) == "0.5" and sheet_text(date(1990, 1, 2)) == "1990-01-02"
