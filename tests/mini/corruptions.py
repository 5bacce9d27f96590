"""A generator of corrupted raw folders: what editors, spreadsheets, downloads and coders do.

Each kind is a function that damages one file of a raw folder, at a place drawn at random, and
returns where the damage stands: the error must name it. The seed is fixed, so a failing case can
be made again by its number.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEED = 20261124
RAW = Path("data") / "raw"


@dataclass
class Damage:
    """Where a corruption stands.

    Attributes
    ----------
    file : str
        Path relative to the project.
    row : int or None
        Line of the file, where one is at fault.
    columns : tuple of str
        One of these must be named; empty if no column is at fault.
    value : str or None
        A part of the value that must be shown.
    """

    file: str
    row: int | None = None
    columns: tuple[str, ...] = ()
    value: str | None = None


@dataclass
class Table:
    """One raw table of a world, as a corruption sees it."""

    root: Path
    name: str
    rng: random.Random
    file: str = field(init=False)
    schema_file: str = field(init=False)

    def __post_init__(self) -> None:
        resource = next(r for r in package(self.root)["resources"] if r["name"] == self.name)
        self.file = f"data/raw/{resource['path']}"
        self.schema_file = f"data/raw/{resource['schema']}"

    @property
    def path(self) -> Path:
        return self.root / self.file

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        schema = json.loads((self.root / self.schema_file).read_text("utf-8"))
        return {f["name"]: f for f in schema["fields"]}

    def rows(self) -> list[list[str]]:
        """Records of the file, the header first."""
        return list(csv.reader(io.StringIO(self.path.read_text("utf-8"), newline="")))

    def write(self, rows: list[list[str]], delimiter: str = ",") -> None:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
        self.path.write_text(out.getvalue(), "utf-8", newline="")

    def lines(self) -> list[str]:
        return self.path.read_text("utf-8").splitlines(keepends=True)

    def any_line(self) -> int:
        """Index of a line other than the header and the last."""
        return self.rng.randrange(1, len(self.lines()) - 1)

    def put(
        self, new: str | Callable[[str], str], columns: Iterable[str], *, filled: bool = True
    ) -> Damage:
        """Replace one cell, drawn among the columns given (and their filled cells)."""
        rows = self.rows()
        header = rows[0]
        places = [
            (r, header.index(c))
            for c in columns
            for r in range(1, len(rows))
            if bool(rows[r][header.index(c)]) or not filled
        ]
        r, c = self.rng.choice(places)
        rows[r][c] = new if isinstance(new, str) else new(rows[r][c])
        self.write(rows)
        return Damage(self.file, r + 1, (header[c],), rows[r][c].strip() or None)

    def of_type(self, *kinds: str) -> list[str]:
        """Columns of some types, and with filled cells."""
        rows = self.rows()
        return [
            n
            for i, (n, f) in enumerate(self.fields.items())
            if f["type"] in kinds and any(row[i] for row in rows[1:])
        ]

    def with_rule(self, rule: str) -> list[str]:
        """Columns whose schema has a constraint, and with filled cells."""
        every = self.of_type("string", "integer", "number", "boolean", "date")
        return [n for n in every if self.fields[n].get("constraints", {}).get(rule) is not None]


def package(root: Path) -> dict[str, Any]:
    """The data package of a world."""
    content: dict[str, Any] = json.loads((root / RAW / "datapackage.json").read_text("utf-8"))
    return content


# Files ------------------------------------------------------------------------------------------
def latin1(t: Table) -> Damage:
    lines = t.path.read_bytes().splitlines(keepends=True)
    at = t.any_line()
    lines[at] = lines[at].replace(b",", b"\xe9,", 1)
    t.path.write_bytes(b"".join(lines))
    return Damage(t.file, at + 1, value="\\xe9")


def utf16(t: Table) -> Damage:
    t.path.write_bytes(t.path.read_text("utf-8").encode("utf-16"))
    return Damage(t.file, 1)


def nul_bytes(t: Table) -> Damage:
    lines = t.path.read_bytes().splitlines(keepends=True)
    at = t.any_line()
    lines[at] = lines[at][:3] + b"\0\0" + lines[at][3:]
    t.path.write_bytes(b"".join(lines))
    return Damage(t.file, at + 1, value="\\x00")


def workbook(t: Table) -> Damage:
    t.path.write_bytes(b"PK\x03\x04\x14\x00" + bytes(t.rng.randrange(256) for _ in range(400)))
    return Damage(t.file, 1)


def archive(t: Table) -> Damage:
    t.path.write_bytes(gzip.compress(t.path.read_bytes(), mtime=0))
    return Damage(t.file, 1)


def empty_file(t: Table) -> Damage:
    t.path.write_bytes(t.rng.choice([b"", b"\n", b"  \n\n"]))
    return Damage(t.file)


def header_alone(t: Table) -> Damage:
    t.path.write_text(t.lines()[0], "utf-8")
    return Damage(t.file)


def missing_file(t: Table) -> Damage:
    t.path.unlink()
    return Damage(t.file)


def folder_in_its_place(t: Table) -> Damage:
    t.path.unlink()
    t.path.mkdir()
    return Damage(t.file)


def missing_schema(t: Table) -> Damage:
    (t.root / t.schema_file).unlink()
    return Damage(t.schema_file)


def torn_schema(t: Table) -> Damage:
    path = t.root / t.schema_file
    text = path.read_text("utf-8")
    path.write_text(text[: t.rng.randrange(len(text) // 3, len(text) - 20)], "utf-8")
    return Damage(t.schema_file)


def truncated(t: Table) -> Damage:
    """A download that stopped within a line, before its last cell."""
    lines = t.lines()
    at = t.any_line()
    kept = lines[at][: t.rng.randrange(1, lines[at].rindex(",") + 1)]
    t.path.write_text("".join([*lines[:at], kept]), "utf-8", newline="")
    return Damage(t.file, at + 1)


def truncated_at_the_end_of_a_line(t: Table) -> Damage:
    t.path.write_text("".join(t.lines()[: t.any_line() + 1]), "utf-8", newline="")
    return Damage(t.file)


def torn_line(t: Table) -> Damage:
    """A line broken in two at a comma between cells."""
    lines = t.lines()
    rows = t.rows()
    at = t.any_line()
    part = t.rng.randrange(1, len(rows[at]))
    halves = io.StringIO(newline="")
    csv.writer(halves, lineterminator="\n").writerows([rows[at][:part], rows[at][part:]])
    lines[at] = halves.getvalue()
    t.path.write_text("".join(lines), "utf-8", newline="")
    return Damage(t.file, at + 1)


def joined_lines(t: Table) -> Damage:
    lines = t.lines()
    at = t.any_line()
    lines[at] = lines[at].rstrip("\n")
    t.path.write_text("".join(lines), "utf-8", newline="")
    return Damage(t.file, at + 1)


def blank_line(t: Table) -> Damage:
    lines = t.lines()
    at = t.any_line()
    lines.insert(at, "\n")
    t.path.write_text("".join(lines), "utf-8", newline="")
    return Damage(t.file, at + 1)


def conflict_marker(t: Table) -> Damage:
    lines = t.lines()
    at = t.any_line()
    lines.insert(at, "<<<<<<< HEAD\n")
    t.path.write_text("".join(lines), "utf-8", newline="")
    return Damage(t.file, at + 1, value="<<<<<<<")


def open_quote(t: Table) -> Damage:
    lines = t.lines()
    at = t.any_line()
    lines[at] = '"' + lines[at]
    t.path.write_text("".join(lines), "utf-8", newline="")
    return Damage(t.file, at + 1)


def line_break_in_a_cell(t: Table) -> Damage:
    damage = t.put("first\nsecond", t.of_type("string"))
    return Damage(t.file, damage.row)


def semicolons(t: Table) -> Damage:
    t.write(t.rows(), delimiter=";")
    return Damage(t.file, 1)


def tabs(t: Table) -> Damage:
    t.write(t.rows(), delimiter="\t")
    return Damage(t.file, 1)


# Columns ----------------------------------------------------------------------------------------
def missing_column(t: Table) -> Damage:
    rows = t.rows()
    at = t.rng.randrange(len(rows[0]))
    name = rows[0][at]
    t.write([r[:at] + r[at + 1 :] for r in rows])
    return Damage(t.file, 1, (name,))


def extra_column(t: Table) -> Damage:
    t.write([[*r, "comment" if i == 0 else "x"] for i, r in enumerate(t.rows())])
    return Damage(t.file, 1, ("comment",))


def misspelled_column(t: Table) -> Damage:
    rows = t.rows()
    at = t.rng.randrange(len(rows[0]))
    rows[0][at] = rows[0][at][:-1]
    t.write(rows)
    return Damage(t.file, 1, (rows[0][at],))


def column_twice(t: Table) -> Damage:
    rows = t.rows()
    t.write([[*r, r[0]] for r in rows])
    return Damage(t.file, 1, (rows[0][0],))


def columns_out_of_order(t: Table) -> Damage:
    rows = t.rows()
    a, b = sorted(t.rng.sample(range(len(rows[0])), 2))
    for row in rows:
        row[a], row[b] = row[b], row[a]
    t.write(rows)
    return Damage(t.file, 1, (rows[0][a],))


def lost_header(t: Table) -> Damage:
    t.write(t.rows()[1:])
    return Damage(t.file, 1)


def swapped_cells(t: Table) -> Damage:
    """Two cells of one row in each other's place: a date and a yes-or-no."""
    rows = t.rows()
    a = rows[0].index(t.rng.choice(t.of_type("boolean")))
    b = rows[0].index(t.rng.choice(t.of_type("date")))
    at = t.rng.choice([i for i in range(1, len(rows)) if rows[i][a] and rows[i][b]])
    rows[at][a], rows[at][b] = rows[at][b], rows[at][a]
    t.write(rows)
    return Damage(t.file, at + 1, (rows[0][a], rows[0][b]))


