"""The reader of the Armed Conflict Dataset: formats, corrections and their guards."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.conflicts.episodes import ContributorRules, episodes_from
from collsec.compile.conflicts.termination import end_precisions
from collsec.compile.conflicts.ucdp import COLUMNS, DATES, cells_of, named_actors, read_acd
from collsec.compile.corrections import BadCorrection, Correction, read_corrections
from collsec.compile.states.states import StateCodes
from collsec.core.errors import BadTable, MissingInput

RULES = rules(ContributorRules), rules(StateCodes)
RESAVED = Path("ucdp_acd") / "UcdpPrioConflict_v25_1.csv"


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


def resaved_lines(rows: tuple[dict[str, str], ...] = YEARS) -> list[str]:
    """Lines of the same rows as a spreadsheet re-saves them."""
    lines = [";".join(COLUMNS)]
    for row in rows:
        cells = dict(row)
        for column in DATES:
            if cells[column]:
                day = date.fromisoformat(cells[column])
                cells[column] = f"{day.day}-{day.month}-{day.year}"
        lines.append(";".join(cells[c] for c in COLUMNS))
    return lines


def resaved(path: Path, lines: list[str]) -> Path:
    """Write lines with the line ends of a spreadsheet."""
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    return path


def inserted(row: dict[str, str]) -> Correction:
    """A correction that inserts a row."""
    return Correction(
        id="lost",
        source="ucdp_acd",
        locator={"conflict_id": row["conflict_id"], "year": row["year"]},
        action="insert",
        reason="lost",
        found=(),
        record={k: v for k, v in row.items() if v},
    )


def test_both_formats_read_alike(tmp_path: Path) -> None:
    one = read_acd(published(tmp_path / "a.csv"))
    other = read_acd(resaved(tmp_path / "b.csv", resaved_lines()))
    pd.testing.assert_frame_equal(one, other)
    assert one["start_date2"].tolist() == ["1990-03-04", "1990-03-04", "1994-12-31"]


def test_episodes_of_a_hand_worked_conflict(tmp_path: Path) -> None:
    years = read_acd(published(tmp_path / "a.csv"))
    first, second = episodes_from(
        years, {("9001", "1991-05-06"): "3"}, *RULES, ("ucdp_acd", "ucdp_termination"), {}
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
    table = episodes_from(years, {}, *RULES, ("a", "b"), {})
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
        episodes_from(years, {}, *RULES, ("a", "b"), {})
    again = (record(), record(year="1993"))
    years = read_acd(published(tmp_path / "c.csv", again))
    with pytest.raises(BadTable, match="in two runs of years"):
        episodes_from(years, {}, *RULES, ("a", "b"), {})


def test_torn_line_without_correction_is_refused(tmp_path: Path) -> None:
    lines = resaved_lines()
    torn = lines[1].split(";1990;")
    lines[1:2] = [torn[0] + ";" * 18, ";1990;" + torn[1]]
    with pytest.raises(BadTable, match="without conflict or year"):
        read_acd(resaved(tmp_path / "a.csv", lines))


def test_corrections_mend_and_their_guards_fail_on_a_mended_source(tmp_path: Path) -> None:
    lines = resaved_lines()
    torn = lines[1].split(";1990;")
    broken = [torn[0] + ";" * 18, ";1990;" + torn[1]]
    replaced = Correction(
        id="torn",
        source="ucdp_acd",
        locator={"conflict_id": "9001", "year": "1990"},
        action="replace",
        reason="torn",
        found=tuple(broken),
        record={k: v for k, v in YEARS[0].items() if v},
    )
    lost = inserted(YEARS[2])
    bad = resaved(tmp_path / "bad.csv", [lines[0], *broken, lines[2]])
    expected = read_acd(published(tmp_path / "good.csv"))
    pd.testing.assert_frame_equal(read_acd(bad, (replaced, lost)), expected)

    with pytest.raises(BadCorrection, match="torn: the source no longer has this error"):
        read_acd(resaved(tmp_path / "m1.csv", lines[:3]), (replaced, lost))
    with pytest.raises(BadCorrection, match="lost: the source no longer has this error"):
        read_acd(resaved(tmp_path / "m2.csv", [*lines[:1], *broken, *lines[2:]]), (replaced, lost))


def test_corrections_leave_the_publishers_file_alone(tmp_path: Path) -> None:
    table = read_acd(published(tmp_path / "a.csv"), (inserted(YEARS[2]),))
    assert len(table) == len(YEARS)


def test_correction_with_an_unknown_column_is_refused(tmp_path: Path) -> None:
    path = resaved(tmp_path / "a.csv", resaved_lines()[:3])
    wrong = replace(inserted(YEARS[2]), record={**inserted(YEARS[2]).record, "yeer": "1994"})
    with pytest.raises(BadCorrection, match="no column yeer"):
        read_acd(path, (wrong,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[correction]]\nid = 'a'\n", "entry 1 \\(a\\)"),
        ("[[correction]\n", "not readable TOML"),
        (
            "[[correction]]\nid='a'\nsource='s'\nlocator={year='1'}\naction='guess'\nreason='r'\n"
            "found=[]\nrecord={year='1'}\n",
            "unknown action 'guess'",
        ),
        (
            "[[correction]]\nid='a'\nsource='s'\nlocator={year='1'}\naction='insert'\nreason='r'\n"
            "found=[]\nrecord={year='2'}\n",
            "does not carry its locator",
        ),
        (
            "[[correction]]\nid='a'\nsource='s'\nlocator={year='1'}\naction='replace'\n"
            "reason='r'\nfound=[]\nrecord={year='1'}\n",
            "`found` belongs to `replace`",
        ),
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


def test_real_file_in_both_formats(shared: Path, repository: Path, tmp_path: Path) -> None:
    corrections = read_corrections(repository / "data" / "raw" / "corrections.toml")
    table = read_acd(shared / "upstream" / RESAVED, corrections)
    assert len(table) == 2752
    rows = tuple(table.to_dict("records"))
    again = read_acd(published(tmp_path / "published.csv", rows), corrections)
    pd.testing.assert_frame_equal(table, again)


def test_real_file_without_corrections_is_refused(shared: Path) -> None:
    with pytest.raises(BadTable) as caught:
        read_acd(shared / "upstream" / RESAVED)
    assert caught.value.row == 42


def test_real_file_agrees_with_the_repaired_draft(shared: Path, repository: Path) -> None:
    corrections = read_corrections(repository / "data" / "raw" / "corrections.toml")
    table = read_acd(shared / "upstream" / RESAVED, corrections)
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
    # The draft restored the lost record from the year after; version 20.1 has both parties.
    assert different == {("11350", "2005", "side_b"), ("11350", "2005", "side_b_id")}


def test_lost_record_is_the_one_of_version_20_1(shared: Path, repository: Path) -> None:
    older = read_acd(shared / "upstream" / "ucdp_acd" / "ucdp-prio-acd-201.csv")
    assert len(older) > 2400
    where = (older["conflict_id"] == "11350") & (older["year"] == "2005")
    row = older[where].iloc[0].to_dict()
    (lost,) = (
        c
        for c in read_corrections(repository / "data" / "raw" / "corrections.toml")
        if c.evidence == "ucdp_acd_201"
    )
    assert {k: v for k, v in row.items() if v and k != "version"} == {
        k: v for k, v in lost.record.items() if k != "version"
    }


def test_dates_agree_with_an_independent_copy(shared: Path, repository: Path) -> None:
    from collsec.upstream.readers import r_date, read_columns

    corrections = read_corrections(repository / "data" / "raw" / "corrections.toml")
    table = read_acd(shared / "upstream" / RESAVED, corrections)
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
