"""What the pages with scripts show, as scripts: a page that is opened as a file may not fetch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.core.project import Project
from collsec.designs.estimate import Unit
from collsec.designs.printed import Column
from collsec.evidence.coverage import REGIONS
from collsec.evidence.dossiers import EVENTS, Dossier
from collsec.evidence.record import Record
from collsec.reports.tables.table import Table, escaped
from collsec.reports.words import wording
from collsec.upstream.sources import Source

FOLDER = "data/conflicts"
_VIOLENCE = "violence_country_months"
#: The record behind what is drawn, by the name of its extent.
_RECORDS = {
    "episode": "wars",
    "resolution": "resolutions",
    "talks": "negotiations",
    "agreement": "agreements",
}
_SENT = ("authorized", "personnel", "troops")
_RESERVED = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"))


def script(call: str, *values: Any) -> str:
    """A call with its arguments as JSON that neither ends a script nor begins another element."""
    texts = []
    for value in values:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        for sign, safe in _RESERVED:
            text = text.replace(sign, safe)
        texts.append(text)
    return f"{call}({','.join(texts)});\n"


def write_conflicts(
    project: Project, found: Sequence[Dossier], folder: Path, sources: Mapping[str, Source]
) -> Table:
    """Write a script for each conflict and their index, and return the list of them as a table.

    Parameters
    ----------
    project : Project
    found : sequence of Dossier
    folder : Path
        Of the assembled project.
    sources : mapping of str to Source
        The declared ones; an event names its source by key.
    """
    states = _states(project)
    (folder / FOLDER).mkdir(parents=True)
    index, used = [], {_VIOLENCE}
    for one in found:
        for text in one.events["source"]:
            used |= set(str(text).split(";"))
        hosts = ", ".join(states.get(host, str(host)) for host in one.hosts)
        missions = one.events.loc[one.events["kind"].isin(_SENT), "name"].unique()
        found_by = " ".join([hosts, *one.sides, *missions])
        asked_for = [
            _kind(one),
            REGIONS.get(one.region, ""),
            sorted(map(str, missions)),
            _held(one),
        ]
        index.append([one.conflict, one.name, found_by, _years(one), *_span(one), *asked_for])
        text = script("collsec.conflict", _plain(one, states))
        path = folder / FOLDER / f"{one.conflict}.js"
        path.write_text(text, encoding="utf-8", newline="\n")
    titles = {key: sources[key].title for key in sorted(used & sources.keys())}
    text = script("collsec.conflicts", index, titles, _ends(project))
    (folder / FOLDER / "index.js").write_text(text, encoding="utf-8", newline="\n")
    return _list(found)


def _states(project: Project) -> dict[int, str]:
    if not project.stage("tables", "states").exists():
        return {}
    states = project.read("tables", "states")
    return {int(k): str(v) for k, v in zip(states["gwno"], states["name"], strict=True)}


def _ends(project: Project) -> dict[str, str]:
    """The last day of each record that the explorer draws, by what is drawn."""
    ends: dict[str, pd.Timestamp] = {}
    if project.stage("episodes", "extents").exists():
        extents = project.read("episodes", "extents").set_index("extent")["last_day"]
        ends = {kind: extents[name] for kind, name in _RECORDS.items() if name in extents}
    if project.stage("tables", "violence_months").exists():
        months = project.read("tables", "violence_months")
        ends["months"] = months.loc[months["deaths"].notna(), "to_month"].max()
    return {kind: f"{last:%Y-%m-%d}" for kind, last in ends.items() if not pd.isna(last)}


def _span(one: Dossier) -> tuple[int, int | None]:
    """First and last year of its episodes; no last year while one goes on."""
    own = one.events[one.events["kind"] == "episode"]
    last = None if own["is_open"].any() else int(own["to_date"].max().year)
    return int(own["from_date"].min().year), last


def _held(one: Dossier) -> list[str]:
    """What its record holds of the acts that a reader may ask for."""
    names, kinds = one.events["name"].astype(str), one.events["kind"]
    has_troops = bool((names.str.endswith("(UN)") & (kinds == "troops")).any())
    held = [kind for kind in ("veto", "agreement", "talks") if (kinds == kind).any()]
    return held + ["un-troops"] * has_troops


def _kind(one: Dossier) -> str:
    return f"{one.kind[:1].upper()}{one.kind[1:]}"


def _years(one: Dossier) -> str:
    first, last = _span(one)
    return f"{first}–{last or ''}" if first != last else str(first)


def _plain(one: Dossier, states: Mapping[int, str]) -> dict[str, Any]:
    """A dossier as JSON has it: days as text, what is missing as null."""
    events = one.events.assign(
        from_date=one.events["from_date"].dt.strftime("%Y-%m-%d"),
        to_date=one.events["to_date"].dt.strftime("%Y-%m-%d"),
        is_open=one.events["is_open"].astype(int),
        is_weak=one.events["is_weak"].astype(int),
    )
    months = [
        [int(host), f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}", int(deaths), int(bool(shared))]
        for host, first, last, deaths, shared in one.months.itertuples(index=False)
    ]
    years = [[int(y), int(d)] for y, d in zip(one.years["year"], one.years["deaths"], strict=True)]
    ties = [[_value(v) for v in row] for row in one.ties.itertuples(index=False)]
    return {
        "id": one.conflict,
        "name": one.name,
        "kind": _kind(one),
        "states": {str(host): states.get(host, str(host)) for host in one.hosts},
        "events": events[list(EVENTS)].to_numpy().tolist(),
        "months": months,
        "years": years,
        "ties": ties,
        "violence": _VIOLENCE,
    }


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def _list(found: Sequence[Dossier]) -> Table:
    """All conflicts, each with a link that opens it."""
    rows = [
        {
            "conflict": one.conflict,
            "name": one.name,
            "years": _years(one),
            **{kind: int((one.events["kind"] == kind).sum()) for kind in ("resolution", "veto")},
            "missions": one.events.loc[one.events["kind"].isin(_SENT), "name"].nunique(),
            "agreements": int((one.events["kind"] == "agreement").sum()),
        }
        for one in found
    ]
    frame = pd.DataFrame(rows)
    return Table(
        (
            Column("Conflict", "[{shown}](explorer.qmd#{conflict})", width=40, is_markup=True),
            Column("Years", "years", width=12),
            Column("Resolutions", "resolution", Unit.COUNT, width=12),
            Column("Vetoed drafts", "veto", Unit.COUNT, width=12),
            Column("Missions", "missions", Unit.COUNT, width=10),
            Column("Agreements", "agreements", Unit.COUNT, width=11),
        ),
        frame.assign(shown=[escaped(name) for name in frame["name"]]),
        "Conflicts since 1946, with the acts and missions that are linked to them.",
        "tbl-conflicts",
        published=frame,
    )


def write_specifications(
    records: Sequence[Record], titles: Mapping[str, str], folder: Path, least: int
) -> str:
    """Write a script of each hypothesis' specifications, and return the elements that load them.

    Parameters
    ----------
    records : sequence of Record
    titles : mapping of str to str
        Question of each hypothesis.
    folder : Path
        Of the assembled project.
    least : int
        Exposed terminations below which no direction is read.
    """
    names = []
    for record in records:
        plain = _specifications(record, titles.get(record.hypothesis, record.hypothesis), least)
        if plain is None:
            continue
        name = f"data/{record.hypothesis}-specifications.js"
        text = script("collsec.specifications", plain)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        names.append(name)
    tags = "\n".join(f'<script src="{name}"></script>' for name in names)
    return f"{tags}\n" if names else ""


def _specifications(record: Record, title: str, least: int) -> dict[str, Any] | None:
    """The declared specifications as the page reads them; None where there are none with axes."""
    rows, summary = record.specifications, record.multiverse
    if rows is None or not summary:
        return None
    options = pd.DataFrame(summary["options"])
    axes: list[tuple[str, list[list[Any]]]] = [
        (str(axis), own[["option", "label", "validity", "is_primary"]].to_numpy().tolist())
        for axis, own in options.groupby("axis", sort=False)
        if f"axis_{axis}" in rows
    ]
    if not axes:
        return None
    places = [{option[0]: place for place, option in enumerate(own)} for _, own in axes]
    numbers = ("estimate", "ci_low", "ci_high")
    counts = ("n_units", "exposed_units", "exposed_events")
    listed = []
    for row in rows.to_dict(orient="records"):
        at = [place[row[f"axis_{axis}"]] for (axis, _), place in zip(axes, places, strict=True)]
        values = [_plain_number(row[name]) for name in numbers]
        listed.append([*at, *values, *(int(row[name]) for name in counts)])
    return {
        "name": record.hypothesis,
        "title": title,
        "axes": axes,
        "rows": listed,
        "noEffect": list(record.no_effect),
        "least": least,
        "primary": [_plain_number(record.primary[name]) for name in numbers],
        "level": wording.level(record.primary["level"]),
    }


def _plain_number(value: float) -> float | None:
    """As JSON has it; not rounded, since the page rounds it as the reports do."""
    return float(value) if math.isfinite(value) else None
