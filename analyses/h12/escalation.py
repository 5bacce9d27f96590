"""The month in which deaths in a war's host pass a thousand, and those before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.discrete_time import of_months, stabilized_weights, unit_months
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, TableOf, part
from collsec.designs.time_varying import rerandomized
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.measures.registry import measure
from riskset import EstimationError, discrete_hazard

THOUSAND = 1000
MONTHS = 12
AFRICA = 4
#: Deaths since onset from which on a war is in another class when the Council acts.
CLASSES = (25.0, 100.0, 500.0)
BASELINE = ("in_africa",)
HISTORY = ("log_deaths_so_far", "log_deaths_last_month")
LABELS = {
    "redrawn": "Redrawn among wars of as many deaths so far",
    "unweighted": "Monthly model, without weights",
    "weighted": "Monthly model, weighted by deaths so far and of the month before",
}


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
    """Dated on the first day of that month, so that an act comes before the month or not at all.

    A war is followed while its host's deaths are on record; one that passes a thousand in the month
    of its onset is not followed, as no act could come before it.
    """
    month = ordinal(violence["from_date"])
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
        at = first_of = onset.year * MONTHS + onset.month - 1
        total, passed = 0.0, False
        while at in known.index and not passed:
            total += float(known[at])
            passed = total >= THOUSAND
            at += 1
        if passed:
            begins = pd.Timestamp((at - 1) // MONTHS, (at - 1) % MONTHS + 1, 1)
            passed = begins <= last
            exits.append(min(begins, last) if at - 1 > first_of else onset - pd.Timedelta(days=1))
        elif at == first_of:
            exits.append(onset - pd.Timedelta(days=1))
        else:
            ends = pd.Timestamp(at // MONTHS, at % MONTHS + 1, 1) - pd.Timedelta(days=1)
            exits.append(min(ends, last))
        events.append(passed)
    return pd.DataFrame(
        {"exit_date": pd.Series(exits, index=episodes.index), "is_event": events}
    ).astype({"exit_date": "datetime64[s]"})


def ordinal(days: pd.Series) -> np.ndarray:
    """Months since year 0."""
    found: np.ndarray = (days.dt.year * MONTHS + days.dt.month - 1).to_numpy()
    return found


def deaths_before(
    hosts: np.ndarray, since: np.ndarray, until: np.ndarray, violence: pd.DataFrame
) -> np.ndarray:
    """Deaths in hosts from one month to the last whole one before another: broadcast over shapes.

    Parameters
    ----------
    hosts, since, until : ndarray of int
        Gleditsch–Ward codes; months since year 0, the second one not counted.
    violence : DataFrame
        ``gwno_host, from_date, deaths_in_month``; a month without a count adds nothing.
    """
    known = violence.dropna(subset=["deaths_in_month"])
    month = ordinal(known["from_date"])
    first = int(month.min())
    table = pd.DataFrame(
        {"host": known["gwno_host"], "month": month, "deaths": known["deaths_in_month"]}
    ).pivot_table(index="host", columns="month", values="deaths", aggfunc="sum")
    table = table.reindex(columns=range(first, int(month.max()) + 1)).fillna(0.0)
    running = np.zeros((len(table) + 1, table.shape[1] + 1))  # a host without a record: no deaths
    running[:-1, 1:] = table.to_numpy(float).cumsum(axis=1)
    places = table.index.get_indexer(pd.Index(hosts.ravel()))  # −1, the last, if none
    row = places.reshape(hosts.shape)
    begin, end = (np.clip(m - first, 0, table.shape[1]) for m in (since, until))
    found: np.ndarray = running[row, np.maximum(end, begin)] - running[row, begin]
    return found


@part(
    roles=(Role.MODEL,),
    tables=(
        TableOf(
            "severity",
            (Role.MODEL,),
            "Hazard ratio of a thousandth death after an act of the Council, allowing for the "
            "deaths that the host had seen since onset when the Council acted. 95 % intervals: by "
            "redraws, and of the cluster sandwich by host for the monthly models.",
        ),
    ),
    designs=("time_varying",),
    exposures=("council_act",),
    uses=(
        "violence.gwno_host",
        "violence.from_date",
        "violence.deaths_in_month",
        "episodes.region",
    ),
)
def severity_history(context: Context) -> Part:
    """The primary among wars of as many deaths so far, and weighted by that history."""
    inputs, prepared = context.inputs, context.prepared
    violence = inputs.timelines["violence"]

    def so_far(units: pd.DataFrame, days: pd.Series) -> np.ndarray:
        hosts, onset = units["gwno_host"].to_numpy(int), ordinal(units["onset_date"])
        eve = ordinal(pd.Series(pd.DatetimeIndex(days)))[:, None]
        deaths = deaths_before(hosts[None, :], onset[None, :], eve, violence)
        classes: np.ndarray = np.digitize(deaths, CLASSES)
        return classes

    redrawn = rerandomized(
        inputs,
        prepared,
        inputs.spec.exposure,
        estimate_id=f"{context.name}.severity.redrawn",
        role=Role.MODEL,
        draws=context.draws.rerandomization_draws,
        level=inputs.study.usual_level,
        label=LABELS["redrawn"],
        status=so_far,
    )
    months = history(inputs, prepared)
    try:
        weighted = stabilized_weights(months, inputs.spec.exposure.lag_months, BASELINE, HISTORY)
    except EstimationError as error:
        missing = Estimate.missing(
            error, **_known(inputs, months.assign(exposed=0.0)), **_named(inputs, "weighted")
        )
        return Part([redrawn, missing])
    made = [fitted(inputs, weighted, name) for name in ("unweighted", "weighted")]
    weight = weighted["weight"]
    record = {
        "mean": float(weight.mean()),
        "least": float(weight.min()),
        "largest": float(weight.max()),
    }
    return Part([redrawn, *made], records={"severity_weights": record})


def history(inputs: Inputs, prepared: Prepared) -> pd.DataFrame:
    """One row per war and month, with the deaths in its host before the month began.

    Returns
    -------
    DataFrame
        As of :func:`collsec.designs.discrete_time.unit_months`, with ``arrival`` (month of the
        first act; infinite if none), ``arrives`` (whether it comes in this month), ``log_month``,
        and the columns of :data:`BASELINE` and :data:`HISTORY`.
    """
    units, spells = prepared.units, prepared.spells
    assert spells is not None
    rows = unit_months(prepared, [inputs.spec.cluster])
    first = pd.Series(spells.assigned).groupby(spells.unit).min()
    arrival = np.ceil(first / DAYS_PER_MONTH).reindex(rows["unit"]).fillna(np.inf).to_numpy()
    own = units.iloc[rows["unit"]].reset_index(drop=True)
    begins = np.floor((rows["month"].to_numpy() - 1) * DAYS_PER_MONTH)
    at = ordinal(own["time_zero"] + pd.to_timedelta(begins, unit="D"))
    hosts, onset = own["gwno_host"].to_numpy(int), ordinal(own["onset_date"])
    violence = inputs.timelines["violence"]
    so_far = deaths_before(hosts, onset, at, violence)
    last = deaths_before(hosts, np.maximum(at - 1, onset), at, violence)
    return rows.assign(
        arrival=arrival,
        arrives=rows["month"].to_numpy() == arrival,
        log_month=np.log(rows["month"]),
        in_africa=(own["region"] == AFRICA).astype(float),
        log_deaths_so_far=np.log1p(so_far),
        log_deaths_last_month=np.log1p(last),
    )


def fitted(inputs: Inputs, weighted: pd.DataFrame, name: str) -> Estimate:
    """Hazard ratio after an act in an earlier month: complementary log-log, duration cubic."""
    rows = weighted if name == "weighted" else weighted.assign(weight=1.0)
    try:
        fit = discrete_hazard(
            rows,
            ["exposed", *BASELINE],
            duration="month",
            event="event",
            weights="weight",
            cluster=inputs.spec.cluster,
        )
    except EstimationError as error:
        return Estimate.missing(error, **_known(inputs, rows), **_named(inputs, name))
    return Estimate.from_fit(
        float(fit.params["exposed"]),
        float(fit.std_errors["exposed"]),
        power=inputs.study.power,
        **_known(inputs, rows),
        **_named(inputs, name),
    )


def _known(inputs: Inputs, rows: pd.DataFrame) -> dict[str, Any]:
    return of_months(inputs, rows, "exposed") | {"estimand": "hazard_ratio_of_outcome"}


def _named(inputs: Inputs, name: str) -> dict[str, Any]:
    return {"estimate_id": f"{inputs.spec.hypothesis}.severity.{name}", "label": LABELS[name]}
