"""ended episodes → spells of peace: the same conflict, followed from the end of one of its wars.

An end is the last day before a calendar year without war, so that no conflict can resume in the
first quiet year. Follow-up begins at a landmark, twelve months after the end, among those that are
at peace then: what happens before it could only be an artifact of the definition.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from collsec.histories.cohorts.episodes import Cohort, with_strata
from collsec.histories.extents import last_day_followed

LANDMARK_MONTHS = 12


def peace_after(cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
    """Follow the conflicts of a cohort of wars from twelve months after the end of each war.

    Parameters
    ----------
    cohort : Cohort
        Wars.
    episodes : DataFrame
        All episodes, those outside the cohort too: any of them resumes its conflict.

    Returns
    -------
    Cohort
        One unit per ended war whose conflict was at peace at the landmark: ``time_zero`` the
        landmark, ``end_date`` the end of the war, ``exit_date`` the onset of the conflict's next
        war or the last day followed, ``is_ended`` whether it resumed. ``onset_year`` is the year
        of the end.
    """
    last_day = max(last_day_followed(episodes), episodes["exit_date"].max())
    later = episodes.sort_values(["conflict_id", "onset_date"])
    following = later.groupby("conflict_id")["onset_date"].shift(-1)
    resumed = pd.Series(following.to_numpy(), index=later["episode_id"].to_numpy())
    units = cohort.units[cohort.units["is_ended"].astype(bool)]
    end = units["exit_date"]
    again = units["unit_id"].map(resumed)
    units = units.assign(
        end_date=end,
        time_zero=end + pd.DateOffset(months=LANDMARK_MONTHS),
        exit_date=again.fillna(last_day).astype("datetime64[s]"),
        is_ended=again.notna(),
        onset_year=end.dt.year,
    )
    units = units.assign(time_zero=units["time_zero"].astype("datetime64[s]"))
    steps = [_step(cohort.attrition, "the war ended", "Followed from the end of the war", units)]
    at_peace = (units["time_zero"] < units["exit_date"]).to_numpy(bool)
    units = units[at_peace].reset_index(drop=True)
    steps.append(
        _step(
            steps[0],
            "at peace after twelve months",
            "Neither resumed nor beyond the record by then: an end is a quiet calendar year",
            units,
        )
    )
    days = (units["exit_date"] - units["time_zero"]).dt.days.to_numpy(float)
    return Cohort(with_strata(units.assign(duration_days=np.maximum(days, 1.0))), steps[-1])


def _step(attrition: pd.DataFrame, step: str, rule: str, kept: pd.DataFrame) -> pd.DataFrame:
    before = int(attrition["n_units"].iloc[-1])
    row = {
        "step": step,
        "rule": rule,
        "n_units": len(kept),
        "n_events": int(kept["is_ended"].sum()),
        "dropped": before - len(kept),
    }
    return pd.concat([attrition, pd.DataFrame([row])], ignore_index=True)
