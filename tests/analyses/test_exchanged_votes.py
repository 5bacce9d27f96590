"""The next act within a war: days of votes by hand, and worlds in which vetoes change nothing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from collsec_page.h2.exchanged_votes import (
    ACT,
    OTHER,
    VETO,
    compared,
    exchanged,
    followed,
    vote_days,
    within_war,
)

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate

DAY = pd.Timestamp
END = DAY("2005-01-01")
#: Standard errors of a mean over worlds: one in 370 lies beyond by chance.
FAR = 3.0
KNOWN = {
    "estimate_id": "h2.next",
    "hypothesis": "h2",
    "role": Role.MECHANISM,
    "label": "",
    "measure": "vote",
    "lag_months": 0,
    "estimand": "hazard_ratio_of_action",
}


def votes(rows: list[tuple[str, str, float]], exit_date: str = "2004-01-01") -> pd.DataFrame:
    """Votes of wars: name of the war, day, whether blocked."""
    made = pd.DataFrame(rows, columns=["episode_id", "date", "is_blocked"])
    made["date"] = pd.to_datetime(made["date"])
    age = (made["date"] - DAY("1999-01-01")).dt.days / 30.4375
    return made.assign(
        conflict_id=np.unique(made["episode_id"], return_inverse=True)[1],
        exit_date=DAY(exit_date),
        type_group="intrastate",
        log_age=np.log1p(age),
        log_prior_acts=np.log1p(made.groupby("episode_id").cumcount()),
    )


def test_drafts_of_a_day_are_one_vote_and_mixed_days_are_acts_alone() -> None:
    made = votes(
        [
            ("a", "2000-01-01", 1),
            ("a", "2000-01-01", 1),
            ("a", "2000-01-11", 1),
            ("a", "2000-01-11", 0),
            ("a", "2000-02-10", 0),
            ("a", "2000-03-11", 1),
            ("b", "2000-01-01", 0),
        ]
    )
    days = vote_days(made, made["is_blocked"] == 0, END)
    # War b has no veto, and nothing to compare.
    assert days["kind"].tolist() == [VETO, ACT, ACT, VETO]
    assert days["is_compared"].tolist() == [True, False, True, True]
    rows = followed(days, days["kind"].to_numpy(str))
    # Ten days to the mixed day; the resolution has no next act, nor has the last veto.
    assert rows["stop"].tolist() == [10, 1421, 1391]
    assert rows["event"].tolist() == [True, False, False]
    assert rows["is_blocked"].tolist() == [1, 0, 1]


def test_resolutions_that_are_no_act_of_the_kind_end_nothing() -> None:
    made = votes([("a", "2000-01-01", 1), ("a", "2000-01-11", 0), ("a", "2000-01-21", 0)])
    days = vote_days(made, pd.Series([False, False, True]), END)
    assert days["kind"].tolist() == [VETO, OTHER, ACT]
    assert followed(days, days["kind"].to_numpy(str))["stop"].tolist() == [20, 10, 1441]


def test_nothing_is_known_after_the_record_of_the_acts() -> None:
    made = votes([("a", "2000-01-01", 1), ("a", "2000-01-11", 0), ("a", "2000-01-21", 0)])
    days = vote_days(made, made["is_blocked"] == 0, DAY("2000-01-15"))
    rows = followed(days, days["kind"].to_numpy(str))
    assert rows["stop"].tolist() == [10, 4]
    assert rows["event"].tolist() == [True, False]


def world(seed: int, silence: int = 0, wars: int = 5, days: int = 40) -> pd.DataFrame:
    """Days of votes some weeks apart, a third of them vetoed; a veto silences for so many votes."""
    rng = np.random.default_rng(seed)
    rows = []
    for war in range(wars):
        day, quiet = DAY("1999-06-01"), 0
        for _ in range(days):
            day += pd.Timedelta(days=int(rng.integers(5, 60)))
            blocked = bool(quiet) or rng.random() < 1 / (3 + silence)
            quiet = max(quiet - 1, 0) if quiet else silence * blocked
            rows.append((f"w{war}", str(day.date()), float(blocked)))
    made = votes(rows, "2009-01-01")
    return vote_days(made, made["is_blocked"] == 0, DAY("2010-01-01"))


def found_in(days: pd.DataFrame, draws: int) -> tuple[Estimate, float, float]:
    return within_war(days, 0, draws=draws, seed=1, level=0.95, power=0.8, **KNOWN)


def test_without_an_effect_the_ratio_is_above_one_and_its_multiple_is_one() -> None:
    """Of five votes of a war, more of the others are resolutions if this one is a veto."""
    found = [found_in(world(seed, wars=60, days=5), 19) for seed in range(6)]
    observed = np.log([own for _, own, _ in found])
    multiples = np.log([estimate.estimate for estimate, _, _ in found])
    assert multiples == pytest.approx(observed - np.log([without for _, _, without in found]))
    error = float(np.mean([estimate.std_error for estimate, _, _ in found])) / math.sqrt(len(found))
    assert observed.mean() > FAR * error
    assert abs(multiples.mean()) < FAR * error


def test_a_council_that_falls_silent_after_vetoes_is_seen() -> None:
    estimate, own, without = found_in(world(3, silence=3), 79)
    assert estimate.ci_high < 1 and estimate.p_value < 0.05
    assert estimate.exposed_events < 0.9 * estimate.expected_events or own < without


def test_exchanges_keep_outcomes_within_their_years() -> None:
    """One vote a year: within one year nothing can be exchanged, and every ratio is the same."""
    rows = [("a", f"{y}-0{1 + y % 3}-01", float(y % 3 == 0)) for y in range(2000, 2013)]
    made = votes(rows, "2014-01-01")
    days = vote_days(made, made["is_blocked"] == 0, DAY("2014-01-01"))
    days = days.assign(log_age=np.sin(np.arange(13)), log_prior_acts=np.cos(np.arange(13) ** 2))
    own = float(compared(followed(days, days["kind"].to_numpy(str))).design().estimate()[0])
    assert exchanged(days, 1, 3, 1)[0] == pytest.approx([own] * 3)
    assert len(set(exchanged(days, 0, 5, 1)[0].round(6))) > 1


@pytest.mark.full
def test_worlds_without_an_effect_are_rejected_as_often_as_the_level_says() -> None:
    """With 30 worlds at 5 %, more than five are rejected in 0.3 % of runs."""
    worlds = (world(seed, wars=6, days=10) for seed in range(30))
    rejected = sum(found_in(days, 39)[0].p_value <= 0.05 for days in worlds)
    assert rejected <= 5
