"""What the record of a case holds, in two or three sentences."""

from __future__ import annotations

import pandas as pd

from collsec.evidence.cases import UNDATED, Case
from collsec.histories.timelines import ONE_DAY
from collsec.reports.words.wording import listed

_DAYS_PER_MONTH = 365.25 / 12
_IN_YEARS = 60  # months from which on a delay is given in years


def sentence(case: Case, found: pd.DataFrame) -> str:
    """Say in words what the record of a case holds.

    Parameters
    ----------
    case : Case
    found : DataFrame
        Its :func:`collsec.evidence.cases.events`.
    """
    episodes, resolutions, vetoes, troops = (
        found[found["kind"] == kind] for kind in ("episode", "resolution", "veto", "troops")
    )
    onset = episodes["from_date"].min()
    acts = "no resolution on it is on record"
    if len(resolutions):
        acts = (
            f"the Council adopted {_counted(len(resolutions), 'resolution')} on it, "
            f"{_first(resolutions)}{_when(resolutions, onset)}"
        )
    fell = "no draft fell to a veto"
    if len(vetoes):
        fell = (
            f"{_counted(len(vetoes), 'draft')} fell to a veto, "
            f"{_first(vetoes)}{_when(vetoes, onset)}"
        )
    said = [f"Within these years {acts}; {fell}."]
    sittings = found[found["kind"] == "assembly"]
    if len(sittings):
        times = "once" if len(sittings) == 1 else f"{len(sittings)} times, first"
        said.append(
            f"The General Assembly sat on it in emergency session {times} {_when(sittings, onset)}."
        )
    sent_by_un = troops["sender"] == "UN"
    for name, own in (("UN troops", troops[sent_by_un]), ("Others", troops[~sent_by_un])):
        if len(own):
            is_late = own["from_date"].min() > episodes["to_date"].max()
            late = ", when it had ended" if is_late else ""
            said.append(f"{name} came {_when(own, onset)} ({_list(own['line'])}){late}.")
    undated = found.loc[found["detail"] == UNDATED, "line"]
    if troops.empty and len(undated):
        said.append(f"Troops came, but no document has the day ({_list(undated)}).")
    elif troops.empty:
        said.append("No peacekeeping troops were sent to it.")
    unknown = found.loc[found["kind"] == "not_on_record", "from_date"]
    if len(unknown):
        said.append(f"Resolutions are on record up to {unknown.min() - ONE_DAY:%B %Y}.")
    return " ".join(said)


def _list(lines: pd.Series) -> str:
    """The missions of some lines, without who sent them."""
    return listed(list(dict.fromkeys(line.rsplit(" (", 1)[0] for line in lines)))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _first(rows: pd.DataFrame) -> str:
    return "the first " if len(rows) > 1 else ""


def _when(rows: pd.DataFrame, onset: pd.Timestamp) -> str:
    """How long after the onset the first of some events came."""
    days = (rows["from_date"].min() - onset).days
    if days == 0:
        return "on the day of its onset"
    months = round(abs(days) / _DAYS_PER_MONTH)
    if months >= _IN_YEARS:
        span = _counted(round(months / 12), "year")
    else:
        span = _counted(months, "month") if months else _counted(abs(days), "day")
    return f"{span} {'after' if days > 0 else 'before'} its onset"
