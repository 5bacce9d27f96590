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
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.clustered import Comparison, hazard_ratio
from collsec.designs.curves import THIRDS, groups
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs, prepare
from collsec.designs.parts import Context, Part, part
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.histories.timelines import counted_acts, presence_spells
from collsec.hypothesis.specification import ExposureSpec
from collsec.reports.words import wording
from collsec.survival import aalen_johansen

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
# Covariates and baselines: the primary's own, fewer where acts are so few, and none.
FULL, FEWER, BARE = "", "_fewer", "_bare"
FEWER_COVARIATES = ("log_gdp_per_capita", "log_population")
WORDS = {FULL: "", FEWER: ", fewer covariates", BARE: ", no covariates"}
QUESTIONS = (
    ("salience", FULL, "salience"),
    ("salience", FEWER, "salience"),
    ("salience", BARE, "salience"),
    ("divergence", FULL, "divergence"),
    ("divergence", FEWER, "divergence"),
    ("control_salience", FULL, "salience for five powers without a veto"),
    ("control_salience", FEWER, "salience for five powers without a veto"),
)


@part()
def council_action(context: Context) -> Part:
    """Rates of the first act per standard deviation of each index, and its cumulative incidence."""
    inputs = context.inputs
    units = {
        column: prepare(inputs, ExposureSpec(column)).units
        for column in dict.fromkeys(question[0] for question in QUESTIONS)
    }
    third = groups(inputs, context.prepared)
    made, curves, records = [], [], {}
    for act in ACTS:
        acts, known_until = act_days(inputs, act), inputs.extents[act.record].last_day
        for column, model, label in QUESTIONS:
            followed = until_first(units[column], acts, known_until)
            made.append(_rate(context, followed, act, column, model, label))
        own = until_first(context.prepared.units.assign(third=third), acts, known_until)
        curves.append(incidence_by_third(own, act, inputs.study.horizon_months))
        records[act.name] = {
            "wars": len(context.prepared.units),
            "at_risk": len(own),
            "acts": int(own["event"].sum()),
            "ends_first": int((own["cause"] == "end").sum()),
        }
    return Part(
        made,
        pd.concat(curves, ignore_index=True),
        _strings(made, curves, records),
        {"council_action": records},
    )


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
        FEWER: (FEWER_COVARIATES, ("period",)),
        BARE: ((), ()),
    }[model]
    return hazard_ratio(
        Comparison(
            followed[followed[P5_PARTY] == 0].reset_index(drop=True),
            column,
            adjustment,
            strata,
            cluster=spec.cluster,
        ),
        level=1 - study.alpha,
        power=study.power,
        hypothesis=context.name,
        estimate_id=f"{context.name}.{act.name}.{column}{model}",
        role="council_action",
        label=f"{act.label}: {label}{WORDS[model]}",
        measure=column,
        lag_months=0,
        estimand="hazard_ratio_of_action",
        validity="principled" if model == FULL else "plausible",
    )


def incidence_by_third(followed: pd.DataFrame, act: FirstAct, horizon: int) -> pd.DataFrame:
    """Share of wars that had seen the act by each month, by third of salience (Aalen–Johansen)."""
    months = np.arange(horizon + 1, dtype=float)
    made = []
    for name in THIRDS:
        rows = followed[followed["third"] == name]
        if not rows["event"].any():
            at = pd.DataFrame(
                {
                    "incidence": np.zeros(len(months)),
                    "ci_low": np.nan,
                    "ci_high": np.nan,
                    "at_risk": np.nan,
                }
            )
        else:
            found = aalen_johansen(
                rows, stop="stop", cause="cause", censored="", cluster="gwno_host"
            )
            at = found.at(list(months * DAYS_PER_MONTH))
            at = at[at["cause"] == "act"].reset_index(drop=True)
        made.append(
            pd.DataFrame(
                {
                    "curve": f"first_{act.name}",
                    "group": name,
                    "time_months": months,
                    "estimate": at["incidence"].to_numpy(),
                    "ci_low": at["ci_low"].to_numpy(),
                    "ci_high": at["ci_high"].to_numpy(),
                    "at_risk": at["at_risk"].to_numpy(),
                }
            )
        )
    return pd.concat(made, ignore_index=True)


def _strings(
    made: list[Estimate], curves: list[pd.DataFrame], records: dict[str, Any]
) -> dict[str, str]:
    strings = {}
    for estimate in made:
        name = estimate.estimate_id.partition(".")[2]
        expected = "below_one" if estimate.measure == "divergence" else "above_one"
        strings[f"{name}.says"] = wording.exploratory(estimate.ci_low, estimate.ci_high, expected)
        strings[f"{name}.hr"] = wording.number(estimate.estimate)
        strings[f"{name}.ci"] = wording.interval(estimate.ci_low, estimate.ci_high)
    for act, curve in zip(ACTS, curves, strict=True):
        at_end = curve[curve["time_months"] == curve["time_months"].max()]
        share = at_end.set_index("group")["estimate"]
        strings |= {
            f"{act.name}.wars": str(records[act.name]["at_risk"]),
            f"{act.name}.acts": str(records[act.name]["acts"]),
            f"{act.name}.lowest": wording.percent(float(share[THIRDS[0]])),
            f"{act.name}.highest": wording.percent(float(share[THIRDS[2]])),
        }
    return strings
