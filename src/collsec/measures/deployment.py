"""Deployment: peacekeepers present in a conflict."""

from __future__ import annotations

import pandas as pd

from collsec.histories.timelines import RESOLUTIONS_END
from collsec.measures.registry import measure
from collsec.measures.spells import absorbing, where_positive

Timelines = dict[str, pd.DataFrame]
LEAD_MONTHS = 6


@measure(
    "exposure",
    "UN troops present",
    contrast=(
        "wars with UN troops on the ground for six months",
        "wars of the same age without them",
    ),
    act="UN troops",
)
def un_troops(timelines: Timelines) -> pd.DataFrame:
    """UN formed troops serve this conflict."""
    return where_positive(timelines["deployment"], "un_troops")


@measure("exposure", "UN troops present, uncertain links and dates let in")
def un_troops_with_uncertain(timelines: Timelines) -> pd.DataFrame:
    """As ``un_troops``, with weak links and dates that rest on general knowledge alone."""
    return where_positive(timelines["deployment"], "un_troops_with_uncertain")


@measure("exposure", "UN troops once deployed (presence never ends)")
def un_troops_absorbing(timelines: Timelines) -> pd.DataFrame:
    """UN troops have come, whether or not they are still there."""
    return absorbing(un_troops(timelines))


@measure("exposure", "Any UN peacekeeping personnel present")
def un_personnel(timelines: Timelines) -> pd.DataFrame:
    """UN troops, police or observers serve this conflict."""
    return where_positive(timelines["deployment"], "un_personnel")


@measure("exposure", "Any peacekeeping troops present (UN, regional, coalition)")
def peacekeepers(timelines: Timelines) -> pd.DataFrame:
    """Troops of the UN, a regional organization or a mandated coalition serve this conflict."""
    return where_positive(timelines["deployment"], "peacekeepers")


@measure("exposure", "UN mission authorized, no personnel there yet")
def authorized_not_deployed(timelines: Timelines) -> pd.DataFrame:
    """A placebo: the Council has decided, but nobody has come."""
    steps = timelines["deployment"].copy()
    steps["waiting"] = ((steps["un_authorized"] > 0) & (steps["un_personnel"] == 0)).astype(int)
    return where_positive(steps, "waiting")


@measure("exposure", "UN troops will come within six months (lead)")
def un_troops_to_come(timelines: Timelines) -> pd.DataFrame:
    """A placebo that looks ahead: the six months before UN troops came to this conflict.

    Troops that come after a war has ended count as well: were only those counted that found it
    going on, no war could end in these months. Troops that are not there yet end no war: where wars
    end more often in these months, troops are sent to wars that end, or that have just ended.
    """
    spells = un_troops(timelines)
    lead = spells["on_date"] - pd.DateOffset(months=LEAD_MONTHS)
    before = spells.groupby("conflict_id")["off_date"].shift()
    begins = lead.where(~(before > lead), before)
    out = spells.assign(on_date=begins, off_date=spells["on_date"])
    return out[out["on_date"] < out["off_date"]].reset_index(drop=True)


@measure("exposure", "The Council has acted on the conflict", known_until=RESOLUTIONS_END)
def council_act(timelines: Timelines) -> pd.DataFrame:
    """The Council has adopted, or had vetoed, a first draft on this conflict."""
    return absorbing(where_positive(timelines["council"], "acts"))


@measure(
    "exposure", "The Council has adopted a resolution on the conflict", known_until=RESOLUTIONS_END
)
def resolution_so_far(timelines: Timelines) -> pd.DataFrame:
    """A first resolution on this conflict has been adopted."""
    return absorbing(where_positive(timelines["council"], "resolutions"))


@measure("exposure", "A UN mission has been authorized on the conflict")
def mission_so_far(timelines: Timelines) -> pd.DataFrame:
    """A first UN mission for this conflict has been authorized."""
    return absorbing(where_positive(timelines["deployment"], "un_authorized"))


@measure("ever", "Ever had UN troops (frozen at onset)")
def ever_un_troops(timelines: Timelines) -> pd.DataFrame:
    """Known biased: a deployment that came later counted from the first day of war."""
    return un_troops(timelines)
