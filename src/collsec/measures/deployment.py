"""Deployment: peacekeepers present in a conflict."""

from __future__ import annotations

import pandas as pd

from collsec.measures.registry import measure
from collsec.measures.spells import absorbing, months_before, where_positive

LEAD_MONTHS = 6
_STEPS = ("deployment.conflict_id", "deployment.known_from")
_ACTS = ("council.conflict_id", "council.known_from")


@measure(
    "exposure",
    "UN troops present",
    uses=(*_STEPS, "deployment.un_troops"),
    contrast=(
        "wars with UN troops on the ground{lag}",
        "wars {clock} without them",
    ),
    act="UN troops",
)
def un_troops(deployment: pd.DataFrame) -> pd.DataFrame:
    """UN formed troops serve this conflict."""
    return where_positive(deployment, "un_troops")


@measure(
    "exposure",
    "UN troops present, including uncertain links and dates",
    uses=(*_STEPS, "deployment.un_troops_with_uncertain"),
)
def un_troops_with_uncertain(deployment: pd.DataFrame) -> pd.DataFrame:
    """As ``un_troops``, with weak links and dates that rest on general knowledge alone."""
    return where_positive(deployment, "un_troops_with_uncertain")


@measure(
    "exposure",
    "UN troops once deployed (presence never ends)",
    uses=(*_STEPS, "deployment.un_troops"),
)
def un_troops_absorbing(deployment: pd.DataFrame) -> pd.DataFrame:
    """UN troops have come, whether or not they are still there."""
    return absorbing(un_troops(deployment))


@measure(
    "exposure",
    "Any UN peacekeeping personnel present",
    uses=(*_STEPS, "deployment.un_personnel"),
)
def un_personnel(deployment: pd.DataFrame) -> pd.DataFrame:
    """UN troops, police or observers serve this conflict."""
    return where_positive(deployment, "un_personnel")


@measure(
    "exposure",
    "Any peacekeeping troops present (UN, regional, coalition)",
    uses=(*_STEPS, "deployment.peacekeepers"),
)
def peacekeepers(deployment: pd.DataFrame) -> pd.DataFrame:
    """Troops of the UN, a regional organization or a mandated coalition serve this conflict."""
    return where_positive(deployment, "peacekeepers")


@measure(
    "exposure",
    "UN mission authorized, no personnel there yet",
    uses=(*_STEPS, "deployment.un_authorized", "deployment.un_personnel"),
)
def authorized_not_deployed(deployment: pd.DataFrame) -> pd.DataFrame:
    """A placebo: the Council has decided, but nobody has come."""
    steps = deployment.copy()
    steps["waiting"] = ((steps["un_authorized"] > 0) & (steps["un_personnel"] == 0)).astype(int)
    return where_positive(steps, "waiting")


@measure(
    "exposure",
    "UN troops will come within six months (lead)",
    uses=(*_STEPS, "deployment.un_troops"),
)
def un_troops_to_come(deployment: pd.DataFrame) -> pd.DataFrame:
    """A placebo that looks ahead: the six months before UN troops came to this conflict.

    Troops that come after a war has ended count as well: were only those counted that found it
    going on, no war could end in these months. Troops that are not there yet end no war: where wars
    end more often in these months, troops are sent to wars that end, or that have just ended.
    """
    return months_before(un_troops(deployment), LEAD_MONTHS)


@measure(
    "exposure",
    "The Council has acted on the conflict",
    contrast=(
        "conflicts on which the Council has acted",
        "conflicts {clock} on which it has not",
    ),
    uses=(*_ACTS, "council.acts"),
    known_until="resolutions",
)
def council_act(council: pd.DataFrame) -> pd.DataFrame:
    """The Council has adopted, or had vetoed, a first draft on this conflict."""
    return absorbing(where_positive(council, "acts"))


@measure(
    "exposure",
    "The Council has adopted a resolution on the conflict",
    uses=(*_ACTS, "council.resolutions"),
    known_until="resolutions",
)
def resolution_so_far(council: pd.DataFrame) -> pd.DataFrame:
    """A first resolution on this conflict has been adopted."""
    return absorbing(where_positive(council, "resolutions"))


@measure(
    "exposure",
    "A UN mission has been authorized on the conflict",
    uses=(*_STEPS, "deployment.un_authorized"),
)
def mission_so_far(deployment: pd.DataFrame) -> pd.DataFrame:
    """A first UN mission for this conflict has been authorized."""
    return absorbing(where_positive(deployment, "un_authorized"))


@measure(
    "ever",
    "Ever had UN troops (frozen at onset)",
    uses=(*_STEPS, "deployment.un_troops"),
)
def ever_un_troops(deployment: pd.DataFrame) -> pd.DataFrame:
    """Known biased: a deployment that came later counted from the first day of war."""
    return un_troops(deployment)