# Cells ------------------------------------------------------------------------------------------
def duplicated_key(t: Table) -> Damage:
    rows = t.rows()
    rows.append(list(t.rng.choice(rows[1:])))
    t.write(rows)
    return Damage(t.file, len(rows), value=rows[-1][0])


def impossible_date(t: Table) -> Damage:
    days = ("-02-30", "-13-01", "-04-31", "-00-10", "-06-00")
    return t.put(lambda old: old[:4] + t.rng.choice(days), t.of_type("date"))


def date_of_another_country(t: Table) -> Damage:
    forms = ("{2}.{1}.{0}", "{1}/{2}/{0}", "{2}-{1}-{0}", "{0}{1}{2}", "{0}-{1}-{2}T00:00:00")
    form = t.rng.choice(forms)
    return t.put(lambda old: form.format(*old.split("-")), t.of_type("date"))


def date_of_another_century(t: Table) -> Damage:
    century = t.rng.choice(["11", "18", "29"])
    dates = [c for c in t.of_type("date") if c != "first_death_date"]
    return t.put(lambda old: century + old[2:], dates)


def date_of_the_future(t: Table) -> Damage:
    ahead = ("valid_to", "first_death_date")
    dates = [c for c in t.of_type("date") if c not in ahead]
    return t.put(lambda old: f"2081{old[4:]}", dates)


