"""Wars in which a permanent member fights: do they end sooner, and does the Council act on them?

Four kinds, known at onset: a member's own war at home; its war in a colony; a war between states
with a member on one side; and a war within another state in which it intervenes. The interest of
the five cannot be told by ties there, so that these wars stand apart from the index. The Council
hardly ever acts on them: an ordinary model has no finite estimate, Firth's penalized one has.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from collsec.designs.clustered import Comparison, counts, hazard_ratio
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Inputs
from collsec.designs.parts import Context, Part, part, without_estimate
from collsec.histories.cohorts import select, with_strata
from collsec.histories.panels import arrange
from collsec.histories.timelines import counted_acts
from collsec.hypothesis.specification import TYPES
from collsec.reports.words import wording
from collsec.subjects.interest.council_action import ACTS, FirstAct, act_days, until_first
from collsec.survival import EstimationError, firth_cox

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


@part()
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
    return Part(made, strings=_strings(made, records), records={"p5_fights": records})


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
        "role": "p5_fights",
        "measure": "p5_party",
        "lag_months": 0,
        "label": f"{label}: {words}",
        "estimand": "hazard_ratio" if is_end else "hazard_ratio_of_action",
    }
    if is_end:
        return hazard_ratio(comparison, level=1 - study.alpha, power=study.power, **common)
    return penalized(comparison, 1 - study.alpha, common)


def penalized(comparison: Comparison, level: float, common: dict[str, Any]) -> Estimate:
    """Firth's hazard ratio with profile limits; it is finite where no event is exposed."""
    known = common | counts(comparison) | {"inference": "firth_profile", "ci_level": level}
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
        return Estimate(**known, **without_estimate(error))
    # The limits are those of a profile and need not lie even: no standard error goes with them.
    return Estimate(
        **known,
        estimate=math.exp(found.estimate),
        ci_low=math.exp(found.ci_low),
        ci_high=math.exp(found.ci_high),
        p_value=found.p_value,
        std_error=math.nan,
    )


def _strings(made: list[Estimate], records: dict[str, dict[str, dict[str, int]]]) -> dict[str, str]:
    strings = {}
    for estimate in made:
        name = estimate.estimate_id.partition(".")[2]
        expected = "above_one" if ".veto." in name else "below_one"
        strings[f"{name}.hr"] = wording.number(estimate.estimate)
        strings[f"{name}.ci"] = wording.interval(estimate.ci_low, estimate.ci_high)
        strings[f"{name}.says"] = wording.exploratory(estimate.ci_low, estimate.ci_high, expected)
    for outcome, tallied in records.items():
        for kind, found in tallied.items():
            strings[f"p5_fights.{outcome}.{kind}.wars"] = str(found["wars"])
            strings[f"p5_fights.{outcome}.{kind}.events"] = str(found["events"])
        fought = [found for kind, found in tallied.items() if kind != "none"]
        strings[f"p5_fights.{outcome}.wars"] = str(sum(f["wars"] for f in fought))
        strings[f"p5_fights.{outcome}.events"] = str(sum(f["events"] for f in fought))
    return strings
