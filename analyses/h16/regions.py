"""Militarized disputes that states of a region begin, and what the Council did there before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import identity
from collsec.designs.estimate import Estimate, seed_for
from collsec.designs.panel_counts import RATIO, SHIFTED, Panel, PanelCounts
from collsec.designs.parts import Context, Part, VariablesOf, part
from collsec.histories.timelines import counted_acts
from collsec.measures.registry import measure
from riskset.inference.circular_shifts import shifted_p_value
from riskset.inference.inversion import inverted_interval
from riskset.regression.two_way_poisson import (
    CountPanel,
    fit_panel,
    fit_with_controls,
    two_way_means,
)

#: Draws at most, and halvings of an interval: each fits the panel once.
MOST_DRAWS, STEPS = 2400, 20


def _regions(states: pd.DataFrame) -> dict[int, str]:
    known = states.dropna(subset=["region"]).drop_duplicates("gwno", keep="last")
    return {int(g): str(r) for g, r in zip(known["gwno"], known["region"], strict=True)}


def _grid(disputes: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    years = disputes["start_date"].dt.year
    return pd.MultiIndex.from_product(
        [sorted(set(_regions(states).values())), range(int(years.min()) + 1, int(years.max()) + 1)],
        names=["unit_id", "period"],
    ).to_frame(index=False)


@measure(
    "outcome",
    "Militarized disputes that states of the region begin in the year",
    uses=(
        "disputes.start_date",
        "disputes.gwno_initiators",
        "states.gwno",
        "states.region",
    ),
    noun="new disputes",
    cell=("region", "year"),
)
def disputes_begun(disputes: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Disputes by the region of their first initiator."""
    regions = _regions(states)
    first = pd.to_numeric(disputes["gwno_initiators"].str.split(";").str[0]).fillna(-1)
    where = first.astype(int).map(regions)
    by_year = disputes.groupby([where, disputes["start_date"].dt.year]).size()
    out = _grid(disputes, states)
    found = by_year.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy(float)
    return out.assign(count=found)


@measure(
    "by_period",
    "Acts of the Council on wars of the region in the year before (logarithm)",
    uses=(
        "disputes.start_date",
        "states.gwno",
        "states.region",
        "acts.conflict_id",
        "acts.date",
        "acts.basis",
        "acts.confidence",
        "episodes.conflict_id",
        "episodes.gwno_host",
    ),
    contrast=(
        "regions in years after more action by the Council there",
        "the same regions in other years",
    ),
)
def council_acts_before(
    disputes: pd.DataFrame, states: pd.DataFrame, acts: pd.DataFrame, episodes: pd.DataFrame
) -> pd.DataFrame:
    """Logarithm of one more than the acts on wars whose host lies in the region."""
    regions = _regions(states)
    hosts = episodes.drop_duplicates("conflict_id").set_index("conflict_id")["gwno_host"]
    counted = counted_acts(acts)
    where = counted["conflict_id"].map(hosts).map(regions)
    by_year = counted.groupby([where, counted["date"].dt.year + 1]).size()
    out = _grid(disputes, states)
    found = by_year.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy(float)
    return out.assign(exposure=np.log1p(found))


def year_before(panel: Panel) -> np.ndarray:
    """Logarithm of one more than the disputes of the region in the year before; NaN in the first.

    Returns
    -------
    ndarray, shape (n_units, n_periods)
    """
    out = np.full(panel.counts.shape, np.nan)
    out[:, 1:] = np.log1p(panel.counts[:, :-1])
    return out


def shifted_scores(panel: Panel, control: np.ndarray, effect: float) -> np.ndarray:
    """Scores of every shift of every path, the counts freed of an effect, a control held fixed.

    Returns
    -------
    ndarray, shape (n_units, n_periods)
        The path as it is in the first column.
    """
    x = np.nan_to_num(panel.exposure)
    freed = CountPanel(panel.counts * np.exp(-effect * x), control)
    known = freed.known
    slope = fit_panel(freed).estimate
    mean = two_way_means(freed, slope)
    rest = np.where(known, np.nan_to_num(freed.counts) - mean, 0.0)
    shifts = [(np.roll(x, k, axis=1) * rest).sum(axis=1) for k in range(x.shape[1])]
    return np.stack(shifts, axis=1)


@part(
    roles=(Role.SENSITIVITY,),
    variables=(VariablesOf("given_disputes", {"{name}": "finding"}),),
    designs=("panel_counts",),
    exposures=("council_acts_before",),
)
def disputes_of_the_year_before(context: Context) -> Part:
    """The ratio with last year's disputes of the region held fixed, by turning acts alone."""
    inputs, design = context.inputs, PanelCounts()
    exposure, level = inputs.spec.exposure, inputs.study.usual_level
    panel = design.prepare(inputs, exposure)
    control = year_before(panel)
    kept = replace(panel, counts=np.where(np.isnan(control), np.nan, panel.counts))
    known: dict[str, Any] = identity(
        inputs,
        exposure,
        estimate_id=f"{context.name}.given_disputes",
        role=Role.SENSITIVITY,
        label="With the region's disputes of the year before held fixed",
    )
    known |= {"estimand": RATIO, "inference": SHIFTED} | design.counts(inputs, kept)
    fit = fit_with_controls(kept.cells, control[None])
    rng = np.random.default_rng(seed_for(inputs.study.seed, known["estimate_id"]))
    draws = min(context.draws.rerandomization_draws, MOST_DRAWS)
    picks = rng.integers(len(kept.periods), size=(draws, len(kept.units)))
    found = inverted_interval(
        lambda effect: shifted_p_value(shifted_scores(kept, control, effect), picks),
        fit.estimate,
        level=level,
        steps=STEPS,
    )
    return Part(
        [
            Estimate.from_fit(
                fit.estimate,
                fit.std_error,
                level=level,
                limits=(found.low, found.high),
                p_value=found.p_value,
                power=inputs.study.power,
                detectable_error=found.std_error(level),
                **known,
            )
        ]
    )
