"""Wars on their course from an agreement to the end, and the same wars on one clock.

A war may see many agreements. From the first of any kind to troops that came with a later one can
be seventeen years, of which the troops had no part. On one clock time runs from the latest
agreement signed up to that day; agreements that are signed after troops have come do not set it
back, since they may be what the troops did.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import PanelBuilder
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.multi_state import MultiState, between
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.designs.registry import design
from collsec.histories.cohorts import Cohort
from collsec.histories.cohorts.courses import State

#: Months after which troops count.
LAG_MONTHS = 6
RECORD = "agreements"


@design
class FromAgreement(MultiState):
    """As any course; in question is what follows an agreement."""

    name = "from_agreement"
    clock = "as long after their agreement"
    builder = between(State.AGREEMENT, State.END)


def since_latest(
    wars: pd.DataFrame, signed: pd.DataFrame, arrivals: pd.Series, last_day: pd.Timestamp
) -> pd.DataFrame:
    """Stretches of wars, each from an agreement to the next that sets the clock back.

    Parameters
    ----------
    wars : DataFrame
        ``unit_id, conflict_id, onset_date, exit_date, is_ended``.
    signed : DataFrame
        Agreements: ``conflict_id, from_date``.
    arrivals : Series of datetime64, by ``unit_id``
        After this day agreements no longer set the clock back; NaT for never.
    last_day : Timestamp
        Last day of the record of agreements, with which follow-up ends.

    Returns
    -------
    DataFrame
        The columns of `wars`, with ``war`` (its ``unit_id``), ``time_zero`` (the agreement),
        ``exit_date``, and ``is_ended`` (whether the war ended in the stretch).
    """
    pairs = wars[["unit_id", "conflict_id", "onset_date", "exit_date"]].merge(
        signed[["conflict_id", "from_date"]].astype({"conflict_id": "int64"}), on="conflict_id"
    )
    day = pairs["from_date"]
    during = (day > pairs["onset_date"]) & (day < pairs["exit_date"]) & (day < last_day)
    days = pairs.loc[during, ["unit_id", "from_date"]].drop_duplicates()
    days = days.sort_values(["unit_id", "from_date"]).reset_index(drop=True)
    arrival = days["unit_id"].map(arrivals)
    is_first = ~days["unit_id"].duplicated()
    days = days[is_first | arrival.isna() | (days["from_date"] < arrival)]
    following = days.groupby("unit_id")["from_date"].shift(-1)
    out = wars.merge(days.assign(following=following), on="unit_id")
    last = out["exit_date"].where(out["exit_date"] <= last_day, last_day)
    ended = out["is_ended"].astype(bool) & out["following"].isna() & (out["exit_date"] <= last_day)
    place = out.groupby("unit_id").cumcount().astype(str)
    return out.assign(
        war=out["unit_id"],
        unit_id=out["unit_id"].astype(str) + "@" + place,
        time_zero=out["from_date"].astype("datetime64[s]"),
        exit_date=out["following"].fillna(last).astype("datetime64[s]"),
        is_ended=ended,
    ).drop(columns=["from_date", "following"])


class OneClock(PanelBuilder):
    """Wars since the latest agreement signed up to that day, but for those after troops came."""

    is_set_back_by_any = False

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The stretches of the wars of a cohort."""
        wars, inputs = cohort.units, self.inputs
        calendar = inputs.calendar(inputs.spec.exposure.measure)
        pairs = wars[["unit_id", "conflict_id", "onset_date", "exit_date"]].merge(
            calendar.astype({"conflict_id": "int64"}), on="conflict_id"
        )
        during = (pairs["on_date"] < pairs["exit_date"]) & ~(
            pairs["off_date"] <= pairs["onset_date"]
        )
        arrivals = pairs[during].groupby("unit_id")["on_date"].min()
        if self.is_set_back_by_any:
            arrivals = arrivals.mask(arrivals.notna())
        signed = inputs.timelines["peace_process"]
        made = since_latest(wars, signed, arrivals, inputs.extents[RECORD].last_day)
        row = {
            "step": "since an agreement",
            "rule": "Followed from the latest agreement signed up to that day",
            "n_units": len(made),
            "n_events": int(made["is_ended"].sum()),
            "dropped": int(cohort.attrition["n_units"].iloc[-1]) - made["war"].nunique(),
        }
        attrition = pd.concat([cohort.attrition, pd.DataFrame([row])], ignore_index=True)
        return Cohort(made, attrition)


class OneClockForAll(OneClock):
    """The same, with wars that had troops before their first agreement."""

    follows_new_users = False


class SetBackByAny(OneClockForAll):
    """The same, set back by agreements after troops too: partly what the troops did."""

    is_set_back_by_any = True


#: Names, builders, and labels.
CLOCKS: tuple[tuple[str, type[OneClock], str], ...] = (
    ("latest", OneClock, "From the latest agreement, troops came after one"),
    ("latest_for_all", OneClockForAll, "With wars that had troops before their first agreement"),
    ("set_back_by_any", SetBackByAny, "Set back by agreements after troops too (post-treatment)"),
)


@part(
    roles=(Role.TRIAL,),
    tables=(
        TableOf(
            "one-clock",
            (Role.TRIAL,),
            "From the latest agreement signed up to that day to the end of the war: hazard ratios "
            "of the end with UN troops, which count from six months after they came. Units are "
            "stretches from one agreement to the next. Intervals at 95 %, by a jackknife over "
            "countries.",
        ),
    ),
    variables=(
        VariablesOf(
            "clock.*",
            {"{name}_ratio": "finding", "{name}_ends": "exposed_events"},
        ),
    ),
    uses=("peace_process.conflict_id", "peace_process.from_date"),
    designs=("from_agreement",),
    exposures=("un_troops",),
)
def one_clock(context: Context) -> Part:
    """The end of wars since their latest agreement, and what wars with troops before it do."""
    inputs = context.inputs
    exposure = dataclasses.replace(inputs.spec.exposure, lag_months=LAG_MONTHS)
    made: list[Estimate] = []
    said: dict[str, Quantity] = {}
    for name, builder, label in CLOCKS:
        prepared = builder(inputs, ()).prepare(exposure)
        prepared = dataclasses.replace(prepared, strata=())
        comparison = Comparison.of(prepared, inputs.spec.cluster)
        found = hazard_ratio(
            comparison,
            level=inputs.study.usual_level,
            power=inputs.study.power,
            estimate_id=f"{context.name}.clock.{name}",
            hypothesis=context.name,
            role=Role.TRIAL,
            measure=exposure.measure,
            lag_months=LAG_MONTHS,
            label=label,
        )
        made.append(found)
        exposed = prepared.rows.loc[comparison.is_exposed.to_numpy(), "unit_id"]
        wars = prepared.units.set_index("unit_id")["war"]
        said |= {
            f"clock.{name}_expected": Quantity(found.expected_events, Unit.NUMBER, digits=1),
            f"clock.{name}_wars": Quantity(int(wars.nunique()), Unit.COUNT),
            f"clock.{name}_exposed_wars": Quantity(
                int(wars[np.unique(exposed)].nunique()), Unit.COUNT
            ),
        }
    return Part(made, quantities=said)
