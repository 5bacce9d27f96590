"""What the record of a case holds, in sentences that follow from its dates and their basis."""

from __future__ import annotations

import pandas as pd

from collsec.evidence.cases import UNDATED, Case
from collsec.histories.timelines import ONE_DAY
from collsec.reports.words.wording import listed

_DAYS_PER_MONTH = 365.25 / 12
_IN_YEARS = 60  # months from which on a delay is given in years
_KNOWN_TO = "onset known to the "
_TIMES = ("never", "once", "twice")


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
    said = [_onset(episodes), f"{_acts(resolutions, episodes)}; {_fallen(vetoes, episodes)}."]
    sittings = found[found["kind"] == "assembly"]
    if len(sittings):
        said.append(_sessions(sittings, episodes))
    sent_by_un = troops["sender"] == "UN"
    for name, own in (("UN troops", troops[sent_by_un]), ("Troops of others", troops[~sent_by_un])):
        if len(own):
            is_late = own["from_date"].min() > episodes["to_date"].max()
            late = ", when it had ended" if is_late else ""
            said.append(f"{name} came {_when(own, episodes)} ({_list(own['line'])}){late}.")
    undated = found.loc[found["detail"] == UNDATED, "line"]
    if troops.empty and len(undated):
        said.append(f"Troops came, but no document has the day ({_list(undated)}).")
    elif troops.empty:
        said.append("No peacekeeping troops were sent to it.")
    for cut in found[found["kind"] == "cut"].itertuples():
        sent = str(cut.line).rsplit(" (", 1)[0]
        said.append(
            f"The strength authorized for {sent} was cut {cut.detail} on {cut.from_date:%-d %B %Y}."
        )
    for kind, words in (("party", "a party of the war"), ("political", "a political mission")):
        others = found[found["kind"] == kind]
        if len(others):
            said.append(f"Not counted as peacekeepers: {_list(others['line'])} ({words}).")
    unknown = found.loc[found["kind"] == "not_on_record", "from_date"]
    if len(unknown):
        said.append(f"Resolutions are on record up to {unknown.min() - ONE_DAY:%B %Y}.")
    return " ".join(said)


def _onset(episodes: pd.DataFrame) -> str:
    """The day of the onset, as well as it is known: that of the first conflict of the case."""
    first = episodes.sort_values("from_date").iloc[0]
    precision = str(first["detail"]).removeprefix(_KNOWN_TO)
    form = {"day": "{0:%-d %B %Y}", "month": "{0:%B %Y}"}.get(precision, "{0:%Y}")
    day = form.format(first["from_date"])
    name = f" ({first['line']}, the first of the conflicts shown)" if _is_several(episodes) else ""
    return f"Its onset, the 25th death in battle, is dated to {day}{name}."


def _is_several(episodes: pd.DataFrame) -> bool:
    """Whether a case shows more than one conflict."""
    return len(set(episodes["line"])) > 1


def _acts(resolutions: pd.DataFrame, episodes: pd.DataFrame) -> str:
    """How many resolutions there were, and when the first of them came."""
    if resolutions.empty:
        return "Within these years no resolution on it is on record"
    onset = episodes["from_date"].min()
    if len(resolutions) == 1:
        n = "Within these years the Council adopted 1 resolution on it"
        return f"{n}, {_when(resolutions, episodes)}"
    before = resolutions["from_date"] < onset
    n = f"Within these years the Council adopted {_counted(len(resolutions), 'resolution')} on it"
    since = resolutions[~before]
    if before.all():
        return f"{n}, all of them before its onset"
    earlier = f"{int(before.sum())} of them before its onset and the next " if before.any() else ""
    return f"{n}, {earlier or _first(since)}{_when(since, episodes)}"


def _fallen(vetoes: pd.DataFrame, episodes: pd.DataFrame) -> str:
    """How many drafts fell to a veto, and when the first did."""
    if vetoes.empty:
        return "no draft fell to a veto"
    drafts = _counted(len(vetoes), "draft")
    return f"{drafts} fell to a veto, {_first(vetoes)}{_when(vetoes, episodes)}"


def _sessions(sittings: pd.DataFrame, episodes: pd.DataFrame) -> str:
    """Emergency sessions: each is opened once, and may be resumed."""
    sessions = sittings["item"].str.partition("/")[0]
    n, resumed = sessions.nunique(), len(sittings) - sessions.nunique()
    times = _TIMES[resumed] if resumed < len(_TIMES) else f"{resumed} times"
    again = f" and resumed {times}" if resumed else ""
    opened = "opened" if n == 1 else "the first opened"
    noun = "one emergency special session" if n == 1 else f"{n} emergency special sessions"
    return f"The General Assembly met on it in {noun}, {opened} {_when(sittings, episodes)}{again}."


def _list(lines: pd.Series) -> str:
    """The missions of some lines, without who sent them."""
    return listed(list(dict.fromkeys(line.rsplit(" (", 1)[0] for line in lines)))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _first(rows: pd.DataFrame) -> str:
    return "the first " if len(rows) > 1 else ""


def _when(rows: pd.DataFrame, episodes: pd.DataFrame) -> str:
    """How long after the onset the first of some events came: the onset of what it concerned."""
    row = rows.sort_values("from_date").iloc[0]
    concerned = episodes[episodes["conflict_ids"].isin(str(row["conflict_ids"]).split(";"))]
    own = concerned if len(concerned) else episodes
    onset = own["from_date"].min()
    of = "its onset"
    if _is_several(episodes) and onset > episodes["from_date"].min():
        of = f"the onset of {own.sort_values('from_date')['line'].iloc[0]}"
    days = (row["from_date"] - onset).days
    if days == 0:
        return f"on the day of {of}"
    months = round(abs(days) / _DAYS_PER_MONTH)
    if months >= _IN_YEARS:
        span = _counted(round(months / 12), "year")
    else:
        span = _counted(months, "month") if months else _counted(abs(days), "day")
    return f"{span} {'after' if days > 0 else 'before'} {of}"
