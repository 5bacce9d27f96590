"""What the Council does next: from a vote on a war to the next resolution on it.

A mechanism, not an effect on the war: if a veto silences the Council, the next resolution comes
later after a veto than after a resolution. The end of the war competes. Whether a mission is there
lies on the path from the vote to the next act, and is not conditioned on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.clustered import Comparison, counts, difference, hazard_ratio, least_squares
from collsec.designs.estimate import Estimate
from collsec.designs.parts import Context, Part, part
from collsec.designs.votes import ADJUSTMENT, followed_for, votes_on_wars
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from collsec.histories.timelines import counted_acts
from collsec.reports.words import wording
from collsec.survival import aalen_johansen

WITHIN_MONTHS = 12
HORIZON_MONTHS = 24
ARMS = {1.0: "After a veto", 0.0: "After a resolution"}
ARM_NAMES = {1.0: "veto", 0.0: "resolution"}


@dataclass(frozen=True, slots=True)
class Act:
    """A next act: which resolutions count (all, or those of some kind), and the record of them."""

    name: str
    label: str
    classes: tuple[str, ...]
    record: str
    is_chapter_vii: bool = False


ACTS = (
    Act("resolution", "Next resolution", (), "resolutions"),
    Act("chapter_vii", "Next resolution under Chapter VII", (), "chapter_vii", is_chapter_vii=True),
    Act(
        "measure",
        "Next mandate of a mission or sanctions",
        ("enforcement_or_mission", "sanctions"),
        "action_classes",
    ),
)


@part()
def next_action(context: Context) -> Part:
    """How soon the Council acts again after a veto, and after a resolution."""
    votes = votes_on_wars(context.inputs)
    made: list[Estimate] = []
    curves = []
    for act in ACTS:
        known_until = context.inputs.extents[act.record].last_day
        followed = until_next(votes, counted_acts(context.inputs.acts), act, known_until)
        made += _estimates(context, followed, act, known_until)
        curves.append(incidence_curves(followed, act))
    return Part(made, pd.concat(curves, ignore_index=True), _strings(made))


def until_next(
    votes: pd.DataFrame, acts: pd.DataFrame, act: Act, known_until: pd.Timestamp
) -> pd.DataFrame:
    """Each vote followed to the next act on its conflict, the end of its war, or the record's end.

    Only an act on a later day than the vote, and on an earlier one than the end, comes first.

    Returns
    -------
    DataFrame
        The votes cast before the record ends, with ``stop`` (days), ``cause`` (``act``, ``end`` or
        empty) and ``event`` (whether it is the act).
    """
    adopted = acts[acts["act"] == "resolution"]
    if act.classes:
        adopted = adopted[adopted["action_class"].isin(act.classes)]
    if act.is_chapter_vii:
        adopted = adopted[adopted["is_chapter_vii"].fillna(False).astype(bool)]
    known = (
        adopted[["conflict_id", "date"]]
        .dropna()
        .drop_duplicates()
        .rename(columns={"date": "next_date"})
        .astype({"conflict_id": "int64", "next_date": "datetime64[s]"})
        .sort_values("next_date")
    )
    asked = votes[votes["date"] < known_until]
    asked = asked.astype({"conflict_id": "int64", "date": "datetime64[s]"}).sort_values("date")
    out = pd.merge_asof(
        asked,
        known,
        left_on="date",
        right_on="next_date",
        by="conflict_id",
        direction="forward",
        allow_exact_matches=False,
    )
    last = out["exit_date"].where(out["exit_date"] <= known_until, known_until)
    acted = out["next_date"].notna() & (out["next_date"] < out["exit_date"])
    acted &= out["next_date"] <= known_until
    ended = ~acted & out["is_ended"].astype(bool) & (out["exit_date"] <= known_until)
    until = out["next_date"].where(acted, last)
    out["stop"] = (until - out["date"]).dt.days.astype(float)
    out["cause"] = np.select([acted, ended], ["act", "end"], "")
    out["event"] = acted.to_numpy(bool)
    return out.sort_values(["date", "vote_id"]).reset_index(drop=True)


def _estimates(
    context: Context, followed: pd.DataFrame, act: Act, known_until: pd.Timestamp
) -> list[Estimate]:
    study = context.inputs.study
    level = 1 - study.alpha
    comparison = Comparison(
        followed, "is_blocked", ADJUSTMENT, ("type_group",), cluster="conflict_id", unit="vote_id"
    )
    common: dict[str, Any] = {
        "hypothesis": context.name,
        "role": "mechanism",
        "measure": "vote",
        "lag_months": 0,
    }
    name = f"{context.name}.next_action.{act.name}"
    made = [
        hazard_ratio(
            comparison,
            level=level,
            power=study.power,
            estimate_id=f"{name}.hazard",
            label=f"{act.label}: after a veto against after a resolution, adjusted",
            **common | {"estimand": "hazard_ratio_of_action"},
        )
    ]
    made.append(
        hazard_ratio(
            dataclasses.replace(comparison, strata=("episode_id",)),
            level=level,
            power=study.power,
            estimate_id=f"{name}.within_war",
            label=f"{act.label}: within the same war",
            **common | {"estimand": "hazard_ratio_of_action"},
        )
    )
    for value, arm in ARM_NAMES.items():
        own = followed[followed["is_blocked"] == value]
        made.append(
            _share(
                own,
                level,
                estimate_id=f"{name}.after_{arm}",
                label=f"{act.label} within {WITHIN_MONTHS} months, after a {arm}",
                **common,
            )
        )
    in_a_year = followed_a_year(followed, known_until)
    made.append(
        difference(
            in_a_year,
            least_squares(in_a_year, "event", "is_blocked", []),
            cluster="conflict_id",
            level=level,
            estimate_id=f"{name}.difference",
            estimand="probability_difference",
            label=f"{act.label} within {WITHIN_MONTHS} months: "
            "after a veto less after a resolution",
            **common,
            **counts(dataclasses.replace(comparison, rows=in_a_year)),
        )
    )
    return made


def incidence_at(rows: pd.DataFrame, months: np.ndarray) -> pd.DataFrame:
    """Aalen–Johansen incidence of the act at some months; after the last follow-up it stays."""
    if not rows["event"].any():
        nothing = np.zeros(len(months))
        return pd.DataFrame(
            {"incidence": nothing, "ci_low": np.nan, "ci_high": np.nan, "at_risk": np.nan}
        )
    found = aalen_johansen(rows, stop="stop", cause="cause", censored="", cluster="conflict_id")
    at = found.at(np.minimum(months * DAYS_PER_MONTH, rows["stop"].max()).tolist())
    return at[at["cause"] == "act"].reset_index(drop=True)


def _share(rows: pd.DataFrame, level: float, **known: Any) -> Estimate:
    """Cumulative incidence of the act within a year of one kind of vote."""
    at = incidence_at(rows, np.array([float(WITHIN_MONTHS)])).iloc[0]
    within = rows["event"] & (rows["stop"] <= days_of(WITHIN_MONTHS))
    n_events, n_clusters = int(within.sum()), int(rows["conflict_id"].nunique())
    return Estimate(
        **known,
        estimand="probability",
        inference="cluster_sandwich",
        ci_level=level,
        estimate=float(at["incidence"]),
        ci_low=float(at["ci_low"]),
        ci_high=float(at["ci_high"]),
        p_value=np.nan,
        std_error=np.nan,
        nobs=len(rows),
        n_units=len(rows),
        n_events=n_events,
        n_clusters=n_clusters,
        exposed_units=len(rows),
        exposed_ends=n_events,
        exposed_clusters=n_clusters,
    )


def followed_a_year(followed: pd.DataFrame, known_until: pd.Timestamp) -> pd.DataFrame:
    """Votes cast a year or more before record and wars end; ``event``: the act came within it."""
    own = followed_for(followed, WITHIN_MONTHS)
    own = own[own["date"] + pd.DateOffset(months=WITHIN_MONTHS) <= known_until]
    own = own.reset_index(drop=True)
    return own.assign(event=own["event"] & (own["stop"] <= days_of(WITHIN_MONTHS)))


def incidence_curves(followed: pd.DataFrame, act: Act) -> pd.DataFrame:
    """Share of votes that the act had followed by each month, by kind of vote."""
    months = np.arange(HORIZON_MONTHS + 1, dtype=float)
    made = []
    for value, group in ARMS.items():
        at = incidence_at(followed[followed["is_blocked"] == value], months)
        made.append(
            pd.DataFrame(
                {
                    "curve": f"next_{act.name}",
                    "group": group,
                    "time_months": months,
                    "estimate": at["incidence"].to_numpy(),
                    "ci_low": at["ci_low"].to_numpy(),
                    "ci_high": at["ci_high"].to_numpy(),
                    "at_risk": at["at_risk"].to_numpy(),
                }
            )
        )
    return pd.concat(made, ignore_index=True)


def _strings(made: list[Estimate]) -> dict[str, str]:
    strings = {}
    for estimate in made:
        act, what = estimate.estimate_id.split(".")[2:]
        name = f"next_action.{act}.{what}"
        if what in {"hazard", "within_war"}:
            strings[name] = wording.number(estimate.estimate)
            strings[f"{name}_ci"] = wording.interval(estimate.ci_low, estimate.ci_high)
        elif what == "difference":
            strings[name] = wording.number(100 * estimate.estimate, 1)
            strings[f"{name}_ci"] = wording.interval(
                100 * estimate.ci_low, 100 * estimate.ci_high, 1
            )
        else:
            strings[name] = wording.percent(estimate.estimate)
            strings[f"{name}_n"] = str(estimate.n_units)
    return strings
