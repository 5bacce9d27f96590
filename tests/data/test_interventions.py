"""Interventions of the permanent members: counts from the files, mandates, known cases."""

from __future__ import annotations

import re
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
from collsec.upstream.readers import read_texts

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


# Mandates rest on texts -------------------------------------------------------------------------
NAME_OF_TEXT = r"S-RES-(\d+)\(\d+\)\.txt"
#: How a text authorizes states, or a force of theirs, to use force.
MEANS = re.compile(
    r"authori[sz]\w*[^.;]*(?:states|forces?)[^.;]*(?:all necessary (?:means|measures|action)|"
    r"all (?:the )?measures necessary|all the necessary action)|"
    r"authori[sz]es[^.;]*(?:multinational|international (?:security|stabili))",
    re.I,
)
LAST_NUMBER = 1652  # of 2005, the last year of the record of interventions


@pytest.fixture(scope="module")
def texts(shared: Path) -> dict[int, str]:
    path = shared / "upstream/security_council/resolution_texts_1946_2015.tar.xz"
    found = read_texts(path, NAME_OF_TEXT)
    return {int(n): re.sub(r"\s+", " ", text) for n, text in found.items()}


def number(resolution: str) -> int:
    found = re.match(r"S/RES/(\d+)", resolution)
    assert found
    return int(found[1])


def test_the_words_of_each_mandate_stand_in_its_resolution(texts: dict[int, str]) -> None:
    for mandate in RULES.mandate:
        assert mandate.words in texts[number(mandate.resolution)], mandate.resolution


def test_no_other_text_authorizes_an_intervention(texts: dict[int, str]) -> None:
    """Every text to 2005 that authorizes force is a mandate, or listed with a reason."""
    authorizing = {n for n, text in texts.items() if n <= LAST_NUMBER and MEANS.search(text)}
    mandates = {number(m.resolution) for m in RULES.mandate}
    unused = {n for one in RULES.unused for n in one.resolutions}
    assert not mandates & unused
    assert authorizing - mandates == unused
    # Those in other words: Korea, the Congo, Bosnia, Angola, Macedonia, Côte d'Ivoire.
    assert mandates - authorizing <= {83, 143, 770, 976, 1371, 1464}


def test_no_end_of_a_mandate_decides_by_less_than_a_month(shared: Path, repository: Path) -> None:
    """Ends are general knowledge: moved by a month, none changes where an intervention stands."""
    resolutions = pd.read_csv(repository / "data/raw/compiled/resolutions.csv")
    adopted = adoption_days(resolutions, RULES)
    path = shared / "upstream/imi/MergedIMIData1947-2005.xls"
    armed = [one for one in read_interventions(path, RULES) if one.is_armed]
    stands = {one: mandate_of(one, RULES, adopted) for one in armed}
    for days in (-30, 30):
        moved = tuple(
            m.model_copy(update={"until": f"{pd.Timestamp(m.until) + pd.Timedelta(days=days):%F}"})
            for m in RULES.mandate
        )
        others = RULES.model_copy(update={"mandate": moved})
        differ = [o for o in armed if mandate_of(o, others, adopted) != stands[o]]
        # By choice the dispute is about December 2001 alone: later American troops are the force's.
        assert [(o.power, o.target, o.began) for o in differ] == (
            [(2, 700, "2001-12-20")] if days < 0 else []
        )
    # Without any end nine of the 193 would stand otherwise: the Congo 1964 and 1994, Kuwait 1994
    # and 1996, Iraq 2003, Haiti 2005.
    endless = RULES.model_copy(
        update={"mandate": tuple(m.model_copy(update={"until": "9999"}) for m in RULES.mandate)}
    )
    differ = [o for o in armed if mandate_of(o, endless, adopted) != stands[o]]
    assert len(armed) == 193
    assert sorted((o.target, o.began[:4]) for o in differ) == [
        (41, "2005"),
        (490, "1964"),
        (490, "1994"),
        *[(645, "2003")] * 2,
        *[(690, "1994")] * 3,
        (690, "1996"),
    ]
