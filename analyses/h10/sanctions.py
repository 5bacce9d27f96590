"""Sanctions of the Council in force on a conflict where nobody has sent troops."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure
from collsec.measures.spells import where_positive


def _without(sanctions: pd.DataFrame, deployment: pd.DataFrame, column: str) -> pd.DataFrame:
    """Steps that are one while sanctions are in force and a count of troops is zero."""
    days = pd.concat(
        [frame[["conflict_id", "known_from"]] for frame in (sanctions, deployment)]
    ).drop_duplicates()
    steps = days.sort_values("known_from")
    for frame, name in ((sanctions, "sanctions_in_force"), (deployment, column)):
        known = frame[["conflict_id", "known_from", name]].sort_values("known_from")
        steps = pd.merge_asof(
            steps.astype({"conflict_id": "int64"}),
            known.astype({"conflict_id": "int64"}),
            on="known_from",
            by="conflict_id",
        )
    steps = steps.fillna({"sanctions_in_force": 0, column: 0})
    state = (steps["sanctions_in_force"] > 0) & (steps[column] == 0)
    return where_positive(steps.assign(alone=state.astype(int)), "alone")


_USES = (
    "sanctions.conflict_id",
    "sanctions.known_from",
    "sanctions.sanctions_in_force",
    "deployment.conflict_id",
    "deployment.known_from",
)


@measure(
    "exposure",
    "UN sanctions in force, no troops there",
    uses=(*_USES, "deployment.peacekeepers"),
    contrast=(
        "wars under UN sanctions without troops",
        "wars {clock} without such sanctions",
    ),
    act="Sanctions",
)
def sanctions_without_force(sanctions: pd.DataFrame, deployment: pd.DataFrame) -> pd.DataFrame:
    """Sanctions on the conflict, and no troops of the UN, a region, or a coalition."""
    return _without(sanctions, deployment, "peacekeepers")


@measure(
    "exposure",
    "UN sanctions in force",
    uses=_USES[:3],
)
def sanctions_of_any_kind(sanctions: pd.DataFrame) -> pd.DataFrame:
    """Sanctions on the conflict, with troops or without."""
    return where_positive(sanctions, "sanctions_in_force")


@measure(
    "exposure",
    "UN sanctions in force, no UN troops there",
    uses=(*_USES, "deployment.un_troops"),
)
def sanctions_without_un_troops(sanctions: pd.DataFrame, deployment: pd.DataFrame) -> pd.DataFrame:
    """Sanctions on the conflict, and no UN troops."""
    return _without(sanctions, deployment, "un_troops")
