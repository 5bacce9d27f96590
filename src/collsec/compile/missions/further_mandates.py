"""The tasks of UN operations as a second publication codes them, with the paragraphs of each.

Its terms are not stated: tasks are gathered into the ten kinds of the study and into runs of
months, paragraphs by operation, resolution and kind; no row of it and no text is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.missions.authorized_strength import runs
from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import RuleFile
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

SOURCE, LIBRARY = "pema", "un_library"
ENCODING = "latin-1"
MONTH = re.compile(r"(\d{4})m(\d{1,2})")
PARAGRAPH = re.compile(r"(\d{1,3})(?![\d:])(?!.*\(\s*S/)")  # no hour, and none of a report
NUMBER = re.compile(r"S/RES/(\d+)")


class FurtherMandateRules(RuleFile):
    """Kinds of tasks, and what the publication calls them.

    Attributes
    ----------
    degrees : tuple of str
        Of the involvement that make a task.
    absent : tuple of str
        Task and degree that it has no column for.
    kinds : dict of tuple
        Kind → tasks.
    same_as : dict
        Label → operation.
    """

    file: ClassVar[str] = "further_mandates.toml"
    degrees: tuple[str, ...]
    absent: tuple[str, ...]
    kinds: dict[str, tuple[str, ...]]
    same_as: dict[str, str]

    def columns(self, kind: str) -> list[str]:
        """Columns of a kind, without what a file adds to their names."""
        every = [f"{task}_{degree}" for task in self.kinds[kind] for degree in self.degrees]
        return [column for column in every if column not in self.absent]


def further_mandates_from(
    path: Path,
    stood: Mapping[str, tuple[str, str]],
    labels: LabelRules,
    rules: FurtherMandateRules,
) -> pd.DataFrame:
    """One row per operation and run of months with the same kinds of tasks.

    Parameters
    ----------
    path : Path
        The publication by operation and month.
    stood : mapping of str to tuple
        Operation → ISO days of its founding and its end. Months outside are left out.
    labels : LabelRules
    rules : FurtherMandateRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation and month.

    References
    ----------
    Di Salvatore, J., M. Lundgren, K. Oksamytna and H. M. Smidt (2022). Introducing the Peacekeeping
    Mandates (PEMA) dataset. Journal of Conflict Resolution 66(4–5): 924–951.
    doi:10.1177/00220027211068897
    """
    months = read_months(path, labels, rules)
    inside = [
        mission in stood
        and stood[mission][0][:7] <= str(month)
        and not (stood[mission][1] and str(month) > stood[mission][1][:7])
        for mission, month in zip(months["mission_id"], months["month"], strict=True)
    ]
    months = months[inside]
    flags = [f"has_{kind}_task" for kind in rules.kinds]
    rows = []
    for mission, own in months.groupby("mission_id"):
        gap = (own["month"].astype("int64").diff() != 1).cumsum()
        for _, part in own.groupby(gap):
            for run in runs(part, flags):
                rows.append(
                    {
                        "mission_id": mission,
                        "from_month": run["month"].iloc[0].end_time.date(),
                        "to_month": run["month"].iloc[-1].end_time.date(),
                        **{flag: bool(run[flag].iloc[0]) for flag in flags},
                        "source": [SOURCE],
                        "basis": "file",
                    }
                )
    return pd.DataFrame(rows)


def read_months(path: Path, labels: LabelRules, rules: FurtherMandateRules) -> pd.DataFrame:
    """Months of the publication: mission, month (Period), kinds of tasks.

    Raises
    ------
    BadTable
        If a task is neither 0 nor 1.
    """
    columns = {kind: [f"{c}_V3" for c in rules.columns(kind)] for kind in rules.kinds}
    every = [c for own in columns.values() for c in own]
    raw = read_columns(path, ["namepko", "date3", *every], encoding=ENCODING)
    raw = raw[raw["date3"] != ""]  # two resolutions without a month
    strange = raw[~raw[every].isin(["0", "1"]).all(axis=1)]
    if len(strange):
        raise BadTable(path.name, "a task is neither 0 nor 1.", row=int(strange.index[0]) + 2)
    parts = raw["date3"].str.extract(MONTH)
    out = pd.DataFrame(
        {
            "mission_id": [mission_of(label, labels, rules) for label in raw["namepko"]],
            "month": pd.PeriodIndex(parts[0] + "-" + parts[1].str.zfill(2), freq="M"),
        },
        index=raw.index,
    )
    for kind, own in columns.items():
        out[f"has_{kind}_task"] = (raw[own] == "1").any(axis=1)
    return out.sort_values(["mission_id", "month"]).reset_index(drop=True)


def mission_of(label: str, labels: LabelRules, rules: FurtherMandateRules) -> str:
    """Id of the operation that the publication means."""
    return rules.same_as.get(label) or labels.mission_id(label)


def mandate_paragraphs_from(
    path: Path,
    operations: frozenset[str],
    resolutions: pd.DataFrame,
    labels: LabelRules,
    rules: FurtherMandateRules,
) -> pd.DataFrame:
    """One row per operation, resolution and kind of task that the resolution itself gives.

    Parameters
    ----------
    path : Path
        The publication by resolution.
    operations : frozenset of str
        Ids of the UN's operations.
    resolutions : DataFrame
        As `collsec.compile.council.resolutions.resolutions_from` gives it.
    labels : LabelRules
    rules : FurtherMandateRules

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by operation, resolution and kind.
    """
    adopted = {int(r["number"]): r for r in records_of(resolutions)}
    columns = {kind: rules.columns(kind) for kind in rules.kinds}
    header = {c.lower(): c for c in header_of(path)}
    every = [header[c] for own in columns.values() for c in own]
    raw = read_columns(path, ["Signature", "NamePKO", *every], encoding=ENCODING)
    found: dict[tuple[str, int, str], tuple[set[int], bool]] = {}
    for r in records_of(raw):
        mission = mission_of(r["NamePKO"], labels, rules)
        number = NUMBER.match(r["Signature"])
        if mission not in operations or number is None:
            continue
        for kind, own in columns.items():
            cells = [r[header[c]].strip() for c in own]
            parts = [p for cell in cells if cell for p in re.split(r"[,;]|\band\b", cell)]
            numbers = {paragraph_of(p) for p in parts} - {None}
            if parts:
                key = (mission, int(number[1]), kind)
                before, elsewhere = found.get(key, (set(), False))
                outside = any(paragraph_of(p) is None for p in parts)
                found[key] = (before | {n for n in numbers if n}, elsewhere or outside)
    rows: list[dict[str, Any]] = [
        {
            "mission_id": mission,
            "resolution_id": adopted[number]["resolution_id"],
            "task_kind": kind,
            "paragraphs": sorted(numbers),
            "is_partly_elsewhere": elsewhere,
            "source": [SOURCE, LIBRARY],
            "basis": "file",
        }
        for (mission, number, kind), (numbers, elsewhere) in sorted(found.items())
    ]
    return pd.DataFrame(rows)


def header_of(path: Path) -> list[str]:
    """Names of the columns of a text file."""
    with path.open(encoding=ENCODING) as file:
        return file.readline().strip().split(",")


def paragraph_of(part: str) -> int | None:
    """Number of the operative paragraph that a part of a cell names, if it names one.

    >>> paragraph_of(" 4a(ii)"), paragraph_of("10 (S/1994/300)"), paragraph_of("Annex 11")
    (4, None, None)
    """
    found = PARAGRAPH.match(part.strip())
    return int(found[1]) if found else None
