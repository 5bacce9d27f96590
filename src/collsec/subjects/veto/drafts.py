"""Blocked drafts against adopted resolutions, with the clock starting at the vote.

Both kinds of vote show a war that the Council took up. What differs is that one text was vetoed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from collsec.designs.clustered import Comparison, counts, difference, hazard_ratio, least_squares
from collsec.designs.estimate import Estimate
from collsec.designs.months import difference_in_months, with_indicators
from collsec.designs.parts import Context, Part, part
from collsec.designs.votes import (
    ADJUSTMENT,
    first_of_each_war,
    followed_for,
    votes_on_wars,
)
from collsec.histories.panels import DAYS_PER_MONTH, days_of
from collsec.reports.words import wording
from collsec.survival import kaplan_meier

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
    """One hazard ratio of blocked against adopted: which votes, beside what."""

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


@part()
def drafts(context: Context) -> Part:
    """Whether wars go on longer after a vetoed draft than after an adopted resolution."""
    votes = votes_on_wars(context.inputs)
    made = [_hazard(context, votes, question) for question in QUESTIONS]
    made += [risk_within(context, votes, risk) for risk in RISKS]
    made.append(months_of_war(context, votes))
    return Part(
        made,
        survival_after_vote(votes, context.inputs.study.horizon_months),
        _strings(made, votes),
        {"drafts": _record(votes)},
    )


def _known(context: Context, name: str, label: str) -> dict[str, Any]:
    return {
        "estimate_id": f"{context.name}.drafts.{name}",
        "hypothesis": context.name,
        "role": "draft",
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
        level=1 - study.alpha,
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
    beside: list[str] = []
    if risk.is_adjusted:
        rows, types = with_indicators(rows, "type_group")
        beside = [*ADJUSTMENT, *types]
    return difference(
        rows,
        least_squares(rows, "event", "is_blocked", beside),
        cluster="conflict_id",
        level=1 - context.inputs.study.alpha,
        estimand="probability_difference",
        validity="principled" if risk.is_adjusted else "plausible",
        **_known(context, risk.name, risk.label),
        **counts(Comparison(rows, "is_blocked", cluster="conflict_id", unit="vote_id")),
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
        level=1 - context.inputs.study.alpha,
        **_known(context, "months", f"War within {horizon} months of the vote, adjusted"),
    )


def survival_after_vote(votes: pd.DataFrame, horizon_months: int) -> pd.DataFrame:
    """Kaplan–Meier share of wars still going on after the vote, by what became of the draft."""
    months = np.arange(horizon_months + 1, dtype=float)
    made = []
    for value, group in ARMS.items():
        own = votes[votes["is_blocked"] == value]
        found = kaplan_meier(own, stop="stop", event="event", cluster="conflict_id")
        at = found.at((months * DAYS_PER_MONTH).tolist())
        made.append(
            pd.DataFrame(
                {
                    "curve": "vote_survival",
                    "group": group,
                    "time_months": months,
                    "estimate": at["survival"].to_numpy(),
                    "ci_low": at["ci_low"].to_numpy(),
                    "ci_high": at["ci_high"].to_numpy(),
                    "at_risk": at["at_risk"].to_numpy(),
                }
            )
        )
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


def _strings(made: list[Estimate], votes: pd.DataFrame) -> dict[str, str]:
    by_name = {e.estimate_id.rsplit(".", 1)[1]: e for e in made}
    ratio, risk, first, months = (
        by_name[n] for n in ("adjusted", "risk_12m", "risk_12m_first_votes", "months")
    )
    record = _record(votes)
    strings = {
        "drafts.hr": wording.number(ratio.estimate),
        "drafts.ci": wording.interval(ratio.ci_low, ratio.ci_high),
        "drafts.p": wording.p_value(ratio.p_value),
        "drafts.mde_low": wording.number(ratio.mde_low),
        "drafts.risk": wording.number(100 * risk.estimate, 1),
        "drafts.risk_ci": wording.interval(100 * risk.ci_low, 100 * risk.ci_high, 1),
        "drafts.risk_first": wording.number(100 * first.estimate, 1),
        "drafts.risk_first_ci": wording.interval(100 * first.ci_low, 100 * first.ci_high, 1),
        "drafts.months": wording.number(months.estimate, 1),
        "drafts.months_ci": wording.interval(months.ci_low, months.ci_high, 1),
    }
    for arm, name in (("Draft vetoed", "vetoes"), ("Resolution adopted", "resolutions")):
        strings |= {f"drafts.{name}.{k}": wording.number(v, 0) for k, v in record[arm].items()}
    return strings
