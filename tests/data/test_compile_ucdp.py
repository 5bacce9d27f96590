"""The reader of the Armed Conflict Dataset: formats, corrections and their guards."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.conflicts.episodes import ContributorRules, episodes_from
from collsec.compile.conflicts.termination import end_precisions
from collsec.compile.conflicts.ucdp import COLUMNS, cells_of, named_actors, read_acd
from collsec.compile.corrections import BadCorrection, Correction, read_corrections
from collsec.compile.states.states import StateCodes
from collsec.core.errors import BadTable, MissingInput

RULES = rules(ContributorRules), rules(StateCodes)
RELEASE = Path("ucdp_acd") / "ucdp-prio-acd-251.csv"


def record(**cells: str) -> dict[str, str]:
    """One conflict-year in the publisher's form."""
    row = dict.fromkeys(COLUMNS, "") | {
        "conflict_id": "9001",
        "location": "Ruritania",
        "side_a": "Government of Ruritania",
        "side_a_id": "1",
        "side_b": "RLF",
        "side_b_id": "2",
        "incompatibility": "2",
        "year": "1990",
        "intensity_level": "1",
        "cumulative_intensity": "0",
        "type_of_conflict": "3",
        "start_date": "1990-02-03",
        "start_prec": "1",
        "start_date2": "1990-03-04",
        "start_prec2": "2",
        "ep_end": "0",
        "gwno_a": "900",
        "gwno_loc": "900",
        "region": "3",
        "version": "25.1",
    }
    return row | cells


YEARS = (
    record(),
    record(
        year="1991",
        ep_end="1",
        ep_end_date="1991-05-06",
        type_of_conflict="4",
        gwno_a_2nd="2, 200",
        side_a_2nd="Government of X, Government of Y",
        side_b="RLF, RPF",
        side_b_id="2, 3",
        intensity_level="2",
    ),
    record(year="1994", start_date2="1994-12-31", start_prec2="5"),
)


