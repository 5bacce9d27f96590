"""Contributors and people of operations by two further publications of the United Nations' counts.

One gives the number of contributors, troops, police and observers of an operation and month; the
other, the units on yearly maps, each with its state and the nominal size of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import RuleFile, Strict
from collsec.compile.states.states import StateNames
from collsec.compile.text import records_of
from collsec.core.errors import BadTable, nearest
from collsec.upstream.readers import read_columns

IPI = "ipi_peacekeeping"
MAPS = "geo_pko_contributors"
COUNTS = {
    "contributors": "Number of Contributors",
    "troops": "Troops",
    "police": "Police",
    "observers": "Observers",
    "total": "Total",
}
KINDS = ("troops", "police", "observers", "total")
ABSENT = frozenset({"NA", ""})


class LabelMonths(Strict):
    """Which operation a label stands for in which months."""

    label: str
    mission_id: str
    first: str = "0000-00"
    last: str = "9999-99"


class MapRules(Strict):
    """What the maps name that is no state, of what size they do not know, and further names."""

    no_state: tuple[str, ...]
    unknown_size: str
    gwno: dict[str, int]


class PersonnelRules(RuleFile):
    """Labels of the monthly counts, and names on the maps.

    Attributes
    ----------
    label_span : tuple of LabelMonths
        Labels that are not the operation's own name.
    maps : MapRules
    """

    file: ClassVar[str] = "personnel.toml"
    label_span: tuple[LabelMonths, ...]
    maps: MapRules


def read_counts(
    path: Path,
    labels: LabelRules,
    rules: PersonnelRules,
    spans: Mapping[str, tuple[str, str]],
) -> pd.DataFrame:
    """People and contributors of operations by month.

    Parameters
    ----------
    path : Path
        The monthly publication.
    labels : LabelRules
    rules : PersonnelRules
    spans : mapping of str to tuple
        Operation → ISO days of its authorization and its end, the latter empty if it goes on.

    Returns
    -------
    DataFrame
        ``mission_id, month`` (Period) and the columns of `COUNTS`, `Int64`, by operation and month.
        Months before the one in which an operation was authorized, or after the one in which it
        ended, are of another and are left out, as is all that was no operation.

    Raises
    ------
    BadTable
        If an operation has two rows for a month.
    """
    raw = read_columns(path, ["Date", "Mission", *COUNTS.values()])
    rows = []
    for r in records_of(raw):
        month = r["Date"][:7]
        mission = mission_of(r["Mission"], month, labels, rules)
        first, last = spans.get(mission, ("9999", ""))
        if first[:7] <= month and (not last or month <= last[:7]):
            own = {name: None if r[c] in ABSENT else int(r[c]) for name, c in COUNTS.items()}
            rows.append({"mission_id": mission, "month": pd.Period(month, "M"), **own})
    table = pd.DataFrame(rows).astype(dict.fromkeys(COUNTS, "Int64"))
    double = table[table.duplicated(["mission_id", "month"])]
    if len(double):
        raise BadTable(
            path.name,
            "an operation has two rows for one month.",
            column="Mission",
            value=f"{double['mission_id'].iloc[0]}, {double['month'].iloc[0]}",
            remedy=f"Say in data/raw/rules/{rules.file} what its labels stand for.",
        )
    return table.sort_values(["mission_id", "month"]).reset_index(drop=True)


def mission_of(label: str, month: str, labels: LabelRules, rules: PersonnelRules) -> str:
    """Id of the operation that a label stands for in a month."""
    spans = [s for s in rules.label_span if s.label == label]
    within = [s.mission_id for s in spans if s.first <= month <= s.last]
    return within[0] if within else labels.mission_id(label)


def contributor_months_from(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per operation and run of months with the same number of contributors.

    Parameters
    ----------
    counts : DataFrame
        As `read_counts` gives it.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month.
    """
    known = counts[counts["contributors"].notna()].astype({"contributors": "int64"})
    beside = known.groupby("mission_id")["contributors"]
    before, after = beside.shift(1), beside.shift(-1)
    doubtful = 2 * known["contributors"] < pd.concat([before, after], axis=1).min(axis=1)
    doubtful &= before.notna() & after.notna()
    rows: list[dict[str, Any]] = []
    for r in records_of(known.assign(is_doubtful=doubtful)):
        last: dict[str, Any] = rows[-1] if rows else {"mission_id": None}
        if (
            last["mission_id"] == r["mission_id"]
            and last["contributing_states"] == r["contributors"]
            and last["is_doubtful_count"] == r["is_doubtful"]
            and last["to_month"] + 1 == r["month"]
        ):
            last["to_month"] = r["month"]
        else:
            rows.append(
                {
                    "mission_id": r["mission_id"],
                    "from_month": r["month"],
                    "to_month": r["month"],
                    "contributing_states": r["contributors"],
                    "is_doubtful_count": r["is_doubtful"],
                    "source": [IPI],
                    "basis": "file",
                }
            )
    table = pd.DataFrame(rows)
    for column in ("from_month", "to_month"):
        table[column] = pd.PeriodIndex(table[column]).end_time.date
    return table


