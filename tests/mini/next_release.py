"""A made release of the conflict data: 25.1 with an invented year 2025, in the same format."""

from __future__ import annotations

import csv
from pathlib import Path

Row = dict[str, str]

#: Ended in 2024, so that its last year is closed: Ambazonia, in Cameroon.
ENDED = "14129"
#: Quiet in 2024 and active again: over government in Chad.
RESUMED = "288"
#: Conflict → onset of its episode, moved by a month within its year.
REDATED = {
    "228": ("1948-04-15", "1948-05-15"),
    "371": ("1990-08-02", "1990-09-02"),
    "374": ("1990-10-03", "1990-11-03"),
    "382": ("1991-04-01", "1991-05-01"),
    "385": ("1991-07-27", "1991-08-27"),
    "389": ("1992-04-27", "1992-05-27"),
    "392": ("1992-08-17", "1992-09-17"),
    "397": ("1993-10-03", "1993-11-03"),
    "398": ("1992-07-21", "1992-08-21"),
    "410": ("1998-06-07", "1998-07-07"),
}
#: Gone, with a vetoed draft and an operation that were linked to it: Vietnam, 1946 to 1954.
DROPPED = "216"
#: Quiet in one year of what was one episode: Namibia, 1966 to 1989.
SPLIT, QUIET_YEAR, BEGUN_AGAIN = "298", "1980", "1981-02-01"
#: A conflict that is counted with another from now on: the Karenni with the Karen.
MERGED = ("253", "221")
#: Invented; no UCDP id is as high.
NEW = "99901"
YEAR = "2025"


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write(rows: list[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def conflicts(rows: list[Row]) -> list[Row]:
    """Conflict-years of the made release."""
    old, into = MERGED
    joined = {(r["conflict_id"], r["year"]) for r in rows if r["conflict_id"] == into}
    out = []
    for row in rows:
        own = {**row, "version": "26.1"}
        if own["conflict_id"] == old:
            if (into, own["year"]) in joined:
                continue
            own |= {"conflict_id": into, "start_prec": "1"}
        if is_gone(own):
            continue
        before, after = REDATED.get(own["conflict_id"], ("", ""))
        if own["start_date2"] == before:
            own["start_date2"] = after
        if own["conflict_id"] == SPLIT and own["year"] > QUIET_YEAR:
            own |= {"start_date2": BEGUN_AGAIN, "start_prec2": "1"}
        elif own["conflict_id"] == SPLIT and int(own["year"]) == int(QUIET_YEAR) - 1:
            own |= {"ep_end": "1", "ep_end_date": f"{own['year']}-12-31"}
        if own["conflict_id"] == ENDED and own["year"] == "2024":
            own |= {"ep_end": "1", "ep_end_date": "2024-11-30"}
        out.append(own)
    last = [r for r in out if r["year"] == "2024" and r["conflict_id"] != ENDED]
    out += [{**r, "year": YEAR, "ep_end": "0", "ep_end_date": ""} for r in last]
    quiet = [r for r in out if r["conflict_id"] == RESUMED][-1]
    begun = {"ep_end": "0", "ep_end_date": "", "intensity_level": "1", "year": YEAR}
    out.append({**quiet, **begun, "start_date2": "2025-03-14", "start_prec2": "1"})
    model = next(r for r in last if r["conflict_id"] == last[0]["conflict_id"])
    new = {
        "conflict_id": NEW, "location": "Ghana", "side_a": "Government of Ghana",
        "side_a_id": "999", "side_a_2nd": "", "side_b": "Invented", "side_b_id": "99902",
        "side_b_2nd": "",
        "incompatibility": "2", "territory_name": "", "type_of_conflict": "3",
        "start_date": "2025-02-02", "start_prec": "1", "start_date2": "2025-04-05",
        "start_prec2": "1", "gwno_a": "452", "gwno_a_2nd": "", "gwno_b": "", "gwno_b_2nd": "",
        "gwno_loc": "452", "region": "4",
    }  # fmt: skip
    out.append({**model, **begun, **new, "cumulative_intensity": "0"})
    as_one([r for r in out if r["conflict_id"] == into])
    return sorted(out, key=lambda r: (int(r["conflict_id"]), int(r["year"])))


def is_gone(row: Row) -> bool:
    """Whether a year of the older release is in the made one no more."""
    return row["conflict_id"] == DROPPED or (
        row["conflict_id"] == SPLIT and row["year"] == QUIET_YEAR
    )


def as_one(rows: list[Row]) -> None:
    """Give the years of one conflict, in place, the dates of their runs, as the publisher does."""
    rows.sort(key=lambda r: int(r["year"]))
    runs: list[list[Row]] = []
    for row in rows:
        if not runs or int(row["year"]) > int(runs[-1][-1]["year"]) + 1:
            runs.append([])
        runs[-1].append(row)
    first = min(r["start_date"] for r in rows)
    for run in runs:
        onset, precision = min((r["start_date2"], r["start_prec2"]) for r in run)
        end = max(r["ep_end_date"] for r in run)
        for row in run:
            row |= {"start_date": first, "start_date2": onset, "start_prec2": precision}
            row |= {"ep_end": "0", "ep_end_date": ""}
            for other in ("gwno_loc", "location", "region", "side_a", "side_a_id", "gwno_a"):
                row[other] = run[0][other]
        if run[-1]["year"] != YEAR:
            run[-1] |= {"ep_end": "1", "ep_end_date": end or f"{run[-1]['year']}-12-31"}


def dyads(rows: list[Row]) -> list[Row]:
    """Dyad-years that go with them; the invented and the resumed war have one dyad each."""
    old, into = MERGED
    out = [{**r, "version": "26.1"} for r in rows if not is_gone(r)]
    for row in out:
        if row["conflict_id"] == old:
            row["conflict_id"] = into
    last = [r for r in out if r["year"] == "2024" and r["conflict_id"] != ENDED]
    out += [{**r, "year": YEAR} for r in last]
    quiet = [r for r in out if r["conflict_id"] == RESUMED][-1]
    out.append({**quiet, "year": YEAR, "start_date2": "2025-03-14", "start_prec2": "1"})
    new = {
        "dyad_id": "99903", "conflict_id": NEW, "location": "Ghana",
        "side_a": "Government of Ghana", "side_a_id": "999", "side_a_2nd": "",
        "side_b": "Invented", "side_b_id": "99902", "side_b_2nd": "", "incompatibility": "2",
        "territory_name": "", "year": YEAR, "intensity_level": "1", "type_of_conflict": "3",
        "start_date": "2025-02-02", "start_prec": "1", "start_date2": "2025-04-05",
        "start_prec2": "1", "gwno_a": "452", "gwno_a_2nd": "", "gwno_b": "", "gwno_b_2nd": "",
        "gwno_loc": "452", "region": "4", "version": "26.1",
    }  # fmt: skip
    return [*out, new]


def make(upstream: Path, folder: Path) -> Path:
    """Write the made release beside links to all other upstream files; the folder."""
    for source in sorted(p for p in upstream.iterdir() if p.is_dir()):
        own = folder / source.name
        own.mkdir(parents=True)
        for path in sorted(source.iterdir()):
            (own / path.name).symlink_to(path)
    acd = upstream / "ucdp_acd"
    write(conflicts(read(acd / "ucdp-prio-acd-251.csv")), folder / "ucdp_acd/ucdp-prio-acd-261.csv")
    write(dyads(read(acd / "ucdp-dyadic-251.csv")), folder / "ucdp_acd/ucdp-dyadic-261.csv")
    return folder