def published(path: Path, rows: tuple[dict[str, str], ...] = YEARS) -> Path:
    """Write rows as the publisher does: commas, quotes, ISO dates."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def correction(**fields: object) -> Correction:
    """A correction of the onset of the first record."""
    of_onset = {
        "id": "onset",
        "sources": ("a",),
        "locator": {"conflict_id": "9001", "year": "1990"},
        "column": "start_date2",
        "found": "1990-03-04",
        "value": "1990-04-04",
        "reason": "The month is misprinted.",
        "evidence": "record",
    }
    return Correction.model_validate(of_onset | fields)


def test_episodes_of_a_hand_worked_conflict(tmp_path: Path) -> None:
    years = read_acd(published(tmp_path / "a.csv"))
    first, second = episodes_from(
        years, {("9001", "1991-05-06"): "3"}, *RULES, ("ucdp_acd", "ucdp_termination")
    ).to_dict("records")
    assert first["episode_id"] == "9001-1" and second["episode_id"] == "9001-2"
    assert first["type_at_onset"] == "intrastate"
    assert first["types_ever"] == ["intrastate", "internationalized"]
    assert first["side_b"] == ["RLF", "RPF"]
    assert first["gwno_a_secondary"] == ["2", "200"]
    assert first["gwno_a_secondary_at_onset"] == []
    assert first["war_years"] == [1991] and first["max_intensity"] == 2
    assert (first["onset_precision"], first["onset_precision_code"]) == ("month", 2)
    assert (first["end_precision"], first["end_precision_basis"]) == ("month", "termination")
    assert first["source"] == ["ucdp_acd", "ucdp_termination"]
    assert pd.isna(second["end_date"]) and not second["is_ended"]
    assert pd.isna(second["end_precision"])
    assert second["onset_precision"] == "year"


def test_end_precision_by_rule(tmp_path: Path) -> None:
    rows = (
        record(ep_end="1", ep_end_date="1990-12-31"),
        record(conflict_id="9002", ep_end="1", ep_end_date="1990-11-30"),
    )
    years = read_acd(published(tmp_path / "a.csv", rows))
    table = episodes_from(years, {}, *RULES, ("a", "b"))
    assert table["end_precision"].tolist() == ["year", "day"]
    assert table["end_precision_basis"].tolist() == ["rule", "rule"]


@pytest.mark.parametrize(
    ("cells", "column", "value"),
    [
        ({"type_of_conflict": "5"}, "type_of_conflict", "5"),
        ({"start_prec2": ""}, "start_prec2", ""),
        ({"start_date2": "1990-13-01"}, "start_date2", "1990-13-01"),
        ({"ep_end": "1"}, "ep_end_date", ""),
        ({"ep_end": "1", "ep_end_date": "1990-03-03"}, "ep_end_date", "1990-03-03"),
    ],
)
def test_broken_cells_are_named(
    tmp_path: Path, cells: dict[str, str], column: str, value: str
) -> None:
    with pytest.raises(BadTable) as caught:
        read_acd(published(tmp_path / "a.csv", (record(**cells),)))
    assert caught.value.column == column
    assert caught.value.value == value
    assert "9001" in str(caught.value)


def test_doubled_year_and_changed_onset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="stands twice: conflict 9001, 1990"):
        read_acd(published(tmp_path / "a.csv", (record(), record())))
    moved = (record(), record(year="1991", start_date2="1991-01-01"))
    years = read_acd(published(tmp_path / "b.csv", moved))
    with pytest.raises(BadTable, match="changes within an episode"):
        episodes_from(years, {}, *RULES, ("a", "b"))
    again = (record(), record(year="1993"))
    years = read_acd(published(tmp_path / "c.csv", again))
    with pytest.raises(BadTable, match="in two runs of years"):
        episodes_from(years, {}, *RULES, ("a", "b"))


def test_a_copy_re_saved_by_a_spreadsheet_is_refused(tmp_path: Path) -> None:
    row = record(start_date2="4-3-1990")
    with pytest.raises(BadTable, match=r"row 2, column start_date2, value '4-3-1990': not a date"):
        read_acd(published(tmp_path / "a.csv", (row,)))
    path = published(tmp_path / "b.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1][:60] + '"', *lines[2:]]) + "\n", encoding="utf-8")
    with pytest.raises(BadTable, match="cells in a record of 28 columns"):
        read_acd(path)


def test_a_correction_is_applied_where_the_error_stands_and_guards_itself(tmp_path: Path) -> None:
    rows = (record(), record(year="1994", start_date2="1994-01-01"))
    path = published(tmp_path / "a.csv", rows)
    table = read_acd(path, (correction(),), "a")
    assert table["start_date2"].tolist() == ["1990-04-04", "1994-01-01"]
    assert table.attrs["corrected"] == {("9001", "1990"): "record"}
    [first, _] = episodes_from(table, {}, *RULES, ("a", "b")).to_dict("records")
    assert first["source"] == ["a", "record"]
    # A release that is not listed is corrected where it has the error, and else left alone.
    assert read_acd(path, (correction(),), "z")["start_date2"].iloc[0] == "1990-04-04"
    right = published(tmp_path / "b.csv", (record(start_date2="1990-05-05"),))
    assert read_acd(right, (correction(),), "z")["start_date2"].tolist() == ["1990-05-05"]
    with pytest.raises(BadCorrection, match=r"no longer has this .*start_date2: 1990-05-05"):
        read_acd(right, (correction(),), "a")
    gone = published(tmp_path / "c.csv", (record(year="1991"),))
    with pytest.raises(BadCorrection, match=r"start_date2: no such record\)"):
        read_acd(gone, (correction(),), "a")
    with pytest.raises(BadCorrection, match=r"no column start_date3\. Did you mean 'start_date"):
        read_acd(path, (correction(column="start_date3"),), "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[correction]]\nid = 'a'\n", "key correction\\[0\\].sources: is missing"),
        ("[[correction]\n", "not readable TOML"),
        ("[[correction]]\nidd = 'a'\n", "unknown key. Did you mean 'id'"),
        ("[[correction]]\nid = 1\n", "value 1: must be text"),
    ],
)
def test_malformed_corrections_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "corrections.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadCorrection, match=message):
        read_corrections(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"gone\.csv is missing"):
        read_acd(tmp_path / "gone.csv")
    with pytest.raises(MissingInput, match=r"corrections\.toml is missing"):
        read_corrections(tmp_path / "corrections.toml")


def test_lists_part_outside_parentheses_only() -> None:
    assert cells_of("2, 200,  365") == ["2", "200", "365"]
    assert cells_of("") == []
    names = "CPP, Military faction (forces of Honasan, Abenina & Zumel)"
    assert named_actors(names, "169, 170") == [
        "CPP",
        "Military faction (forces of Honasan, Abenina & Zumel)",
    ]
    junta = "Military Junta for the Consolidation of Democracy, Peace and Justice"
    assert named_actors(junta, "549") == [junta]


def test_the_release_as_published(shared: Path, repository: Path) -> None:
    corrections = read_corrections(repository / "data" / "raw" / "corrections.toml")
    table = read_acd(shared / "upstream" / RELEASE, corrections, "ucdp_acd")
    assert len(table) == 2752 and table["conflict_id"].nunique() == 303
    assert set(table["version"]) == {"25.1"}
    assert table.attrs["corrected"] == {("323", "1974"): "resolution_texts"}
    raw = read_acd(shared / "upstream" / RELEASE)
    differ = (table != raw).any(axis=1)
    assert table.loc[differ, ["conflict_id", "start_date", "start_date2"]].to_numpy().tolist() == [
        ["323", "1974-07-20", "1974-07-20"]
    ]


def test_the_release_agrees_with_a_repaired_copy(shared: Path) -> None:
    table = read_acd(shared / "upstream" / RELEASE)
    draft = pd.read_csv(
        shared / "derived" / "ucdp_prio_acd_251_repaired.csv", dtype=str, keep_default_na=False
    )
    for column in draft.columns:
        draft[column] = draft[column].str.strip()
    key = ["conflict_id", "year"]
    both = table.merge(draft, on=key, how="outer", suffixes=("", "_draft"), indicator=True)
    assert (both["_merge"] == "both").all()
    different = {
        (row["conflict_id"], row["year"], column)
        for column in COLUMNS
        if column not in key
        for _, row in both[both[column] != both[f"{column}_draft"]].iterrows()
    }
    # The draft restored one record of a re-saved copy from the year after; the publisher has both.
    assert different == {("11350", "2005", "side_b"), ("11350", "2005", "side_b_id")}


def test_dates_agree_with_an_independent_copy(shared: Path) -> None:
    from collsec.upstream.readers import r_date, read_columns

    table = read_acd(shared / "upstream" / RELEASE)
    ours = {
        (r["conflict_id"], r["year"]): (r["start_date2"], r["ep_end_date"])
        for r in table.to_dict("records")
    }
    other = read_columns(
        shared / "upstream" / "peacesciencer" / "ucdp_acd.rda",
        ["conflict_id", "year", "start_date2", "ep_end_date"],
    )
    theirs = {
        (str(int(r["conflict_id"])), str(int(r["year"]))): (
            r_date(r["start_date2"]).isoformat(),
            "" if pd.isna(r["ep_end_date"]) else r_date(r["ep_end_date"]).isoformat(),
        )
        for r in other.to_dict("records")
    }
    assert set(theirs) <= set(ours)
    assert {k: (ours[k], v) for k, v in theirs.items() if ours[k] != v} == {}
    assert len(theirs) > 2700


def test_end_precision_index_is_by_day() -> None:
    ends = pd.DataFrame(
        {
            "conflict_id": ["1"],
            "year": [1990],
            "end_date": ["1990-01-02"],
            "precision_code": ["2"],
            "outcome": ["ceasefire"],
        }
    )
    assert end_precisions(ends) == {("1", "1990-01-02"): "2"}