def text_in_a_number(t: Table) -> Damage:
    words = ("many", "ca. 12", "12?", "n/a", "NULL", "#REF!")
    return t.put(t.rng.choice(words), t.of_type("integer", "number"))


def no_number(t: Table) -> Damage:
    return t.put(t.rng.choice(["NaN", "nan", "inf", "-INF"]), t.of_type("integer", "number"))


def decimals_in_a_whole_number(t: Table) -> Damage:
    return t.put(lambda old: old + t.rng.choice([".0", ".5"]), t.of_type("integer"))


def decimal_comma(t: Table) -> Damage:
    return t.put(
        lambda old: old.replace(".", ",") if "." in old else old + ",5", t.of_type("number")
    )


def other_digits(t: Table) -> Damage:
    other = t.rng.choice(["1_000", "1 000", "1,000", "\u0661\u0662", "9" * 25])
    return t.put(other, t.of_type("integer"))


def wrong_boolean(t: Table) -> Damage:
    return t.put(t.rng.choice(["TRUE", "True", "yes", "1", "0", "FALSE"]), t.of_type("boolean"))


def empty_cell(t: Table) -> Damage:
    return t.put("", t.with_rule("required"))


def unknown_category(t: Table) -> Damage:
    texts = [c for c in t.with_rule("enum") if t.fields[c]["type"] == "string"]
    return t.put(lambda old: old + "s", texts)


def number_out_of_range(t: Table) -> Damage:
    return t.put("-7", [c for c in t.with_rule("minimum") if t.fields[c]["type"] != "date"])


def broken_pattern(t: Table) -> Damage:
    return t.put(lambda old: old + "!", t.with_rule("pattern"))


