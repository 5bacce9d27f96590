"""Deaths in the hosts of wars by month, and UN people there at the end of the month before.

A month is counted since year 0. The counts of people reach from one month to another
(:func:`_counted`); before and after them an exposure by number is not known.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import identity
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.panel_counts import Panel, PanelCounts
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.histories.timelines import as_of
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures.registry import measure
from riskset import EstimationError
from riskset.inference import cluster_jackknife
from riskset.regression.two_way_poisson import fit_panel, fit_with_controls

MONTHS = 12
THOUSAND = 1000.0
#: Months before the count of people over which deaths and agreements are looked back.
DEATHS_BEFORE, AGREEMENT_BEFORE = 12, 24


def month_of(days: pd.Series) -> pd.Series:
    """Months since year 0."""
    months: pd.Series = (days.dt.year * MONTHS + days.dt.month - 1).astype("int64")
    return months


def last_day_of(months: pd.Series) -> pd.Series:
    """Last day of months since year 0."""
    first = pd.to_datetime({"year": months // MONTHS, "month": months % MONTHS + 1, "day": 1})
    return first + pd.offsets.MonthEnd(0)


# Deaths ------------------------------------------------------------------------------------------

_DEATHS = ("violence.gwno_host", "violence.from_date", "episodes.gwno_host")


def _deaths(episodes: pd.DataFrame, violence: pd.DataFrame, column: str) -> pd.DataFrame:
    """Deaths of the hosts of some episodes, by month; where a count is known."""
    own = violence[violence["gwno_host"].isin(episodes["gwno_host"]) & violence[column].notna()]
    return pd.DataFrame(
        {
            "unit_id": own["gwno_host"].astype("int64"),
            "period": month_of(own["from_date"]),
            "count": own[column].astype(float),
            "gwno_host": own["gwno_host"].astype("int64"),
        }
    ).reset_index(drop=True)


@measure(
    "outcome",
    "Deaths in the host in the month",
    uses=(*_DEATHS, "violence.deaths_in_month"),
    noun="deaths",
    cell=("host", "month"),
)
def deaths_of_month(episodes: pd.DataFrame, violence: pd.DataFrame) -> pd.DataFrame:
    """State-based deaths in each host and month, up to the last year that is whole."""
    return _deaths(episodes, violence, "deaths_in_month")


@measure(
    "outcome",
    "Deaths in the host in the month, scaled after the last whole year",
    uses=(*_DEATHS, "violence.deaths_in_month_scaled"),
    noun="deaths",
    cell=("host", "month"),
)
def scaled_deaths_of_month(episodes: pd.DataFrame, violence: pd.DataFrame) -> pd.DataFrame:
    """The same; after the last whole year, scaled so that a year adds up to its total."""
    return _deaths(episodes, violence, "deaths_in_month_scaled")


# People ------------------------------------------------------------------------------------------

_HOSTS = ("missions.mission_id", "missions.host_gwno", "missions.sponsor")
_SERVING = (*_HOSTS, "missions.first_personnel_date", "missions.end_date")
_RUNS = tuple(f"monthly_strength.{c}" for c in ("mission_id", "from_month", "to_month"))


def _counted(monthly_strength: pd.DataFrame) -> tuple[int, int]:
    """First and last month of which people were counted anywhere."""
    first, last = (month_of(monthly_strength[c]) for c in ("from_month", "to_month"))
    return int(first.min()), int(last.max())


def _un(missions: pd.DataFrame) -> pd.DataFrame:
    """Operations of the United Nations × hosts: one that stood in several counts whole in each."""
    own = missions[missions["sponsor"] == "un"].drop_duplicates("mission_id")
    own = own.assign(host=own["host_gwno"].astype(str).str.split(";")).explode("host")
    own = own[own["host"].str.fullmatch(r"\d+")].astype({"host": "int64"})
    return own.reset_index(drop=True)


def people(missions: pd.DataFrame, monthly_strength: pd.DataFrame, kind: str) -> pd.DataFrame:
    """UN people of a kind in each host at the end of each month in which people were counted.

    Parameters
    ----------
    missions, monthly_strength : DataFrame
    kind : str
        ``troops`` (before August 1992 all people in uniform, whose kinds were not distinguished),
        ``mean_police`` or ``mean_observers``.

    Returns
    -------
    DataFrame
        ``host, month, people``; NaN where an operation served that was not counted, or whose kinds
        are not distinguished. A month that is not here had nobody.
    """
    runs = monthly_strength.assign(
        first=month_of(monthly_strength["from_month"]), last=month_of(monthly_strength["to_month"])
    )
    value = runs[kind].astype(float)
    runs["people"] = value.fillna(runs["total"].astype(float)) if kind == "troops" else value
    months = runs.loc[runs.index.repeat((runs["last"] - runs["first"] + 1).astype(int))]
    months = months.assign(month=months["first"] + months.groupby(level=0).cumcount())
    first, last = _counted(monthly_strength)
    hosts = _un(missions)
    begun = hosts[hosts["first_personnel_date"].notna()]
    begins = month_of(begun["first_personnel_date"]).clip(lower=first)
    # At the end of the month in which an operation ended, nobody is there.
    ends = month_of(begun["end_date"].fillna(pd.Timestamp.max.normalize())) - 1
    size = (ends.clip(upper=last) - begins + 1).clip(lower=0).astype(int)
    served = begun[["mission_id", "host"]].assign(month=begins)
    served = served.loc[served.index.repeat(size)].reset_index(drop=True)
    served["month"] += served.groupby(["mission_id", "host"]).cumcount()
    counted = hosts[["mission_id", "host"]].merge(
        months[["mission_id", "month", "people"]], on="mission_id"
    )
    both = served.merge(counted, on=["mission_id", "host", "month"], how="outer")
    # One operation that is not known makes the host's sum unknown.
    sums = both.groupby(["host", "month"])["people"].agg(lambda one: one.sum(skipna=False))
    return sums.reset_index()


def _by_month(episodes: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Hosts of some episodes × months."""
    hosts = sorted(int(h) for h in episodes["gwno_host"].unique())
    return pd.MultiIndex.from_product(
        [hosts, range(first, last + 1)], names=["unit_id", "period"]
    ).to_frame(index=False)


