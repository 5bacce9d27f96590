"""Survival curves of groups, adjusted for covariates by the g-formula or by weights."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import numpy as np
import pandas as pd

from riskset.arrays import Floats, Integers
from riskset.columns import Names, as_frame, case_weights, clusters, codes, indicator
from riskset.covariates import matrix
from riskset.cox.baseline import baseline_influence
from riskset.cox.design import CoxDesign
from riskset.cox.model import fit_design
from riskset.cox.residuals import cluster_scores
from riskset.emulation.adjusted_result import AdjustedSurvival, GroupCurve
from riskset.errors import EstimationError, check_level, shown
from riskset.formulas import covariates_of
from riskset.nonparametric.event_sample import EventSample, IntervalScale, per_event
from riskset.nonparametric.kaplan_meier import survival_of
from riskset.regression.generalized_linear import logit
from riskset.risk_sets import running
from riskset.times import require_last_events, require_no_overlap, survival_times

Adjustment = Literal["g-formula", "weights"]
#: Columns added to the rows.
BEGIN, END, ENDED, GROUP, CLUSTER, WEIGHT = (
    f"_{name}" for name in ("begin", "end", "ended", "group", "cluster", "weight")
)


def adjusted_survival(
    data: pd.DataFrame,
    covariates: Names,
    *,
    group: str,
    start: str | None = None,
    stop: str,
    event: str,
    method: Adjustment = "g-formula",
    unit: Names | None = None,
    cluster: Names | None = None,
    weights: str | None = None,
    interval: IntervalScale = "log-log",
    level: float = 0.95,
) -> AdjustedSurvival:
    """Estimate survival had the whole cohort been in each of several groups.

    Parameters
    ----------
    data : DataFrame
        Rows ``(start, stop]``; units may enter late and have several rows.
    covariates : str or sequence of str
        What to adjust for: columns or a formula, known when a unit enters and constant within it.
    group : str
        Column of the group (a treatment, a region), constant within a unit.
    start, stop, event : str
        As in `kaplan_meier`.
    method : {"g-formula", "weights"}
        ``g-formula``: a Cox model with a baseline hazard of its own for each group, averaged over
        all units. ``weights`` (two groups): a weighted Kaplan–Meier curve of each group, each unit
        by the inverse of its probability (a logit) to be in the group that it is in.
    unit : str or sequence of str, optional
        Whose row it is; each row is a unit by default. No row follows the event of its unit.
    cluster : str or sequence of str, optional
        Groups of dependent units; each unit by default.
    weights : str, optional
        Column of sampling weights, constant within a unit.
    interval : {"log-log", "log", "plain"}
        Scale of the pointwise interval.
    level : float

    Returns
    -------
    AdjustedSurvival

    Raises
    ------
    EstimationError
        A covariate or the group changes within a unit; a group has no event; more than two groups
        for weights; covariates separate the groups.

    Notes
    -----
    With ``Λ_a`` the baseline of group a, the g-formula [1]_ is the mean over units of
    ``exp{−exp(x_i β) Λ_a(t)}``; with weights [2]_ ``S_a(t) = Π {1 − Σ w dN / Σ w Y}``, where
    ``w = 1 / P(A = a | x)``.
    Errors sum the squared influence of clusters: through the curve, through the coefficients (of
    hazard or of group), and through the make-up of the cohort. Late entry has to be independent of
    survival given the group (and, for the g-formula, covariates). Both are right if nothing else
    confounds the groups and the model that is used is right.

    References
    ----------
    .. [1] Hernán, M. A., & Robins, J. M. (2020). Causal Inference: What If, ch. 13 and 17. Chapman
       & Hall/CRC.
    .. [2] Xie, J., & Liu, C. (2005). Adjusted Kaplan–Meier estimator and log-rank test with inverse
       probability of treatment weighting for survival data. Stat. Med. 24, 3089–3110.
       https://doi.org/10.1002/sim.2174
    """
    check_level(level)
    if method not in ("g-formula", "weights"):
        raise EstimationError(f"method must be 'g-formula' or 'weights', not {method!r}")
    data, made = covariates_of(as_frame(data), covariates)
    spells = survival_times(data, start, stop)
    require_no_overlap(data, unit, spells)
    ended = indicator(data, event)
    code, labels = codes(data, group)
    if len(labels) < 2:
        raise EstimationError(f"{group!r} holds one group; there is nothing to compare")
    owner = np.arange(len(data)) if unit is None else codes(data, unit)[0]
    chosen = cluster if cluster is not None else unit
    groups, group_labels = (
        (np.arange(len(data)), pd.Index(data.index)) if chosen is None else clusters(data, chosen)
    )
    given = case_weights(data, weights)
    value = np.ones(len(data)) if given is None else given
    x = matrix(data, made.names)
    first = np.unique(owner, return_index=True)[1]
    _require_constant(data, owner, first, np.column_stack((code, groups, value, x)), made.names)
    require_last_events(data, unit, spells, ended)
    ready = pd.DataFrame(x, columns=pd.Index(made.names), index=data.index).assign(
        **{BEGIN: spells.start, END: spells.stop, ENDED: ended, GROUP: code, CLUSTER: groups}
    )
    for a, label in enumerate(labels):
        if not ended[(code == a) & (value > 0)].any():
            raise EstimationError(f"{group!r} {shown(label)} has no event: its curve is unknown")
    build = _by_model if method == "g-formula" else _by_weights
    curves = build(ready, list(made.names), value, first, len(labels), start is not None)
    return AdjustedSurvival(
        curves=dict(zip(map(_plain, labels), curves, strict=True)),
        group=group,
        method=method,
        clusters=group_labels,
        nobs=len(data),
        n_units=len(first),
        n_events=int(ended.sum()),
        interval=interval,
        level=level,
    )


def _plain(label: Hashable) -> Hashable:
    return label.item() if isinstance(label, np.generic) else label


def _require_constant(
    data: pd.DataFrame, owner: Integers, first: Integers, values: Floats, names: tuple[str, ...]
) -> None:
    """Raise where group, cluster, weight or a covariate changes within a unit."""
    place = np.unique(owner, return_inverse=True)[1]
    changed = np.argwhere(values != values[first[place]])
    if changed.size:
        what = ("the group", "the cluster", "the weight", *map(repr, names))[int(changed[0, 1])]
        raise EstimationError(
            f"{what} changes within the unit of row {shown(data.index[int(changed[0, 0])])}; "
            "curves rest on what is known when a unit enters (for an exposure that begins later: "
            "standardize, clone_censor_weight)"
        )


def _by_model(
    ready: pd.DataFrame,
    names: list[str],
    value: Floats,
    first: Integers,
    groups: int,
    late: bool,
) -> list[GroupCurve]:
    """Average over the units what a Cox model stratified by group says of each group."""
    design = CoxDesign.from_frame(
        ready.assign(**{WEIGHT: value}),
        names,
        start=BEGIN,
        stop=END,
        event=ENDED,
        strata=[GROUP],
        cluster=CLUSTER,
        weights=WEIGHT if (value != 1).any() else None,
    )
    result = fit_design(design)
    at, share = result.fitted, value[first] / value[first].sum()
    x = ready[names].to_numpy(dtype=np.float64)[first] - design.center
    relative = np.exp(x @ result.params.to_numpy(dtype=np.float64))
    moved = cluster_scores(design, at) @ result.model_cov.to_numpy()
    member = ready[CLUSTER].to_numpy()[first]
    out = []
    for code in range(groups):
        sets, slots = design.risk_sets, design.slots
        moments = np.flatnonzero(sets.stratum == code)
        scale = float(np.exp(-at.shift))
        hazard = running(slots.by_moment(at.hazard)[moments])[1:] * scale
        drift = running(at.means.sums(at.hazard)[moments])[1:] * scale * design.scale
        known = baseline_influence(result, moments, np.full(len(moments), scale))
        baseline = np.cumsum(known, axis=1) - moved @ drift.T
        survival = np.exp(-relative[:, None] * hazard)
        mean = share @ survival
        loss = (share * relative)[:, None] * survival
        influence = -baseline * loss.sum(axis=0) - moved @ (x.T @ loss) * hazard
        np.add.at(influence, member, share[:, None] * (survival - mean))
        own = ready[GROUP].to_numpy() == code
        out.append(GroupCurve.of(ready[own], BEGIN, END, sets.time[moments], mean, influence))
    return out


def _by_weights(
    ready: pd.DataFrame,
    names: list[str],
    value: Floats,
    first: Integers,
    groups: int,
    late: bool,
) -> list[GroupCurve]:
    """Weight each unit by the inverse probability of its group."""
    if groups != 2:
        raise EstimationError(f"weights compare two groups, not {groups}; use method='g-formula'")
    units = ready.iloc[first].assign(**{WEIGHT: value[first]})
    chance = logit(units, names, outcome=GROUP, weights=WEIGHT)
    z = np.column_stack((np.ones(len(ready)), ready[names].to_numpy(dtype=np.float64)))
    p = 1 / (1 + np.exp(-z @ chance.params.to_numpy(dtype=np.float64)))
    number = int(ready[CLUSTER].max()) + 1
    scores = (value * (ready[GROUP].to_numpy() - p))[first, None] * z[first]
    moved = np.zeros((number, z.shape[1]))
    np.add.at(moved, ready[CLUSTER].to_numpy()[first], scores)
    moved = moved @ chance.model_cov.to_numpy()
    out = []
    for code in range(2):
        own = np.flatnonzero((ready[GROUP].to_numpy() == code) & (value > 0))
        own_chance = p[own] if code else 1 - p[own]
        part = ready.iloc[own].assign(**{WEIGHT: value[own] / own_chance})
        sample = EventSample.from_frame(
            part,
            part[ENDED].to_numpy(dtype=bool),
            start=BEGIN if late else None,
            stop=END,
            weights=WEIGHT,
            weight_kind="case",
            cluster=CLUSTER,
        )
        # The derivative of log w by the coefficients: −(1 − p)z in group one, pz in group zero.
        slope = z[own] * (own_chance - 1)[:, None] * (1 if code else -1)
        survival, at_risk, events = survival_of(sample), sample.at_risk(), sample.events()
        remaining, hazard = sample.remaining(), events / at_risk
        assert sample.cluster_labels is not None
        excess = np.zeros((number, len(survival)))
        excess[sample.cluster_labels.to_numpy(dtype=np.int64)] = sample.excess(hazard)
        excess += moved @ _tilt(sample, slope, hazard).T
        scaled = excess * per_event(np.ones_like(remaining), remaining)
        influence = -survival * np.cumsum(scaled, axis=1)
        weight = (value[own] / own_chance)[np.isin(own, first)]
        out.append(GroupCurve.of(part, BEGIN, END, sample.sets.time, survival, influence, weight))
    return out


def _tilt(sample: EventSample, slope: Floats, hazard: Floats) -> Floats:
    """Return the derivative of weighted events less expected ones at each moment, (k, p)."""
    sets, weight = sample.sets, sample.weights
    at_risk = np.column_stack([sets.at_risk((weight * column)[sets.rows]) for column in slope.T])
    rows = sets.rows[sets.failures]
    events = np.zeros_like(at_risk)
    np.add.at(events, sets.failure_moment, weight[rows, None] * slope[rows])
    return np.asarray(events - at_risk * hazard[:, None])
