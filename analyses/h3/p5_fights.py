"""Wars in which a permanent member fights: do they end sooner, and does the Council act on them?

Four kinds, known at onset: a member's own war at home; its war in a colony; a war between states
with a member on one side; and a war within another state in which it intervenes. The interest of
the five cannot be measured by ties there, so that these wars stand apart from the index. The
Council hardly ever acts on them: an ordinary model has no finite estimate, Firth's penalized one
has.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.inputs import Inputs
from collsec.designs.jackknife import hazard_ratio
from collsec.designs.parts import Context, Part, TableOf, VariablesOf, part
from collsec.histories.cohorts import select, with_strata
from collsec.histories.panels import arrange
from collsec.histories.timelines import counted_acts
from collsec.hypothesis.specification import TYPES
from riskset import EstimationError, firth_cox

from .council_action import ACTS, FirstAct, act_days, until_first

KINDS = {
    "own": "its own war at home",
    "colonial": "its war in a colony",
    "between": "a war between states",
    "intervenes": "another state's war, in which it intervenes",
}
GROUPS = {
    "any": ("a permanent member fights", tuple(KINDS)),
    "own_or_colonial": ("it fights at home or in a colony", ("own", "colonial")),
    "abroad": ("it fights against or within another state", ("between", "intervenes")),
    "russia_or_china": ("Russia (the Soviet Union) or China fights", tuple(KINDS)),
    **{kind: (words, (kind,)) for kind, words in KINDS.items()},
}
STRATA = ("type_group", "period")
VETO = FirstAct("veto", "First veto", "wars")


@part(
    roles=(Role.P5_FIGHTS,),
    tables=(
        TableOf(
            "p5-fights",
            (Role.P5_FIGHTS,),
            "Wars in which a permanent member fights at onset against wars in which none does, all "
            "types, baselines by type and period. Ends: intervals at 95 %, by a jackknife over "
            "countries. Acts of the Council: hazard ratios of the act by Firth’s penalized model, "
            "with profile limits, which make no allowance for wars of one country. Mandates are "
            "those of UN operations and UN sanctions; force that states were authorized to use is "
            "not on this record. Exposed of all, for units, events and clusters.",
        ),
    ),
    counts="The act came to {exposed_events} of {exposed_units} such wars and to {other_events} of "
    "{other_units} others",
    variables=(
        VariablesOf("p5_fights.*", {"{name}.hr": "estimate", "{name}.ci": "interval"}),
        *(
            VariablesOf(f"p5_fights.{outcome}.*", {"{name}.says": "direction"}, expected=expected)
            for outcome, expected in (
                ("end", "below_one"),
                *((act.name, "below_one") for act in ACTS),
                (VETO.name, "above_one"),
            )
        ),
    ),
    uses=(
        "ties.is_p5",
        "ties.is_belligerent",
        "ties.is_host_itself",
        "ties.power",
        "acts.act",
        "acts.date",
        "acts.conflict_id",
        "acts.action_class",
        "acts.is_chapter_vii",
        "deployment.un_authorized",
    ),
)
def p5_fights(context: Context) -> Part:
    """The end of war and the first acts of the Council, where a member fights against where not."""
    inputs = context.inputs
    units = with_kinds(inputs)
    outcomes: dict[str, tuple[str, pd.DataFrame]] = {"end": ("End of war", _ends(units))}
    for act in (*ACTS, VETO):
        outcomes[act.name] = (
            act.label,
            until_first(units, days_of_act(inputs, act), inputs.extents[act.record].last_day),
        )
    made, records = [], {}
    for name, (label, followed) in outcomes.items():
        records[name] = tally(followed)
        for group, (words, kinds) in GROUPS.items():
            # Single kinds of so few wars are compared by their end alone; acts are only counted.
            if name == "end" or group not in KINDS:
                made.append(_compared(context, followed, name, label, group, words, kinds))
    return Part(made, quantities=_quantities(records), records={"p5_fights": records})


def with_kinds(inputs: Inputs) -> pd.DataFrame:
    """Wars of all types with the kind of a permanent member's part at onset, or none.

    UN contributors that the conflict data list as warring parties do not count.
    """
    wars = with_strata(select(inputs.episodes, inputs.timelines, list(TYPES), []).units)
    fights = inputs.ties[inputs.ties["is_p5"] & inputs.ties["is_belligerent"]]
    at_home = wars["episode_id"].isin(fights.loc[fights["is_host_itself"], "episode_id"])
    does_fight = wars["episode_id"].isin(fights["episode_id"])
    kind = pd.Series("none", index=wars.index)
    kind = kind.mask(does_fight, "intervenes")
    kind = kind.mask(does_fight & (wars["type_group"] == "interstate"), "between")
    kind = kind.mask(does_fight & (wars["type_group"] == "intrastate") & at_home, "own")
    kind = kind.mask(does_fight & (wars["type_group"] == "extrasystemic"), "colonial")
    named = wars["episode_id"].isin(
        fights.loc[fights["power"].isin(("russia", "china")), "episode_id"]
    )
    return wars.assign(kind=kind, is_russia_or_china=named)


def days_of_act(inputs: Inputs, act: FirstAct) -> pd.DataFrame:
    """Days of an act on each conflict, vetoes among them: ``conflict_id, date``."""
    if act.name != VETO.name:
        return act_days(inputs, act)
    acts = counted_acts(inputs.acts)
    own = acts.loc[acts["act"] == "veto", ["conflict_id", "date"]]
    return own.dropna().drop_duplicates().astype({"conflict_id": "int64"})


def _ends(units: pd.DataFrame) -> pd.DataFrame:
    outcome = units.assign(is_event=units["is_ended"].astype(bool))[["exit_date", "is_event"]]
    return arrange(units, outcome, {}, ["kind", "is_russia_or_china", "gwno_host", *STRATA])


def tally(followed: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Wars at risk and events, by kind."""
    counted = followed.groupby("kind")["event"].agg(["size", "sum"])
    return {
        str(kind): {"wars": int(row["size"]), "events": int(row["sum"])}
        for kind, row in counted.iterrows()
    }


