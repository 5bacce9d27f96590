"""Peace: whether a conflict resumes, and who was there when its war ended."""

from __future__ import annotations

import pandas as pd

from collsec.measures.deployment import peacekeepers, un_personnel, un_troops
from collsec.measures.registry import measure

_STEPS = ("deployment.conflict_id", "deployment.known_from")


@measure(
    "outcome",
    "The conflict resumes",
    uses=("episodes.exit_date", "episodes.is_ended"),
)
def recurrence(episodes: pd.DataFrame) -> pd.DataFrame:
    """A new episode of the same conflict begins; for spells of peace."""
    return pd.DataFrame(
        {"exit_date": episodes["exit_date"], "is_event": episodes["is_ended"].astype(bool)}
    )


@measure(
    "exposure",
    "UN troops present when the war ended",
    uses=(*_STEPS, "deployment.un_troops"),
    contrast=(
        "conflicts whose war ended with UN troops present",
        "conflicts whose war ended without them",
    ),
    act="UN troops",
)
def un_troops_at_end(deployment: pd.DataFrame) -> pd.DataFrame:
    """UN formed troops serve this conflict; asked on the day on which its war ends."""
    return un_troops(deployment)


@measure(
    "exposure",
    "Any UN peacekeeping personnel present when the war ended",
    uses=(*_STEPS, "deployment.un_personnel"),
)
def un_personnel_at_end(deployment: pd.DataFrame) -> pd.DataFrame:
    """UN troops, police or observers serve this conflict; asked on the day its war ends."""
    return un_personnel(deployment)


@measure(
    "exposure",
    "Troops of the UN, a region or a coalition present when the war ended",
    uses=(*_STEPS, "deployment.peacekeepers"),
)
def peacekeepers_at_end(deployment: pd.DataFrame) -> pd.DataFrame:
    """Troops of any sender serve this conflict; asked on the day its war ends."""
    return peacekeepers(deployment)
