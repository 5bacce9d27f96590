"""Does the Council act sooner where a permanent member has more at stake?

Wars are followed from onset to the first resolution on the conflict, to the first that names
Chapter VII of the Charter, to the first mandate of a mission or sanctions, and to the first UN
peacekeeping operation authorized on it. The end of the war competes: a war that ended first never
sees the act. Conflicts on which there had been such an act before onset are no longer at risk of a
first one and are left out; so are, from the rates, wars that a permanent member fights: hardly any
of them ever saw an act, and they stand apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.comparison import Comparison
from collsec.designs.curves import THIRDS
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, TableOf, VariablesOf, part
from collsec.histories.timelines import counted_acts, presence_spells
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures.interest import TIES

from .indices import IN_DEGREES

MEASURES = ("enforcement_or_mission", "sanctions")
P5_PARTY = "p5_party"


@dataclass(frozen=True, slots=True)
class FirstAct:
    """A first act of the Council on a conflict, and the extent of its record."""

    name: str
    label: str
    record: str


ACTS = (
    FirstAct("resolution", "First resolution", "resolutions"),
    FirstAct("chapter_vii", "First resolution under Chapter VII", "chapter_vii"),
    FirstAct("measure", "First mandate of a mission or sanctions", "action_classes"),
    FirstAct("mission", "First UN operation authorized", "resolutions"),
)
# Covariates and baselines: the primary's own, a reduced set where acts are so few, and none. The
# values are ends of estimates' names, which are cited.
FULL, REDUCED, UNADJUSTED = "", "_fewer", "_bare"
REDUCED_COVARIATES = ("log_gdp_per_capita", "log_population")
WORDS = {FULL: "", REDUCED: ", reduced covariates", UNADJUSTED: ", unadjusted"}
QUESTIONS = (
    ("salience", FULL, "salience"),
    ("salience", REDUCED, "salience"),
    ("salience", UNADJUSTED, "salience"),
    ("divergence", FULL, "divergence"),
    ("divergence", REDUCED, "divergence"),
    ("control_salience", FULL, "salience for five powers without a veto"),
    ("control_salience", REDUCED, "salience for five powers without a veto"),
)


@part(
    roles=(Role.COUNCIL_ACTION,),
    tables=(
        TableOf(
            "council-action",
            (Role.COUNCIL_ACTION,),
            "First acts of the Council on a conflict, per standard deviation of an index: hazard "
            "ratios of the act; the end of the war competes. Wars that a permanent member fights, "
            "and conflicts with such an act before onset, are left out. Reduced covariates: income "
            "and population, baselines by period; unadjusted: one baseline. Intervals at 95 %, by "
            f"a jackknife over countries. {IN_DEGREES}",
        ),
    ),
    curves=tuple(
        CurveOf(f"first_{act.name}", CurveKind.INCIDENCE, title)
        for act, title in zip(
            ACTS,
            (
                "Wars with a first resolution",
                "Wars with a first resolution under Chapter VII",
                "Wars with a first mandate or sanctions",
                "Wars with a first UN operation",
            ),
            strict=True,
        )
    ),
    counts="The act came to {events} of {units} wars in {clusters} {cluster}",
    variables=(
        VariablesOf("*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),
        VariablesOf("*.divergence*", {"{name}.says": "direction"}, expected="below_one"),
        VariablesOf("*.salience*", {"{name}.says": "direction"}),
        VariablesOf("*.control_salience*", {"{name}.says": "direction"}),
    ),
    uses=(
        *TIES,
        "acts.act",
        "acts.date",
        "acts.conflict_id",
        "acts.action_class",
        "acts.is_chapter_vii",
        "deployment.un_authorized",
    ),
    exposures=("salience",),
)
def council_action(context: Context) -> Part:
    """Rates of the first act per standard deviation of each index, and its cumulative incidence."""
    inputs = context.inputs
    units = {
        column: prepare(inputs, ExposureSpec(column)).units
        for column in dict.fromkeys(question[0] for question in QUESTIONS)
    }
    third = curves.thirds(context.prepared)
    made, drawn, records = [], [], {}
    quantities: dict[str, Quantity] = {}
    for act in ACTS:
        acts, known_until = act_days(inputs, act), inputs.extents[act.record].last_day
        for column, model, label in QUESTIONS:
            followed = until_first(units[column], acts, known_until)
            made.append(_rate(context, followed, act, column, model, label))
        own = until_first(context.prepared.units.assign(third=third), acts, known_until)
        drawn.append(incidence_by_third(own, act, inputs.study.horizon_months))
        records[act.name] = {
            "wars": len(context.prepared.units),
            "at_risk": len(own),
            "acts": int(own["event"].sum()),
            "ends_first": int((own["cause"] == "end").sum()),
        }
        last = drawn[-1]["time_months"].max()
        share = drawn[-1][drawn[-1]["time_months"] == last].set_index("group")["estimate"]
        quantities |= {
            f"{act.name}.wars": Quantity(len(own), Unit.COUNT),
            f"{act.name}.acts": Quantity(records[act.name]["acts"], Unit.COUNT),
            f"{act.name}.lowest": Quantity(float(share[THIRDS[0]]), Unit.SHARE),
            f"{act.name}.highest": Quantity(float(share[THIRDS[2]]), Unit.SHARE),
        }
    return Part(made, pd.concat(drawn, ignore_index=True), quantities, {"council_action": records})


def act_days(inputs: Inputs, act: FirstAct) -> pd.DataFrame:
    """Days of the acts of one kind on each conflict: ``conflict_id, date``.

    Weak links and what rests on general knowledge alone are left out, as everywhere.
    """
    if act.name == "mission":
        spells = presence_spells(
            inputs.missions[inputs.missions["conflict_id"].notna()], "un_authorized"
        )
        days = spells[["conflict_id", "first"]].rename(columns={"first": "date"})
    else:
        days = counted_acts(inputs.acts)
        days = days[days["act"] == "resolution"]
        if act.name == "chapter_vii":
            days = days[days["is_chapter_vii"].fillna(False).astype(bool)]
        if act.name == "measure":
            days = days[days["action_class"].isin(MEASURES)]
        days = days[["conflict_id", "date"]]
    return days.dropna().drop_duplicates().astype({"conflict_id": "int64"})


def until_first(units: pd.DataFrame, acts: pd.DataFrame, known_until: pd.Timestamp) -> pd.DataFrame:
    """Each war followed to the first act on its conflict, to its end, or to the record's end.

    Only an act before the last day of the war comes first: on that day it cannot have been for a
    war that went on.

    Parameters
    ----------
    units : DataFrame
        ``conflict_id, time_zero, exit_date, is_ended`` and whatever else a model needs.
    acts : DataFrame
        ``conflict_id, date``.
    known_until : Timestamp
        Last day of the record of acts.

    Returns
    -------
    DataFrame
        The wars at risk of a first act, begun before the record ends, with ``start, stop`` (days;
        half a day for what lasted none), ``cause`` (``act``, ``end`` or empty) and ``event``.
    """
    first = acts.groupby("conflict_id")["date"].min()
    out = units.assign(act_date=units["conflict_id"].astype("int64").map(first))
    at_risk = ~(out["act_date"] <= out["time_zero"]) & (out["time_zero"] < known_until)
    out = out[at_risk].reset_index(drop=True)
    acted = (out["act_date"] < out["exit_date"]) & (out["act_date"] <= known_until)
    ended = ~acted & out["is_ended"].astype(bool) & (out["exit_date"] <= known_until)
    last = out["exit_date"].where(out["exit_date"] <= known_until, known_until)
    days = (out["act_date"].where(acted, last) - out["time_zero"]).dt.days.to_numpy(float)
    out["start"] = 0.0
    out["stop"] = np.where(days > 0, days, 0.5)
    out["cause"] = np.select([acted, ended], ["act", "end"], "")
    out["event"] = acted.to_numpy(bool)
    return out


def _rate(
    context: Context, followed: pd.DataFrame, act: FirstAct, column: str, model: str, label: str
) -> Estimate:
    """Cause-specific hazard ratio of the act per standard deviation of an index."""
    spec, study = context.inputs.spec, context.inputs.study
    adjustment, strata = {
        FULL: (tuple(name for name in spec.adjustment if name != P5_PARTY), spec.strata),
        REDUCED: (REDUCED_COVARIATES, ("period",)),
        UNADJUSTED: ((), ()),
    }[model]
    return hazard_ratio(
        Comparison(
            followed[followed[P5_PARTY] == 0].reset_index(drop=True),
            column,
            adjustment,
            strata,
            cluster=spec.cluster,
        ),
        level=study.usual_level,
        power=study.power,
        hypothesis=context.name,
        estimate_id=f"{context.name}.{act.name}.{column}{model}",
        role=Role.COUNCIL_ACTION,
        label=f"{act.label}: {label}{WORDS[model]}",
        measure=column,
        lag_months=0,
        estimand="hazard_ratio_of_action",
        validity="principled" if model == FULL else "plausible",
    )


def incidence_by_third(followed: pd.DataFrame, act: FirstAct, horizon: int) -> pd.DataFrame:
    """Share of wars that had seen the act by each month, by third of salience (Aalen–Johansen)."""
    months = curves.whole_months(horizon)
    made = []
    for name in THIRDS:
        rows = followed[followed["third"] == name]
        at = curves.incidence_of_act(rows, months, "gwno_host")
        made.append(curves.family(f"first_{act.name}", name, months, at, "incidence"))
    return pd.concat(made, ignore_index=True)
