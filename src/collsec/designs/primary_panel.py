"""The panel of a primary, as it is written: its exposure at every declared lag."""

from __future__ import annotations

import pandas as pd

from collsec.designs.inputs import Inputs, prepare
from collsec.histories.panels import arrange, exposure_column, unit_spells


def arrange_panel(inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The primary's panel, with the exposure at every declared lag, and the attrition table."""
    spec = inputs.spec
    prepared = prepare(inputs, spec.exposure)
    if prepared.spells is None:
        return prepared.rows, prepared.attrition
    calendar = inputs.calendar(spec.exposure.measure)
    lags = sorted({spec.exposure.lag_months, *spec.lags_months})
    exposures = {
        exposure_column(spec.exposure.measure, lag): unit_spells(prepared.units, calendar, lag)
        for lag in lags
    }
    carried = [
        c
        for c in prepared.rows.columns
        if c not in {"unit_id", "conflict_id", "start", "stop", "event", prepared.column}
    ]
    return arrange(prepared.units, prepared.outcome, exposures, carried), prepared.attrition
