"""What other studies found: coded from documents, with variables that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from collsec.core.errors import BadTable
from collsec.core.project import Project
from collsec.reports.words.claims import literature
from collsec.reports.words.quantities import PRIMARY
from collsec.tables.clean import LITERATURE, read_raw


@pytest.fixture(scope="module")
def table(repository: Path) -> pd.DataFrame:
    """The coded findings, valid against their schema."""
    return read_raw(Project(repository), LITERATURE)


def named(table: pd.DataFrame) -> set[str]:
    """Variables of the reports that the findings name."""
    return set(re.findall(r"\{([^{}]*)\}", " ".join(table["ours"].fillna(""))))


def test_every_finding_rests_on_a_document(table: pd.DataFrame) -> None:
    assert (table["basis"] == "document").all()
    assert table["source"].str.startswith("http").all()


def test_a_number_has_a_unit_and_both_ends(table: pd.DataFrame) -> None:
    has = table["value_low"].notna()
    assert (has == table["value_high"].notna()).all() and (has == table["value_unit"].notna()).all()
    assert (table.loc[has, "value_low"] <= table.loc[has, "value_high"]).all()


def test_every_study_that_the_design_names_is_there(table: pd.DataFrame, shared: Path) -> None:
    text = (shared / "design" / "STUDY.md").read_text(encoding="utf-8")
    section = text.partition("## Literature that the pages must face")[2].partition("\n# ")[0]
    years = {
        (name.split()[0], int(y)) for name, y in re.findall(r"([A-Z][\w ,&]+?) (\d{4})", section)
    }
    coded = {(str(r.study).split()[0].strip(","), int(r.year)) for r in table.itertuples()}
    assert {(n.strip(","), y) for n, y in years} <= coded


def test_the_page_has_ours_alongside_and_numbers_as_the_document_has_them(
    repository: Path, table: pd.DataFrame
) -> None:
    known = {name: f"<{name}>" for name in named(table)}
    rows = literature(Project(repository), known).set_index("study_id")
    assert rows.loc["fortna_2008", "found"].endswith("(50 to 75\u00a0% lower risk)")
    assert rows.loc["mikulaschek_2014", "found"].endswith("(938 blue helmets)")
    assert "<h1.primary.hr>" in rows.loc["gilligan_sergenti_2008_during", "our_number"]
    assert rows.loc["walter_2021", "our_number"] == "–"
    with pytest.raises(BadTable, match=r"no variable 'h1\.\S+'"):
        literature(Project(repository), {"h1.primary.x": ""})
    # A study without these hypotheses has no number of its own.
    alone = literature(Project(repository), {"own.primary.hr": "1.00"})
    assert set(alone["our_number"]) == {"–"}


def test_variables_are_those_that_the_reports_print(repository: Path, table: pd.DataFrame) -> None:
    """Names of parts' variables are declared; the pages would refuse an unknown one."""
    pages = "".join(
        p.read_text(encoding="utf-8") for p in (repository / "analyses").rglob("h*.qmd")
    )
    printed = set(re.findall(r"var (h[\w.]+)", pages))
    # What every hypothesis has of its primary, printed on its page or not.
    of_primaries = {name for one in PRIMARY for name in one.names}
    assert {n for n in named(table) if n.partition(".")[2] not in of_primaries} <= printed