def _number(
    episodes: pd.DataFrame,
    missions: pd.DataFrame,
    monthly_strength: pd.DataFrame,
    kind: str,
    shift: int,
) -> pd.DataFrame:
    """log(1 + thousands) at the end of the month so many months before each month."""
    first, last = _counted(monthly_strength)
    out = _by_month(episodes, first + shift, last + shift)
    table = people(missions, monthly_strength, kind).set_index(["host", "month"])["people"]
    at = pd.MultiIndex.from_arrays([out["unit_id"], out["period"] - shift])
    found = table.reindex(at).to_numpy()
    found = np.where(at.isin(table.index), found, 0.0)
    return out.assign(exposure=np.log1p(found / THOUSAND))


_NUMBERS = ("episodes.gwno_host", *_SERVING, *_RUNS)
_TROOPS = (*_NUMBERS, "monthly_strength.troops", "monthly_strength.total")
BY_NUMBER = ("months after more UN troops, by one unit of log(1 + thousands),", "other months")


@measure(
    "by_period",
    "UN troops at the end of the month before, log(1 + thousands)",
    uses=_TROOPS,
    contrast=BY_NUMBER,
)
def troops_before(
    episodes: pd.DataFrame, missions: pd.DataFrame, monthly_strength: pd.DataFrame
) -> pd.DataFrame:
    """Troops of all UN operations in the host."""
    return _number(episodes, missions, monthly_strength, "troops", 1)


@measure(
    "by_period",
    "UN police at the end of the month before, log(1 + thousands)",
    uses=(*_NUMBERS, "monthly_strength.mean_police"),
)
def police_before(
    episodes: pd.DataFrame, missions: pd.DataFrame, monthly_strength: pd.DataFrame
) -> pd.DataFrame:
    """Police of all UN operations in the host, the mean of the months of a run."""
    return _number(episodes, missions, monthly_strength, "mean_police", 1)


@measure(
    "by_period",
    "UN military observers at the end of the month before, log(1 + thousands)",
    uses=(*_NUMBERS, "monthly_strength.mean_observers"),
)
def observers_before(
    episodes: pd.DataFrame, missions: pd.DataFrame, monthly_strength: pd.DataFrame
) -> pd.DataFrame:
    """Military observers of all UN operations in the host, the mean of the months of a run."""
    return _number(episodes, missions, monthly_strength, "mean_observers", 1)


@measure(
    "by_period",
    "UN troops present at the end of the month before",
    uses=(
        "episodes.gwno_host",
        "host_deployment.gwno_host",
        "host_deployment.known_from",
        "host_deployment.un_troops",
        "violence.from_date",
    ),
    contrast=("months after one with UN troops", "other months"),
)
def presence_before(
    episodes: pd.DataFrame, host_deployment: pd.DataFrame, violence: pd.DataFrame
) -> pd.DataFrame:
    """Formed troops of any UN operation in the host, whatever their number."""
    months = month_of(violence["from_date"])
    out = _by_month(episodes, int(months.min()), int(months.max()))
    asked = pd.DataFrame({"gwno_host": out["unit_id"], "date": last_day_of(out["period"] - 1)})
    return out.assign(
        exposure=(as_of(host_deployment, "gwno_host", asked, "un_troops") > 0)
        .astype(float)
        .to_numpy()
    )