def padded_cell(t: Table) -> Damage:
    pad = t.rng.choice([" ", "\u00a0", "\t"])
    damage = t.put(lambda old: old + pad, t.of_type("string", "integer", "date"))
    return Damage(t.file, damage.row, damage.columns)


def hidden_character(t: Table) -> Damage:
    hidden = t.rng.choice(["\u200b", "\ufeff", "\x08", "\ufffd"])
    damage = t.put(lambda old: old[:1] + hidden + old[1:], t.of_type("string"))
    return Damage(t.file, damage.row, damage.columns)


def wrong_list_separator(t: Table) -> Damage:
    separator = t.rng.choice([",", ", ", " ", "/", "; ", ";;"])
    lists = [c for c in ("gwno_loc", "host_gwno", "war_years") if c in t.fields]
    return t.put(lambda old: old + separator + old.split(";")[0], lists)


def unknown_state(t: Table) -> Damage:
    codes = [c for c in t.of_type("integer", "string") if "gwno" in c.split("_")]
    return t.put(t.rng.choice(["999", "1", "10000"]), codes)


def unknown_conflict(t: Table) -> Damage:
    damage = t.put("999999", ["conflict_id"])
    return Damage(t.file, damage.row, ("conflict_id",), "999999")


def unknown_mission(t: Table) -> Damage:
    return t.put(lambda old: old + "x", ["mission_id"])


def unknown_source(t: Table) -> Damage:
    return t.put("hearsay", ["source"])


# The package ------------------------------------------------------------------------------------
def table_taken_out_of_the_package(t: Table) -> Damage:
    content = package(t.root)
    content["resources"] = [r for r in content["resources"] if r["name"] != t.name]
    (t.root / RAW / "datapackage.json").write_text(json.dumps(content), "utf-8")
    return Damage("data/raw/datapackage.json", value=t.name)


def torn_package(t: Table) -> Damage:
    path = t.root / RAW / "datapackage.json"
    text = path.read_text("utf-8")
    path.write_text(text[: t.rng.randrange(100, len(text) - 100)], "utf-8")
    return Damage("data/raw/datapackage.json")


def torn_sources(t: Table) -> Damage:
    path = t.root / RAW / "sources.toml"
    path.write_text(path.read_text("utf-8").replace('title = "', "title = ", 1), "utf-8")
    return Damage("data/raw/sources.toml")


# Facts ------------------------------------------------------------------------------------------
def fact(
    name: str,
    where: dict[str, str],
    column: str,
    new: str,
    shown_at: tuple[str, str] | None = None,
) -> Callable[[Table], Damage]:
    """Return a kind that sets one cell of the row that `where` describes.

    The error names that cell, or the cell of the same row that it contradicts (`shown_at`).
    """

    def change(t: Table) -> Damage:
        rows = t.rows()
        header = rows[0]
        at = next(
            i
            for i, row in enumerate(rows[1:], 1)
            if all(row[header.index(c)] == v for c, v in where.items())
        )
        rows[at][header.index(column)] = new
        t.write(rows)
        named, value = shown_at or (column, new)
        return Damage(t.file, at + 1, (named,), value)

    change.__name__ = name
    return change


FACTS: tuple[tuple[str, Callable[[Table], Damage]], ...] = (
    (
        "missions",
        fact(
            "people_before_authorization",
            {"mission_id": "unomil"},
            "first_personnel_date",
            "1993-08-31",
        ),
    ),
    (
        "missions",
        fact("strength_in_reverse", {"mission_id": "unamir"}, "strength_50pct_date", "1993-10-31"),
    ),
    (
        "missions",
        fact(
            "month_not_by_its_last_day",
            {"mission_id": "unamir"},
            "strength_10pct_date",
            "1993-11-29",
        ),
    ),
    (
        "missions",
        fact("end_before_the_first_people", {"mission_id": "unprofor"}, "end_date", "1991-12-31"),
    ),
    ("missions", fact("host_that_had_ended", {"mission_id": "minusma"}, "host_gwno", "265")),
    (
        "missions",
        fact(
            "day_of_another_resolution", {"mission_id": "minusma"}, "authorized_date", "2013-04-24"
        ),
    ),
    ("vetoes", fact("seat_before_its_day", {"veto_date": "1955-12-13"}, "china_seat", "prc")),
    (
        "vetoes",
        fact(
            "veto_on_another_day",
            {"veto_id": "1946-02-16-a"},
            "veto_date",
            "1946-02-17",
            shown_at=("veto_id", "1946-02-16-a"),
        ),
    ),
    (
        "council_members",
        fact("two_holders_of_a_seat", {"gwno": "713", "year": "1971"}, "to_date", "1971-10-26"),
    ),
    (
        "council_members",
        fact("member_that_had_ended", {"gwno": "710", "year": "1990"}, "gwno", "265"),
    ),
)

