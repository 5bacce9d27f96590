"""From an agreement in an ongoing war to its end, by what comes after the agreement.

The clock starts on the day of the first agreement that is signed during a war. Exposure is
presence in time on that clock, never the speed with which it was reached: a war that ended first
could not have received it.
"""

from __future__ import annotations

import pandas as pd

from collsec.designs.inputs import Cohort, PanelBuilder
from collsec.designs.registry import design
from collsec.designs.time_varying import TimeVarying


class AgreementBuilder(PanelBuilder):
    """Wars from their first agreement on."""

    def units_of(self, cohort: Cohort, episodes: pd.DataFrame) -> Cohort:
        """The wars of a cohort in which an agreement was signed, from that day on."""
        signed = self.inputs.timelines["peace_process"][["conflict_id", "from_date"]]
        units = cohort.units
        pairs = units[["unit_id", "conflict_id", "onset_date", "exit_date"]].merge(
            signed.astype({"conflict_id": "int64"}), on="conflict_id"
        )
        during = (pairs["from_date"] > pairs["onset_date"]) & (
            pairs["from_date"] < pairs["exit_date"]
        )
        first = pairs[during].groupby("unit_id")["from_date"].min()
        kept = units[units["unit_id"].isin(first.index)].reset_index(drop=True)
        day = kept["unit_id"].map(first).astype("datetime64[s]")
        before = int(cohort.attrition["n_units"].iloc[-1])
        row = {
            "step": "an agreement during the war",
            "rule": "Followed from the day of its signature",
            "n_units": len(kept),
            "n_events": int(kept["is_ended"].sum()),
            "dropped": before - len(kept),
        }
        attrition = pd.concat([cohort.attrition, pd.DataFrame([row])], ignore_index=True)
        return Cohort(kept.assign(time_zero=day), attrition)


@design
class AgreementClock(TimeVarying):
    """Exposure in calendar time, on a clock that starts with the agreement."""

    name = "agreement_clock"
    builder = AgreementBuilder
