"""Descriptive curves: how wars last, and what comes first, troops or the end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.designs.inputs import Inputs, Prepared, followed_until
from collsec.histories.panels import DAYS_PER_MONTH, clock, unit_spells
from collsec.reports.words import wording
from collsec.survival import aalen_johansen, kaplan_meier

COLUMNS = ["curve", "group", "time_months", "estimate", "ci_low", "ci_high", "at_risk"]
GROUPS = {
    "type_group": {
        "intrastate": "Within states",
        "interstate": "Between states",
        "extrasystemic": "Colonial",
    }
}
# What an end is called that the record of outcomes does not cover.
UNKNOWN_KIND = "Not coded how"
THIRDS = ("Lowest third", "Middle third", "Highest third")


def of(inputs: Inputs, prepared: Prepared) -> tuple[pd.DataFrame, dict[str, str]]:
    """Curves of a hypothesis' cohort, and the strings that its page prints from them."""
    horizon = inputs.study.horizon_months
    group = groups(inputs, prepared)
    made = [survival_by(prepared, group, horizon)]
    strings: dict[str, str] = {}
    if inputs.spec.design == "time_varying":
        incidence = first_exposure(inputs, prepared, horizon)
        made.append(incidence)
        at_end = incidence[incidence["time_months"] == horizon].set_index("curve")["estimate"]
        if inputs.spec.outcomes:
            made.append(kinds_of_end(inputs, prepared, horizon))
        strings = {
            "incidence.horizon": str(horizon),
            "incidence.deployed": wording.percent(at_end["cumulative_incidence_deployment"]),
            "incidence.ended": wording.percent(at_end["cumulative_incidence_end"]),
        }
    return pd.concat(made, ignore_index=True)[COLUMNS], strings


def groups(inputs: Inputs, prepared: Prepared) -> np.ndarray:
    """Group of each unit in the survival figure: thirds of an index, types, or all alike."""
    units = prepared.units
    if inputs.spec.design == "fixed_at_onset":
        third = pd.qcut(units[prepared.column].rank(method="first"), 3, labels=list(THIRDS))
        return third.astype(str).to_numpy()
    if "type_group" in prepared.strata:
        return units["type_group"].map(GROUPS["type_group"]).to_numpy()
    return np.full(len(units), "All wars of the cohort")


def survival_by(prepared: Prepared, group: np.ndarray, horizon: int) -> pd.DataFrame:
    """Kaplan–Meier survival at whole months, by group of units."""
    months = np.arange(horizon + 1, dtype=float)
    data = pd.DataFrame(
        {
            "stop": clock(prepared.units.assign(exit_date=prepared.outcome["exit_date"])),
            "event": prepared.outcome["is_event"].to_numpy(bool),
            "group": group,
        }
    )
    made: list[pd.DataFrame] = []
    for name, part in data.groupby("group", sort=False):
        curve = kaplan_meier(part, stop="stop", event="event").at(list(months * DAYS_PER_MONTH))
        made.append(
            pd.DataFrame(
                {
                    "curve": "survival",
                    "group": name,
                    "time_months": months,
                    "estimate": curve["survival"].to_numpy(),
                    "ci_low": curve["ci_low"].to_numpy(),
                    "ci_high": curve["ci_high"].to_numpy(),
                    "at_risk": curve["at_risk"].to_numpy(),
                }
            )
        )
    order = {name: i for i, name in enumerate((*THIRDS, *GROUPS["type_group"].values()))}
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
    cause[came.index] = "deployment"
    found = aalen_johansen(
        pd.DataFrame({"stop": stop, "cause": cause}), stop="stop", cause="cause", censored=""
    )
    months = np.arange(horizon + 1, dtype=float)
    at = found.at(list(months * DAYS_PER_MONTH))
    return pd.DataFrame(
        {
            "curve": "cumulative_incidence_" + at["cause"].astype(str),
            "group": "all",
            "time_months": np.round(at["time"] / DAYS_PER_MONTH),
            "estimate": at["incidence"],
            "ci_low": at["ci_low"],
            "ci_high": at["ci_high"],
            "at_risk": at["at_risk"],
        }
    )


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
    months = np.arange(horizon + 1, dtype=float)
    at = aalen_johansen(rows, stop="stop", cause="cause", censored="").at(
        list(months * DAYS_PER_MONTH)
    )
    made = pd.DataFrame(
        {
            "curve": "ends_by_kind",
            "group": at["cause"].astype(str),
            "time_months": np.round(at["time"] / DAYS_PER_MONTH),
            "estimate": at["incidence"],
            "ci_low": at["ci_low"],
            "ci_high": at["ci_high"],
            "at_risk": at["at_risk"],
        }
    )
    order = [*(kind_label(o) for o in inputs.spec.outcomes), UNKNOWN_KIND]
    place = made["group"].map({name: i for i, name in enumerate(order)})
    return made.assign(place=place).sort_values(["place", "time_months"]).drop(columns="place")