def personnel_months_from(counts: pd.DataFrame, monthly: pd.DataFrame) -> pd.DataFrame:
    """People by kind in two publications, and how far they are apart.

    Parameters
    ----------
    counts : DataFrame
        As `read_counts` gives it.
    monthly : DataFrame
        The study's own counts, as `collsec.compile.missions.counts.monthly_counts` gives them.

    Returns
    -------
    DataFrame
        One row per operation and month of the further publication; columns in the order of the
        schema. A difference is the further count less the study's own, empty where one is.
    """
    own = monthly[["mission_id", "month", *KINDS]].astype(dict.fromkeys(KINDS, "Int64"))
    both = counts.merge(own, on=["mission_id", "month"], how="left", suffixes=("", "_own"))
    columns: dict[str, Any] = {
        "mission_id": both["mission_id"],
        "month": pd.PeriodIndex(both["month"]).end_time.date,
    }
    # An empty cell beside a filled one of the same row is nobody of that kind; where police and
    # observers are both empty, kinds were not told apart and all stand as troops.
    apart = both["police"].notna() | both["observers"].notna()
    for kind in KINDS:
        known = both[kind]
        if kind != "total":
            known = known.fillna(0).where(apart)
        columns[f"counted_{kind}"] = known
        columns[f"{kind}_difference"] = known - both[f"{kind}_own"]
    columns |= {"source": [[IPI]] * len(both), "basis": "file"}
    return pd.DataFrame(columns)


def mapped_contributors_from(
    path: Path,
    operations: Set[str],
    labels: LabelRules,
    rules: PersonnelRules,
    names: StateNames,
) -> pd.DataFrame:
    """One row per operation, year and state with units on the map of that year.

    Parameters
    ----------
    path : Path
        The maps of contributors.
    operations : set of str
        Ids of the UN's operations.
    labels : LabelRules
    rules : PersonnelRules
    names : StateNames

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation, year and state.

    Raises
    ------
    BadTable
        If a cell is no list of states with sizes, or a state is unknown.
    """
    gwno = names.gwno | rules.maps.gwno
    units: list[dict[str, Any]] = []
    for line, r in enumerate(records_of(read_columns(path, ["mission", "year", "year.overview"]))):
        mission = mission_of(r["mission"], r["year"], labels, rules)
        if mission not in operations:
            continue
        for name, size in units_of(str(r["year.overview"]), path.name, line + 2):
            if name not in gwno and name not in rules.maps.no_state:
                raise BadTable(
                    path.name,
                    f"unknown contributor.{nearest(name, list(gwno))}",
                    row=line + 2,
                    column="year.overview",
                    value=name,
                    remedy=f"Add it to data/raw/rules/{rules.file}.",
                )
            people = None if size == rules.maps.unknown_size else int(size)
            units.append(
                {
                    "mission_id": mission,
                    "year": int(r["year"]),
                    "gwno": gwno.get(name),
                    "people": people,
                    "is_unsized": people is None,
                }
            )
    rows = []
    for (where, year), every in pd.DataFrame(units).groupby(["mission_id", "year"]):
        total, unsized = every["people"].sum(), round(float(every["is_unsized"].mean()), 4)
        named = every[every["gwno"].notna()].astype({"gwno": int})
        for state in sorted(named["gwno"].unique()):
            own = named[named["gwno"] == state]
            sized = own["people"].dropna()
            people = int(sized.sum()) if len(sized) else None
            rows.append(
                {
                    "mission_id": where,
                    "year": year,
                    "gwno": int(state),
                    "mapped_places": len(own),
                    "unsized_places": int(own["is_unsized"].sum()),
                    "nominal_people": people,
                    "nominal_share": round(people / float(total), 4) if people and total else None,
                    "unsized_share": unsized,
                    "source": [MAPS],
                    "basis": "file",
                }
            )
    return pd.DataFrame(rows).astype({"nominal_people": "Int64"})


def units_of(text: str, file: str, row: int) -> list[tuple[str, str]]:
    """States and sizes of a cell.

    Raises
    ------
    BadTable
        If it is no such list.

    Examples
    --------
    >>> units_of("Korea (ROK) (650), India (size unknown)", "maps.csv", 2)
    [('Korea (ROK)', '650'), ('India', 'size unknown')]
    """
    found = re.findall(r"\s*(.+?)\s*\(([^()]*)\)\s*(?:,|$)", text)
    if ", ".join(f"{name} ({size})" for name, size in found) != " ".join(text.split()):
        raise BadTable(
            file, "no list of states with sizes.", row=row, column="year.overview", value=text
        )
    return [(name, size) for name, size in found]