def _to_come(
    episodes: pd.DataFrame, missions: pd.DataFrame, monthly_strength: pd.DataFrame, months: int
) -> pd.DataFrame:
    """Troops so many months later, where there were none at the end of the month before."""
    now = _number(episodes, missions, monthly_strength, "troops", 1)
    later = _number(episodes, missions, monthly_strength, "troops", -months)
    out = now.merge(later, on=["unit_id", "period"], suffixes=("_now", ""))
    out["exposure"] = out["exposure"].where(out["exposure_now"] == 0)
    return out[["unit_id", "period", "exposure"]]


@measure(
    "by_period",
    "UN troops six months later, in months with none before",
    uses=_TROOPS,
)
def troops_in_six_months(
    episodes: pd.DataFrame, missions: pd.DataFrame, monthly_strength: pd.DataFrame
) -> pd.DataFrame:
    """A placebo: troops that are not there yet."""
    return _to_come(episodes, missions, monthly_strength, 6)


@measure(
    "by_period",
    "UN troops twelve months later, in months with none before",
    uses=_TROOPS,
)
def troops_in_twelve_months(
    episodes: pd.DataFrame, missions: pd.DataFrame, monthly_strength: pd.DataFrame
) -> pd.DataFrame:
    """A placebo: troops that are not there yet."""
    return _to_come(episodes, missions, monthly_strength, 12)


# What was there before the count of people -------------------------------------------------------


