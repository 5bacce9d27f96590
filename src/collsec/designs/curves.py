"""Descriptive curves: how wars last, and what comes first, the exposure or the end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.designs.inputs import Inputs, Prepared, followed_until
from collsec.histories.panels import DAYS_PER_MONTH, clock, unit_spells
from riskset import aalen_johansen, kaplan_meier

COLUMNS = ["curve", "group", "time_months", "estimate", "ci_low", "ci_high", "at_risk"]
#: Groups by type of war at onset, as a reader calls them.
TYPES = {
    "intrastate": "Within states",
    "interstate": "Between states",
    "extrasystemic": "Colonial",
}
# What an end is called that the record of outcomes does not cover.
UNKNOWN_KIND = "Not coded how"
THIRDS = ("Lowest third", "Middle third", "Highest third")


def thirds(prepared: Prepared) -> np.ndarray:
    """Third of the exposure's values that each unit lies in: array of str, shape (n_units,)."""
    ranks = prepared.units[prepared.column].rank(method="first")
    return pd.qcut(ranks, 3, labels=list(THIRDS)).astype(str).to_numpy()


def whole_months(horizon: int) -> np.ndarray:
    """Months 0 to the horizon."""
    return np.arange(horizon + 1, dtype=float)


def family(
    curve: object, group: object, months: object, at: pd.DataFrame, value: str
) -> pd.DataFrame:
    """Rows of the curves table.

    Parameters
    ----------
    curve, group : str, or array of str of the length of ``at``
    months : array, shape (n,)
    at : DataFrame
        A curve's ``ci_low, ci_high, at_risk`` at these months, and its ``value``.
    value : str
        Column of the estimate.
    """
    return pd.DataFrame(
        {
            "curve": curve,
            "group": group,
            "time_months": months,
            "estimate": at[value].to_numpy(),
            "ci_low": at["ci_low"].to_numpy(),
            "ci_high": at["ci_high"].to_numpy(),
            "at_risk": at["at_risk"].to_numpy(),
        }
    )


def survival(
    data: pd.DataFrame, curve: str, group: str, horizon: int, cluster: str | None = None
) -> pd.DataFrame:
    """Kaplan–Meier curve at whole months of rows with ``stop`` (days) and ``event``."""
    months = whole_months(horizon)
    fit = kaplan_meier(data, stop="stop", event="event", cluster=cluster)
    return family(curve, group, months, fit.at((months * DAYS_PER_MONTH).tolist()), "survival")


def incidence_of_act(
    data: pd.DataFrame, months: np.ndarray, cluster: str, *, is_held: bool = False
) -> pd.DataFrame:
    """Aalen–Johansen incidence of an act at some months, the end of the war competing.

    Parameters
    ----------
    data : DataFrame
        ``stop`` (days), ``cause`` (``act``, ``end`` or empty) and ``event``: it is the act.
    months : ndarray
    cluster : str
    is_held : bool
        Whether the curve stays where it is after the last follow-up.

    Returns
    -------
    DataFrame
        ``incidence, ci_low, ci_high, at_risk``; zero throughout where nobody saw the act.
    """
    if not data["event"].any():
        nothing = np.zeros(len(months))
        return pd.DataFrame(
            {"incidence": nothing, "ci_low": np.nan, "ci_high": np.nan, "at_risk": np.nan}
        )
    fit = aalen_johansen(data, stop="stop", cause="cause", censored="", cluster=cluster)
    days = months * DAYS_PER_MONTH
    at = fit.at((np.minimum(days, data["stop"].max()) if is_held else days).tolist())
    return at[at["cause"] == "act"].reset_index(drop=True)


def survival_by(prepared: Prepared, group: np.ndarray, horizon: int) -> pd.DataFrame:
    """Kaplan–Meier survival at whole months, by group of units."""
    data = pd.DataFrame(
        {
            "stop": clock(prepared.units.assign(exit_date=prepared.outcome["exit_date"])),
            "event": prepared.outcome["is_event"].to_numpy(bool),
            "group": group,
        }
    )
    made = [
        survival(own, "survival", str(name), horizon)
        for name, own in data.groupby("group", sort=False)
    ]
    order = {name: i for i, name in enumerate((*THIRDS, *TYPES.values()))}
    made.sort(key=lambda curve: order.get(curve["group"].iloc[0], 0))
    return pd.concat(made)


def first_exposure(inputs: Inputs, prepared: Prepared, horizon: int) -> pd.DataFrame:
    """Cumulative incidence of a first exposure, with the end of the war as competing event.

    Unlagged: the day of the act itself. An act on the day of the end counts as after it.
    """
    units = prepared.units
    exits = clock(units.assign(exit_date=prepared.outcome["exit_date"]))
    spells = unit_spells(units, inputs.calendar(inputs.spec.exposure.measure), 0)
    first = pd.Series(spells.assigned).groupby(spells.unit).min()
    stop = exits.copy()
    cause = np.where(prepared.outcome["is_event"], "end", "").astype(object)
    came = first[first.to_numpy() < exits[first.index.to_numpy()]]
    stop[came.index] = came.to_numpy()
    cause[came.index] = "exposure"
    found = aalen_johansen(
        pd.DataFrame({"stop": stop, "cause": cause}), stop="stop", cause="cause", censored=""
    )
    at = found.at((whole_months(horizon) * DAYS_PER_MONTH).tolist())
    names = "cumulative_incidence_" + at["cause"].astype(str)
    return family(names, "all", np.round(at["time"] / DAYS_PER_MONTH), at, "incidence")


def kind_label(outcome: str) -> str:
    """How a reader calls an outcome such as ``end_by_rebel_victory``."""
    return outcome.removeprefix("end_by_").replace("_", " ").capitalize()


def kinds_of_end(inputs: Inputs, prepared: Prepared, horizon: int) -> pd.DataFrame:
    """Cumulative incidence of each kind of end, each competing with the others (Aalen–Johansen).

    Wars are followed to the last year in which the kinds are known. Ends that were not coded make
    a kind of their own, so that the incidences add up to the share that has ended.
    """
    units = prepared.units
    ends = units[["exit_date"]].assign(is_event=units["is_ended"].astype(bool))
    last_day = inputs.known_until(*inputs.spec.outcomes)
    if last_day is not None:
        ends = followed_until(ends, last_day)
    last, ended = ends["exit_date"], ends["is_event"].to_numpy(bool)
    followed = (last >= units["time_zero"]).to_numpy()
    cause = np.where(ended, UNKNOWN_KIND, "").astype(object)
    for outcome in inputs.spec.outcomes:
        is_kind = inputs.outcome(outcome, units)["is_event"].to_numpy(bool)
        cause[is_kind] = kind_label(outcome)
    rows = pd.DataFrame({"stop": clock(units.assign(exit_date=last)), "cause": cause})[followed]
    fit = aalen_johansen(rows, stop="stop", cause="cause", censored="")
    at = fit.at((whole_months(horizon) * DAYS_PER_MONTH).tolist())
    kind, month = at["cause"].astype(str), np.round(at["time"] / DAYS_PER_MONTH)
    made = family("ends_by_kind", kind, month, at, "incidence")
    order = [*(kind_label(o) for o in inputs.spec.outcomes), UNKNOWN_KIND]
    place = made["group"].map({name: i for i, name in enumerate(order)})
    return made.assign(place=place).sort_values(["place", "time_months"]).drop(columns="place")
