"""Which rows end in an event, where a column names its cause."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd

from riskset.arrays import Booleans
from riskset.columns import require_columns, rows_at
from riskset.errors import EstimationError, listed, shown

#: How frames of others write that nothing happened.
NO_EVENT = ("", "0", "0.0", "none", "nan", "censored", "censor", "no event")


def events_of(data: pd.DataFrame, cause: str, censored: Hashable) -> Booleans:
    """Say of each row whether it ends in an event of any cause, shape (n,).

    Parameters
    ----------
    data : DataFrame
    cause : str
        Column that names the event at the row's end.
    censored : hashable
        The value of it that means no event; None where every row ends in one.

    Raises
    ------
    EstimationError
        A cause is missing; causes are text, and the value that means no event is not among them.
    """
    require_columns(data, [cause])
    named = data[cause]
    if (bad := np.flatnonzero(named.isna().to_numpy())).size:
        raise EstimationError(
            f"cause {cause!r} is missing in {rows_at(data, bad)}; use {censored!r} for no event"
        )
    happened = (named != censored).to_numpy(dtype=bool)
    if happened.all() and censored is not None:
        kinds = list(pd.unique(named))
        if any(isinstance(kind, str) != isinstance(censored, str) for kind in kinds):
            raise EstimationError(
                f"no row of {cause!r} holds {shown(censored)} (censored=), and it holds "
                f"{listed(kinds)}: name the value that means no event, such as "
                f"censored={_like_none(kinds)!r}, or censored=None where every row ends in an event"
            )
    return happened


def _like_none(kinds: Iterable[object]) -> object:
    """Return the value that most looks like no event."""
    blank = [kind for kind in kinds if str(kind).strip().lower() in NO_EVENT]
    return blank[0] if blank else "censored"