FILES = (
    latin1,
    utf16,
    nul_bytes,
    workbook,
    archive,
    empty_file,
    header_alone,
    missing_file,
    folder_in_its_place,
    missing_schema,
    torn_schema,
    truncated,
    truncated_at_the_end_of_a_line,
    torn_line,
    joined_lines,
    blank_line,
    conflict_marker,
    open_quote,
    line_break_in_a_cell,
    semicolons,
    tabs,
    missing_column,
    extra_column,
    misspelled_column,
    column_twice,
    columns_out_of_order,
    lost_header,
    duplicated_key,
)
# Kinds that ask for something that not every table has, and tables that have it.
CELLS: tuple[tuple[Callable[[Table], Damage], tuple[str, ...]], ...] = (
    (swapped_cells, ("missions", "mission_conflicts", "episodes", "council_members")),
    (impossible_date, ("missions", "vetoes", "episodes", "resolutions", "states")),
    (date_of_another_country, ("missions", "vetoes", "draft_conflicts", "mission_milestones")),
    (date_of_another_century, ("missions", "vetoes", "episodes", "agenda_conflicts")),
    (date_of_the_future, ("missions", "vetoes", "resolutions", "peace_agreements")),
    (text_in_a_number, ("p5_ties", "host_states", "resolutions", "mission_milestones")),
    (no_number, ("p5_ties", "host_states", "episodes")),
    (decimals_in_a_whole_number, ("p5_ties", "episodes", "council_members")),
    (decimal_comma, ("p5_ties", "host_states")),
    (other_digits, ("episodes", "mission_milestones", "missions")),
    (wrong_boolean, ("missions", "vetoes", "p5_ties", "states")),
    (empty_cell, ("missions", "episodes", "vetoes", "outcomes")),
    (unknown_category, ("missions", "vetoes", "outcomes", "draft_conflicts")),
    (number_out_of_range, ("p5_ties", "host_states", "episodes")),
    (broken_pattern, ("missions", "mission_conflicts", "episodes", "resolutions")),
    (padded_cell, ("missions", "vetoes", "draft_conflicts")),
    (hidden_character, ("missions", "states", "agenda_conflicts")),
    (wrong_list_separator, ("episodes", "missions")),
    (unknown_state, ("missions", "council_members", "episodes", "p5_ties")),
    (unknown_conflict, ("mission_conflicts", "draft_conflicts", "agenda_conflicts")),
    (unknown_mission, ("mission_conflicts", "mission_milestones")),
    (unknown_source, ("missions", "vetoes", "episodes", "draft_conflicts")),
    (table_taken_out_of_the_package, ("missions", "states", "vetoes")),
    (torn_package, ("missions",)),
    (torn_sources, ("missions",)),
)


@dataclass(frozen=True)
class Corruption:
    """One case: its number, the kind, the table."""

    number: int
    kind: Callable[[Table], Damage]
    table: str

    def __str__(self) -> str:
        return f"{self.number:03d}-{self.kind.__name__}-{self.table}"

    def apply(self, root: Path) -> Damage:
        """Damage the raw folder of a world."""
        rng = random.Random(f"{SEED}/{self.number}")
        return self.kind(Table(root, self.table, rng))


def corruptions(tables: list[str], count: int) -> list[Corruption]:
    """Draw cases: each kind at least once, then kinds at random."""
    rng = random.Random(SEED)
    drawn: list[tuple[Callable[[Table], Damage], str]] = [(k, rng.choice(tables)) for k in FILES]
    drawn += [(kind, rng.choice(own)) for kind, own in CELLS]
    drawn += [(kind, table) for table, kind in FACTS]
    every = [*((kind, tuple(tables)) for kind in FILES), *CELLS]
    while len(drawn) < count:
        kind, own = rng.choice(every)
        table = rng.choice(own)
        if (kind, table) not in drawn:
            drawn.append((kind, table))
    return [Corruption(i, kind, table) for i, (kind, table) in enumerate(drawn, 1)]
