"""Interventions of the permanent members: counts from the files, mandates, known cases."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.force.interventions import (
    Intervention,
    InterventionRules,
    adoption_days,
    mandate_of,
    read_interventions,
)
from collsec.core.errors import BadTable

RULES = rules(InterventionRules)
STANDS = [f"armed_{c}" for c in ("with_mandate", "mandate_later", "mandate_disputed")]


@pytest.fixture(scope="module")
def years(repository: Path) -> pd.DataFrame:
    """The committed table by power and year."""
    table = pd.read_csv(repository / "data/raw/compiled/intervention_years.csv")
    return table.set_index(["gwno", "year"])


def test_counts_are_those_of_the_file(years: pd.DataFrame, shared: Path) -> None:
    """283 interventions of the five powers, and seven of NATO that count three times each."""
    path = shared / "upstream/imi/MergedIMIData1947-2005.xls"
    raw = pd.read_excel(path, dtype=str, engine="xlrd")
    own = raw[raw["intervener"].isin(["2", "200", "220", "365", "710"])]
    assert len(own) == 283 and (raw["intervener"] == "1060").sum() == 7
    assert years["interventions"].sum() == len(own) + 3 * 7
    begun = own["start"].str[:4].astype(int).groupby(own["intervener"]).value_counts()
    assert years.loc[(365, 1973), "interventions"] == begun[("365", 1973)] == 3
    # Both end with the last year of the file; the United States go on by the second publication.
    assert years.loc[(2, 2006) : (2, 2019), "interventions"].isna().all()
    us = years.loc[2, "us_interventions"]
    assert us.sum() == 216 and us.loc[2015:].sum() == 15


def test_mandates_add_up(years: pd.DataFrame) -> None:
    known = years.dropna(subset=["interventions"])
    parts = known[[*STANDS, "armed_without_mandate"]].sum(axis=1)
    assert (parts == known["armed_interventions"]).all()
    assert (known["armed_interventions"] <= known["interventions"]).all()
    assert known[[*STANDS, "armed_without_mandate"]].sum().tolist() == [23, 9, 4, 157]
    assert not years.loc[(710, 1970), "is_permanent_member"]
    assert years.loc[(710, 1971), "is_permanent_member"]


def test_known_cases(years: pd.DataFrame) -> None:
    # Kuwait: troops came in August 1990, the resolution in November; Iraq was entered under it.
    assert years.loc[(200, 1990), STANDS].tolist() == [0, 2, 0]
    assert years.loc[(200, 1991), STANDS].tolist() == [1, 0, 0]
    # Kosovo 1999: the air war had no mandate, the force of June had one.
    assert years.loc[(200, 1999), STANDS].tolist() == [1, 0, 0]
    assert years.loc[(200, 1999), "armed_without_mandate"] == 2
    # Iraq 2003: authorized seven months after the invasion. Korea 1950: recommended on the day.
    assert years.loc[(200, 2003), STANDS].tolist() == [0, 1, 0]
    assert years.loc[(2, 1950), "armed_with_mandate"] == 2


def test_humanitarian_interventions(repository: Path, shared: Path) -> None:
    table = pd.read_csv(
        repository / "data/raw/compiled/humanitarian_intervention_years.csv", index_col="year"
    )
    path = shared / "upstream/prif_hmi/PRIF_HMI_v0-3_interventions.xlsx"
    raw = pd.read_excel(path, dtype=str)
    assert table["humanitarian_interventions"].sum() == len(raw) == 41
    assert table["humanitarian_with_mandate"].sum() == (raw["UNSC"] == "2").sum() == 29
    assert table["humanitarian_of_permanent"].sum() == (raw["P5"] == "1").sum() == 24
    assert table["humanitarian_of_permanent_with_mandate"].sum() == 16
    assert table.loc[1971].iloc[:2].tolist() == [1, 0]  # India in East Pakistan


ADOPTED = {m.resolution: "2000-01-10" for m in RULES.mandate}


def one(power: int, target: int, began: str, ended: str) -> Intervention:
    return Intervention(power, target, began, ended, True, False)


def test_mandates_by_hand() -> None:
    adopted = dict.fromkeys(ADOPTED, "1994-07-31")
    # Haiti, state 41, the United States, until 31 March 1995.
    assert mandate_of(one(2, 41, "1994-09-19", "1995-03-31"), RULES, adopted) == "at_start"
    assert mandate_of(one(2, 41, "1994-07-31", "1995-03-31"), RULES, adopted) == "at_start"
    assert mandate_of(one(2, 41, "1994-07-30", "1994-08-31"), RULES, adopted) == "later"
    assert mandate_of(one(2, 41, "1994-07-01", "1994-07-31"), RULES, adopted) == "none"
    assert mandate_of(one(365, 41, "1994-09-19", "1995-03-31"), RULES, adopted) == "none"
    assert mandate_of(one(2, 42, "1994-09-19", "1995-03-31"), RULES, adopted) == "none"
    assert mandate_of(one(2, 343, "2001-08-17", "2003-03-31"), RULES, adopted) == "disputed"
    resolutions = pd.DataFrame({"resolution_id": ["S/RES/83 (1950)"], "resolution_date": ["x"]})
    with pytest.raises(BadTable, match="not on record"):
        adoption_days(resolutions, RULES)


def test_rows_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "imi.csv"
    path.write_text(
        "intervener,target,start,end,type,firing_outside\n"
        "1060,346,19951220,19961220,4,0\n"
        "2,450,19960409,88888888,1,1\n"
        "2,450,19960409,19960410,1,0\n"
        "666,660,19820606,19850610,5,0\n",
        encoding="utf-8",
    )
    every = read_interventions(path, RULES)
    assert [i.power for i in every] == [2, 200, 220, 2, 2]
    assert [i.is_armed for i in every] == [True, True, True, True, False]
    assert every[3].ended == "9999-12-31" and every[4].began == "1996-04-09"