def history(
    panel: Panel, violence: pd.DataFrame, signed: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Deaths and agreements before the month of the count, by host and month of a panel.

    Parameters
    ----------
    panel : Panel
    violence : DataFrame
        ``gwno_host, from_date, deaths_in_month``.
    signed : DataFrame
        ``gwno_host, from_date`` of agreements.

    Returns
    -------
    deaths : ndarray of float, shape (n_units, n_periods)
        log(1 + deaths) of the twelve months before the one at whose end people are counted; NaN
        unless all twelve are known.
    agreed : ndarray of float, shape (n_units, n_periods)
        Whether an agreement was signed within 24 months before that month.
    """
    table = violence.assign(month=month_of(violence["from_date"])).pivot_table(
        index="gwno_host", columns="month", values="deaths_in_month", aggfunc="first"
    )
    # The count stands at the end of the month before; the last month looked at is two before.
    first, last = int(panel.periods.min()), int(panel.periods.max())
    every = range(first - DEATHS_BEFORE - 1, last + 1)
    table = table.reindex(index=panel.units, columns=every)
    sums = table.T.rolling(DEATHS_BEFORE, min_periods=DEATHS_BEFORE).sum().T.shift(2, axis=1)
    deaths = np.log1p(sums.reindex(columns=panel.periods).to_numpy(float))
    month = month_of(signed["from_date"]).to_numpy()
    host = signed["gwno_host"].to_numpy()
    agreed = np.zeros(panel.counts.shape)
    for place, unit in enumerate(panel.units):
        own = month[host == unit]
        since = panel.periods[:, None] - 1 - own[None, :]
        agreed[place] = ((since > 0) & (since <= AGREEMENT_BEFORE)).any(axis=1)
    return deaths, agreed


def _signed(context: Context) -> pd.DataFrame:
    """Agreements by host and day."""
    hosts = context.inputs.episodes.drop_duplicates("conflict_id")[["conflict_id", "gwno_host"]]
    process = context.inputs.timelines["peace_process"][["conflict_id", "from_date"]]
    found: pd.DataFrame = process.astype({"conflict_id": "int64"}).merge(
        hosts.astype({"conflict_id": "int64"}), on="conflict_id"
    )
    return found


def _known(context: Context, name: str, label: str, role: Role) -> dict[str, Any]:
    exposure = context.inputs.spec.exposure
    known = identity(
        context.inputs, exposure, estimate_id=f"{context.name}.{name}", role=role, label=label
    )
    return known | {"estimand": "rate_ratio", "inference": "cluster_sandwich"}


@part(
    roles=(Role.SENSITIVITY, Role.SECONDARY),
    tables=(
        TableOf(
            "sensitivity",
            (Role.SENSITIVITY, Role.SECONDARY),
            "The primary with other errors, with what was there before the people were counted "
            "held fixed, and other people. Deaths and agreements before the count are partly what "
            "earlier troops did, where these had come already: holding them fixed is a "
            "sensitivity, not a correction.",
        ),
    ),
    variables=tuple(
        VariablesOf(name, {"{name}.says": "finding"}, expected="below_one")
        for name in ("jackknife", "with_*", "presence_scaled")
    ),
    uses=(
        *("violence.gwno_host", "violence.from_date", "violence.deaths_in_month"),
        *("peace_process.conflict_id", "peace_process.from_date"),
        *("episodes.conflict_id", "episodes.gwno_host"),
    ),
    designs=("panel_counts",),
    exposures=("troops_before",),
)
def host_months(context: Context) -> Part:
    """The jackknife over hosts, each host left out, history held fixed, and scaled deaths."""
    inputs, design = context.inputs, PanelCounts()
    panel = design.prepare(inputs, inputs.spec.exposure)
    level, power = inputs.study.level_of(context.name), inputs.study.power
    counts = design.counts(inputs, panel)
    known = _known(context, "jackknife", "Errors by a jackknife over hosts", Role.SENSITIVITY)
    found = cluster_jackknife(
        lambda kept: _log_ratio(_only(panel, kept)), np.arange(len(panel.units)), level=level
    )
    jackknifed = Estimate.from_fit(
        found.estimate,
        found.std_error,
        level=level,
        degrees=found.degrees_of_freedom,
        power=power,
        **known | counts | {"inference": "cluster_jackknife"},
    )
    made = [jackknifed]
    deaths, agreed = history(panel, inputs.timelines["violence"], _signed(context))
    for name, label, controls in (
        ("with_deaths", "Deaths of the twelve months before the count held fixed", [deaths]),
        ("with_agreement", "An agreement in the 24 months before the count held fixed", [agreed]),
        ("with_history", "Both held fixed", [deaths, agreed]),
    ):
        fixed = np.array(controls)
        fit = fit_with_controls(panel.cells, fixed)
        lacking = np.isnan(fixed).any(axis=0)
        kept = Panel(
            panel.units,
            panel.periods,
            np.where(lacking, np.nan, panel.counts),
            panel.exposure,
            panel.attrition,
            per_year=panel.per_year,
        )
        made.append(
            Estimate.from_fit(
                fit.estimate,
                fit.std_error,
                level=level,
                degrees=max(fit.n_clusters - 1, 1),
                power=power,
                **_known(context, name, label, Role.SENSITIVITY) | design.counts(inputs, kept),
            )
        )
    made.append(
        design.estimate(
            inputs,
            design.prepare(
                inputs, ExposureSpec("presence_before"), outcome="scaled_deaths_of_month"
            ),
            ExposureSpec("presence_before", inference="cluster_sandwich"),
            estimate_id=f"{context.name}.presence_scaled",
            role=Role.SECONDARY,
            level=inputs.study.usual_level,
            draws=0,
            label="Presence, with deaths scaled after the last whole year",
        )
    )
    without = _without_each(panel)
    order = np.argsort(list(without.values()))
    hosts = [list(without)[place] for place in (order[0], order[-1])]
    return Part(
        made,
        quantities={
            "without_host.low": Quantity(without[hosts[0]], Unit.RATIO),
            "without_host.low_host": Quantity(_name(context, hosts[0]), Unit.TEXT),
            "without_host.high": Quantity(without[hosts[1]], Unit.RATIO),
            "without_host.high_host": Quantity(_name(context, hosts[1]), Unit.TEXT),
        },
        records={"without_host": {str(host): ratio for host, ratio in without.items()}},
    )


def _only(panel: Panel, kept: np.ndarray) -> Panel:
    """The panel of some hosts."""
    return Panel(
        panel.units[kept],
        panel.periods,
        panel.counts[kept],
        panel.exposure[kept],
        panel.attrition,
        per_year=panel.per_year,
    )


def _log_ratio(panel: Panel) -> float:
    found = fit_panel(panel.cells).estimate
    if math.isnan(found):
        raise EstimationError("without a host the exposure does not vary")
    return found


def _without_each(panel: Panel) -> dict[int, float]:
    """The ratio without each host that had any troops."""
    had = np.nansum(np.where(panel.cells.known, panel.exposure, 0.0), axis=1) > 0
    return {
        int(panel.units[place]): math.exp(
            _log_ratio(_only(panel, np.arange(len(panel.units)) != place))
        )
        for place in np.flatnonzero(had)
    }


def _name(context: Context, host: int) -> str:
    """Where the wars of a host were fought."""
    own = context.inputs.episodes
    places = own.loc[own["gwno_host"] == host, "location"]
    return str(places.iloc[-1]).replace(";", ", ")
