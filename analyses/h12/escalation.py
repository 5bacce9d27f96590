"""The month in which deaths in a war's host since its onset pass a thousand."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure

THOUSAND = 1000


@measure(
    "outcome",
    "Deaths in the host since onset pass 1,000",
    uses=(
        "episodes.gwno_host",
        "episodes.onset_date",
        "episodes.exit_date",
        "violence.gwno_host",
        "violence.from_date",
        "violence.deaths_in_month",
    ),
    known_until="deaths_by_month",
    estimand="hazard_ratio_of_outcome",
    noun="a thousandth death",
)
def passes_1000_deaths(episodes: pd.DataFrame, violence: pd.DataFrame) -> pd.DataFrame:
    """Dated at the end of the month; a war is followed while its host's deaths are on record."""
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
        known = by_host.get(host, pd.Series(dtype=float))
        at = first = onset.year * 12 + onset.month - 1
        total, found, passed = 0.0, onset - pd.Timedelta(days=1), False
        while at in known.index:
            total += float(known[at])
            at += 1
            found = pd.Timestamp(at // 12, at % 12 + 1, 1) - pd.Timedelta(days=1)
            if total >= THOUSAND:
                passed = True
                break
        passed = passed and found <= last
        exits.append(found if at == first else min(found, last))
        events.append(passed)
    return pd.DataFrame(
        {"exit_date": pd.Series(exits, index=episodes.index), "is_event": events}
    ).astype({"exit_date": "datetime64[s]"})
