"""Months at war: outcomes with a window, for designs that count what follows an act."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure

#: Where outcomes are counted that are no ends of follow-up: `counted_in` of a measure.
WINDOW, HOST_MONTHS = "window", "host months"

_SPAN = ("episodes.conflict_id", "episodes.onset_date", "episodes.exit_date")


def _at_war(episodes: pd.DataFrame) -> pd.DataFrame:
    return episodes[["conflict_id", "onset_date", "exit_date"]]


@measure("outcome", "Months at war in the 36 months that follow", uses=_SPAN, counted_in=WINDOW)
def months_at_war_36(episodes: pd.DataFrame) -> pd.DataFrame:
    """Spells of war of each conflict; the months of them within 36 months, relapses included."""
    return _at_war(episodes)


@measure("outcome", "Months at war in the 60 months that follow", uses=_SPAN, counted_in=WINDOW)
def months_at_war_60(episodes: pd.DataFrame) -> pd.DataFrame:
    """Spells of war of each conflict; the months of them within 60 months, relapses included."""
    return _at_war(episodes)


@measure(
    "outcome",
    "Deaths in the host, month by month",
    uses=(
        "violence.gwno_host",
        "violence.from_date",
        "violence.deaths_in_month",
        "violence.is_shared_month",
    ),
    known_until="deaths_by_month",
    noun="deaths",
    counted_in=HOST_MONTHS,
)
def deaths_in_host_by_month(violence: pd.DataFrame) -> pd.DataFrame:
    """State-based deaths of each host and month; months without a count are not known."""
    columns = ["gwno_host", "from_date", "deaths_in_month", "is_shared_month"]
    return violence[columns].set_axis(["gwno_host", "from_date", "count", "is_shared"], axis=1)


_LULL = (
    "episodes.gwno_host",
    "episodes.onset_date",
    "episodes.exit_date",
    "violence.gwno_host",
    "violence.from_date",
    "violence.deaths_in_month",
)


def _first_lull(episodes: pd.DataFrame, violence: pd.DataFrame, months: int) -> pd.DataFrame:
    """First day of the first so many months on end without a death in the host.

    A war whose host's deaths are not known from its onset on is not followed, nor is one beyond
    the last known month. The war's own end is censoring: a lull is not an end.
    """
    month = violence["from_date"].dt.year * 12 + violence["from_date"].dt.month - 1
    deaths = pd.Series(
        violence["deaths_in_month"].to_numpy(float),
        index=pd.MultiIndex.from_arrays([violence["gwno_host"], month]),
    ).dropna()
    by_host = {host: own.droplevel(0) for host, own in deaths.groupby(level=0)}
    exits, events = [], []
    for host, onset, last in zip(
        episodes["gwno_host"], episodes["onset_date"], episodes["exit_date"], strict=True
    ):
        first = onset.year * 12 + onset.month - 1
        found, known = onset - pd.Timedelta(days=1), by_host.get(host, pd.Series(dtype=float))
        is_lull, quiet, at = False, 0, first
        while at in known.index:
            quiet = quiet + 1 if known[at] == 0 else 0
            if quiet == months:
                begin = at - months + 1
                found, is_lull = pd.Timestamp(begin // 12, begin % 12 + 1, 1), True
                break
            at += 1
        if not is_lull and at > first:
            found = pd.Timestamp(at // 12, at % 12 + 1, 1) - pd.Timedelta(days=1)
        # A lull that begins in the month of onset begins with the war.
        is_lull = is_lull and onset < found <= last
        exits.append(min(found, last) if is_lull or found < last else last)
        events.append(is_lull)
    return pd.DataFrame(
        {"exit_date": pd.Series(exits, index=episodes.index), "is_event": events}
    ).astype({"exit_date": "datetime64[s]"})


@measure(
    "outcome",
    "A lull of three months begins",
    uses=_LULL,
    known_until="deaths_by_month",
    estimand="hazard_ratio_of_outcome",
    noun="a lull of three months",
)
def lull_3m(episodes: pd.DataFrame, violence: pd.DataFrame) -> pd.DataFrame:
    """Three months on end without a state-based death in the host, dated at their first day."""
    return _first_lull(episodes, violence, 3)


@measure(
    "outcome",
    "A lull of six months begins",
    uses=_LULL,
    known_until="deaths_by_month",
    estimand="hazard_ratio_of_outcome",
    noun="a lull of six months",
)
def lull_6m(episodes: pd.DataFrame, violence: pd.DataFrame) -> pd.DataFrame:
    """Six months on end without a state-based death in the host, dated at their first day."""
    return _first_lull(episodes, violence, 6)


@measure(
    "outcome",
    "A lull of twelve months begins",
    uses=_LULL,
    known_until="deaths_by_month",
    estimand="hazard_ratio_of_outcome",
    noun="a lull of twelve months",
)
def lull_12m(episodes: pd.DataFrame, violence: pd.DataFrame) -> pd.DataFrame:
    """Twelve months on end without a state-based death in the host, dated at their first day."""
    return _first_lull(episodes, violence, 12)
