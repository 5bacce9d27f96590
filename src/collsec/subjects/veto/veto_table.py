"""Vetoes on wars by who cast them and by what the draft would have done, both at once: counts only.

A draft that two members vetoed counts for each. The cells hold too few ends for a rate; they show
where the record lies and where it is empty.
"""

from __future__ import annotations

import pandas as pd

from collsec.designs.inputs import Inputs
from collsec.designs.parts import Context, Part, part
from collsec.designs.votes import votes_on_wars
from collsec.histories.timelines import ACTION_CLASSES
from collsec.measures.interest import P5
from collsec.measures.veto import WINDOW_MONTHS

EVERY = "all"


@part()
def veto_table(context: Context) -> Part:
    """Vetoed drafts, wars, and wars that ended within a year, by casting state and class."""
    table = by_state_and_class(context.inputs)
    whole = table[(table["state"] == EVERY) & (table["action_class"] == EVERY)].iloc[0]
    strings = {f"veto_table.{name}": str(whole[name]) for name in ("drafts", "wars", "ends")}
    return Part(strings=strings, records={"veto_table": table.to_dict(orient="records")})


def by_state_and_class(inputs: Inputs) -> pd.DataFrame:
    """Count each casting state × class of action, with margins.

    Returns
    -------
    DataFrame
        ``state, action_class`` (``all`` on the margins), ``drafts`` vetoed on a war that was on,
        ``wars``, and ``ends``: those of the wars that ended within twelve months of such a veto.
    """
    votes = votes_on_wars(inputs)
    vetoed = votes[votes["is_blocked"] == 1]
    cast = inputs.acts[inputs.acts["act"] == "veto"].drop_duplicates("item_id")
    vetoed = vetoed.merge(cast[["item_id", *(f"cast_{p}" for p in P5)]], on="item_id")
    until = vetoed["date"] + pd.DateOffset(months=WINDOW_MONTHS)
    vetoed = vetoed.assign(ends_soon=vetoed["event"].astype(bool) & (vetoed["exit_date"] <= until))
    made = []
    for state in (*P5, EVERY):
        own = vetoed if state == EVERY else vetoed[vetoed[f"cast_{state}"].astype(bool)]
        for action in (*ACTION_CLASSES, EVERY):
            rows = own if action == EVERY else own[own["action_class"] == action]
            made.append(
                {
                    "state": state,
                    "action_class": action,
                    "drafts": int(rows["item_id"].nunique()),
                    "wars": int(rows["episode_id"].nunique()),
                    "ends": int(rows.loc[rows["ends_soon"], "episode_id"].nunique()),
                }
            )
    return pd.DataFrame(made)
