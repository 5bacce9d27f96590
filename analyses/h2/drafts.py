"""Blocked drafts against adopted resolutions, with the clock starting at the vote.

Both kinds of vote show a war that the Council took up. What differs is that one text was vetoed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs import curves
from collsec.designs.comparison import Comparison, with_indicators
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.jackknife import difference, hazard_ratio
from collsec.designs.parts import Context, CurveKind, CurveOf, Part, TableOf, VariablesOf, part
from collsec.designs.standardization import difference_in_months
from collsec.histories.cohorts.votes import (
    ADJUSTMENT,
    first_of_each_war,
    followed_for,
    votes_on_wars,
)
from collsec.histories.panels import days_of
from riskset import least_squares_refit

from .vetoes import COUNTS_COLUMNS

WITHIN_MONTHS = 12
# The one conflict that holds more than a third of all vetoes on wars.
ISRAEL_PALESTINE = 234
KNOWN_CLASSES = ("enforcement_or_mission", "sanctions")
ARMS = {1.0: "Draft vetoed", 0.0: "Resolution adopted"}


@dataclass(frozen=True, slots=True)
class Risk:
    """One difference in the share of wars that end within a year: which votes, adjusted or not."""

    name: str
    label: str
    votes: Callable[[pd.DataFrame], pd.DataFrame]
    is_adjusted: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """One hazard ratio of blocked against adopted: which votes, adjusted for what."""

    name: str
    label: str
    votes: Callable[[pd.DataFrame], pd.DataFrame]
    adjustment: tuple[str, ...] = ADJUSTMENT
    strata: tuple[str, ...] = ("type_group",)
    validity: str = "principled"


def _all(votes: pd.DataFrame) -> pd.DataFrame:
    return votes


def _known_class(votes: pd.DataFrame) -> pd.DataFrame:
    is_classified = votes["date"] <= votes["classified_until"]
    kept = votes[votes["action_class"].isin(KNOWN_CLASSES) & is_classified]
    return kept.assign(is_sanctions=(kept["action_class"] == "sanctions").astype(float))


QUESTIONS = (
    Question("adjusted", "Vetoed against adopted: age of the war, earlier acts, type", _all),
    Question(
        "unadjusted", "Vetoed against adopted, nothing adjusted", _all, (), (), validity="plausible"
    ),
    Question(
        "era",
        "… and a baseline by era (before 1990 or since)",
        _all,
        strata=("type_group", "in_cold_war"),
    ),
    Question("first_votes", "… first veto and first resolution of each war", first_of_each_war),
    Question(
        "without_234",
        "… without Israel–Palestine",
        lambda v: v[v["conflict_id"] != ISRAEL_PALESTINE],
    ),
    Question(
        "known_class",
        "… enforcement, missions and sanctions, class adjusted",
        _known_class,
        (*ADJUSTMENT, "is_sanctions"),
    ),
)

RISKS = (
    Risk("risk_12m", "Ended within 12 months of the vote, adjusted", _all),
    Risk("risk_12m_unadjusted", "… nothing adjusted", _all, is_adjusted=False),
    Risk(
        "risk_12m_first_votes", "… first veto and first resolution of each war", first_of_each_war
    ),
)


@part(
    roles=(Role.DRAFT,),
    tables=(
        TableOf(
            "drafts",
            (Role.DRAFT,),
            "Vetoed drafts against adopted resolutions on wars that were on; the unit is a vote × "
            "war, exposed are the vetoed. Hazard ratios of the end unless a unit is named. "
            "Intervals at 95 %, by a jackknife over conflicts, but that of months by the "
            f"sandwich. {COUNTS_COLUMNS}",
        ),
    ),
    curves=(CurveOf("vote_survival", CurveKind.SURVIVAL, "Wars still going on", since="the vote"),),
    variables=(
        VariablesOf(
            "drafts.adjusted",
            {
                "drafts.hr": "estimate",
                "drafts.ci": "interval",
                "drafts.p": "p_value",
                "drafts.mde_low": "mde_low",
            },
        ),
        VariablesOf("drafts.risk_12m", {"drafts.risk": "estimate", "drafts.risk_ci": "interval"}),
        VariablesOf(
            "drafts.risk_12m_first_votes",
            {"drafts.risk_first": "estimate", "drafts.risk_first_ci": "interval"},
        ),
        VariablesOf("drafts.months", {"{name}": "estimate", "{name}_ci": "interval"}),
    ),
    uses=(
        "acts.act",
        "acts.date",
        "acts.conflict_id",
        "acts.action_class",
        "council.acts",
    ),
    exposures=("veto_12m",),
)
def drafts(context: Context) -> Part:
    """Whether wars go on longer after a vetoed draft than after an adopted resolution."""
    votes = votes_on_wars(
        context.inputs.episodes,
        context.inputs.acts,
        context.inputs.timelines["council"],
        context.inputs.extents,
        context.inputs.spec.cohort.types,
    )
    made = [_hazard(context, votes, question) for question in QUESTIONS]
    made += [risk_within(context, votes, risk) for risk in RISKS]
    made.append(months_of_war(context, votes))
    record = _record(votes)
    return Part(
        made,
        survival_after_vote(votes, context.inputs.study.horizon_months),
        {
            f"drafts.{name}.{key}": Quantity(value, Unit.COUNT)
            for name, arm in (("vetoes", ARMS[1.0]), ("resolutions", ARMS[0.0]))
            for key, value in record[arm].items()
        },
        {"drafts": record},
    )


def _known(context: Context, name: str, label: str) -> dict[str, Any]:
    return {
        "estimate_id": f"{context.name}.drafts.{name}",
        "hypothesis": context.name,
        "role": Role.DRAFT,
        "label": label,
        "measure": "vote",
        "lag_months": 0,
    }


def _comparison(votes: pd.DataFrame, question: Question) -> Comparison:
    return Comparison(
        question.votes(votes),
        "is_blocked",
        question.adjustment,
        question.strata,
        cluster="conflict_id",
        unit="vote_id",
    )


def _hazard(context: Context, votes: pd.DataFrame, question: Question) -> Estimate:
    study = context.inputs.study
    return hazard_ratio(
        _comparison(votes, question),
        level=study.usual_level,
        power=study.power,
        validity=question.validity,
        **_known(context, question.name, question.label),
    )


def risk_within(context: Context, votes: pd.DataFrame, risk: Risk) -> Estimate:
    """Difference in the share of wars that end within a year of the vote.

    Only votes that are followed that long enter. A linear regression, so that the coefficient is
    the difference; the types enter as indicators.
    """
    rows = risk.votes(followed_for(votes, WITHIN_MONTHS))
    rows = rows.assign(event=rows["event"] & (rows["stop"] <= days_of(WITHIN_MONTHS)))
    others: list[str] = []
    if risk.is_adjusted:
        rows, types = with_indicators(rows, "type_group")
        others = [*ADJUSTMENT, *types]
    return difference(
        rows,
        least_squares_refit(rows, "event", "is_blocked", others),
        cluster="conflict_id",
        level=context.inputs.study.usual_level,
        estimand="probability_difference",
        validity="principled" if risk.is_adjusted else "plausible",
        **_known(context, risk.name, risk.label),
        **Comparison(rows, "is_blocked", cluster="conflict_id", unit="vote_id").counts(),
    )


def months_of_war(context: Context, votes: pd.DataFrame) -> Estimate:
    """Mean months of war within the horizon from the vote: all blocked less all adopted.

    The adjusted model, standardized over all votes.
    """
    horizon = context.inputs.study.horizon_months
    return difference_in_months(
        _comparison(votes, QUESTIONS[0]),
        {"is_blocked": 1.0},
        {"is_blocked": 0.0},
        horizon_months=horizon,
        level=context.inputs.study.usual_level,
        **_known(context, "months", f"War within {horizon} months of the vote, adjusted"),
    )


def survival_after_vote(votes: pd.DataFrame, horizon_months: int) -> pd.DataFrame:
    """Kaplan–Meier share of wars still going on after the vote, by what became of the draft."""
    made = [
        curves.survival(
            votes[votes["is_blocked"] == value],
            "vote_survival",
            group,
            horizon_months,
            cluster="conflict_id",
        )
        for value, group in ARMS.items()
    ]
    return pd.concat(made, ignore_index=True)


def _record(votes: pd.DataFrame) -> dict[str, Any]:
    """How many votes on how many wars lie behind each side, and how they spread."""
    within = votes["event"] & (votes["stop"] <= days_of(WITHIN_MONTHS))
    return {
        ARMS[float(str(value))]: {
            "votes": len(own),
            "wars": int(own["episode_id"].nunique()),
            "conflicts": int(own["conflict_id"].nunique()),
            "most_on_one_conflict": int(own["conflict_id"].value_counts().iloc[0]),
            "ended_within_12_months": int(within[own.index].sum()),
            "wars_ended_within_12_months": int(own.loc[within[own.index], "episode_id"].nunique()),
        }
        for value, own in votes.groupby("is_blocked")
    }