def _compared(
    context: Context,
    followed: pd.DataFrame,
    outcome: str,
    label: str,
    group: str,
    words: str,
    kinds: tuple[str, ...],
) -> Estimate:
    """Hazard ratio of an outcome, where a member fights in one of some ways against not at all."""
    study, spec = context.inputs.study, context.inputs.spec
    asked = followed["kind"].isin(kinds)
    if group == "russia_or_china":
        asked &= followed["is_russia_or_china"]
    kept = followed[asked | (followed["kind"] == "none")].reset_index(drop=True)
    kept = kept.assign(fights=(kept["kind"] != "none").astype(float))
    comparison = Comparison(kept, "fights", strata=STRATA, cluster=spec.cluster)
    is_end = outcome == "end"
    common: dict[str, Any] = {
        "estimate_id": f"{context.name}.p5_fights.{outcome}.{group}",
        "hypothesis": context.name,
        "role": Role.P5_FIGHTS,
        "measure": "p5_party",
        "lag_months": 0,
        "label": f"{label}: {words}",
        "estimand": "hazard_ratio" if is_end else "hazard_ratio_of_action",
    }
    if is_end:
        return hazard_ratio(comparison, level=study.usual_level, power=study.power, **common)
    return penalized(comparison, study.usual_level, common)


def penalized(comparison: Comparison, level: float, common: dict[str, Any]) -> Estimate:
    """Firth's hazard ratio with profile limits; it is finite where no event is exposed."""
    known = common | comparison.counts() | {"inference": "firth_profile", "level": level}
    known["expected_events"] = comparison.expected()
    try:
        found = firth_cox(
            comparison.rows,
            comparison.covariates,
            start="start",
            stop="stop",
            event="event",
            strata=list(comparison.strata),
            level=level,
        )
    except EstimationError as error:
        return Estimate.missing(error, **known)
    # The limits are those of a profile and need not lie even: no standard error goes with them.
    return Estimate.from_fit(
        found.estimate,
        math.nan,
        limits=(found.ci_low, found.ci_high),
        p_value=found.p_value,
        **known,
    )


def _quantities(records: dict[str, dict[str, dict[str, int]]]) -> dict[str, Quantity]:
    """Wars and events by outcome and kind, and of all wars in which a member fights."""
    counted: dict[str, int] = {}
    for outcome, tallied in records.items():
        fought = [found for kind, found in tallied.items() if kind != "none"]
        for what in ("wars", "events"):
            for kind, found in tallied.items():
                counted[f"p5_fights.{outcome}.{kind}.{what}"] = found[what]
            counted[f"p5_fights.{outcome}.{what}"] = sum(found[what] for found in fought)
    return {name: Quantity(value, Unit.COUNT) for name, value in counted.items()}
