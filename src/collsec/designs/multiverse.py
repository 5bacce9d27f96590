"""Every declared specification of a primary, estimated by the Cox model with cluster errors."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import (
    Estimate,
    Quantity,
    Unit,
    wald_interval,
    wald_p_value,
    without_estimate,
)
from collsec.designs.inputs import CARRIED, LAID_OUT, Inputs, PanelBuilder, Prepared
from collsec.hypothesis.multiverse import (
    AXIS,
    Specification,
    adjusted_for,
    digest,
    in_order,
)
from collsec.measures import get
from riskset import EstimationError, cox_ph
from riskset.inference import InferenceError, SpecificationCurve, specification_curve

# Quantiles between which the middle of an option's specifications lies.
MIDDLE = (0.1, 0.5, 0.9)


def estimate_all(
    inputs: Inputs,
    specifications: list[Specification],
    *,
    builder: type[PanelBuilder] = PanelBuilder,
    estimand: str = "hazard_ratio",
) -> pd.DataFrame:
    """Hazard ratio of each specification, with a cluster-sandwich interval.

    Parameters
    ----------
    inputs : Inputs
    specifications : list of Specification
        As :func:`collsec.hypothesis.multiverse.expand` gives them.
    builder : type
        How the units are laid out.
    estimand : str
        What the ratio is of.

    Returns
    -------
    DataFrame
        One row per specification: ``specification, validity, departures``, one ``axis_…`` column
        per axis, ``measure, lag_months``, the estimate with its interval, and the counts that
        are reported alongside every estimate. What cannot be estimated says why in ``note``.
    """
    spec = inputs.spec
    covariates = {name for one in specifications for name in adjusted_for(spec, one.choices)}
    layout = builder(inputs, sorted(covariates), (*LAID_OUT, *builder.further_columns))
    panels: dict[int, tuple[pd.DataFrame, dict[str, int]]] = {}
    made = []
    for one in specifications:
        prepared = layout.prepare(spec.exposure, choices=one.choices)
        key = id(prepared.rows)  # the layout keeps every panel: no id is used twice
        if key not in panels:
            panels[key] = _coded(prepared), Comparison.of(prepared, spec.cluster).counts()
        rows, counts = panels[key]
        made.append(
            {"specification": one.id, "validity": one.validity, "departures": len(one.departures)}
            | {f"{AXIS}{axis}": option for axis, option in one.options.items()}
            | {"measure": one.measure, "lag_months": one.lag_months}
            | {"estimand": estimand}
            | _fitted(prepared, rows, spec.cluster, inputs.study.usual_level, counts)
            | counts
        )
    return pd.DataFrame(made)


def _coded(prepared: Prepared) -> pd.DataFrame:
    """The rows of a panel with strata and clusters as small integers, which group faster."""
    codes = {column: pd.factorize(prepared.rows[column], sort=True)[0] for column in CARRIED}
    return prepared.rows.assign(**codes)


def _fitted(
    prepared: Prepared, rows: pd.DataFrame, cluster: str, level: float, counts: dict[str, int]
) -> dict[str, Any]:
    """The hazard ratio of one specification, its interval, or why there is none."""
    fields = {"level": level, "note": ""}
    if counts["exposed_events"] == 0:
        return fields | without_estimate("no war ended under exposure")
    stratum = np.zeros(len(rows), dtype=np.int64)
    for column in prepared.strata:
        code = rows[column].to_numpy()
        stratum = stratum * (int(code.max()) + 1) + code
    sample = rows.assign(stratum=stratum)
    try:
        fit = cox_ph(
            sample,
            [prepared.column, *prepared.adjustment],
            start="start",
            stop="stop",
            event="event",
            strata="stratum",
            cluster=cluster,
        )
    except EstimationError as error:
        return fields | without_estimate(error)
    beta, std_error = float(fit.params.iloc[0]), float(fit.std_errors.iloc[0])
    low, high = wald_interval(beta, std_error, level)
    return fields | {
        "estimate": math.exp(beta),
        "std_error": std_error,
        "ci_low": math.exp(low),
        "ci_high": math.exp(high),
        "p_value": wald_p_value(beta, std_error),
    }


def curve(multiverse: pd.DataFrame) -> SpecificationCurve:
    """The specification curve on the log scale, summarized by tag."""
    estimate, low, high = np.log(multiverse[["estimate", "ci_low", "ci_high"]].to_numpy(float)).T
    return specification_curve(estimate, low, high, multiverse["validity"].to_numpy(str))


def agreement(primary: Estimate, multiverse: pd.DataFrame) -> float:
    """Share of the estimable principled specifications whose sign is the primary's."""
    if not primary.estimate >= 0:
        return math.nan
    with np.errstate(divide="ignore"):
        own = float(np.log(primary.estimate))
    try:
        return curve(multiverse).principled.sign_agreement(own)
    except InferenceError:
        return math.nan


def variants(inputs: Inputs, multiverse: pd.DataFrame) -> list[Estimate]:
    """The specifications that leave the primary on one axis alone, as named estimates."""
    spec = inputs.spec
    own = {
        f"{AXIS}{axis}": name
        for axis, options in spec.multiverse.items()
        for name, option in options.items()
        if not option.made()
    }
    shared = {f.name for f in dataclasses.fields(Estimate)} & set(multiverse.columns)
    made = []
    for row in multiverse[multiverse["departures"] == 1].to_dict(orient="records"):
        axis = next(a for a, name in own.items() if row[a] != name)
        name = row[axis]
        option = spec.multiverse[axis.removeprefix(AXIS)][name]
        made.append(
            Estimate(
                **{k: row[k] for k in shared},
                cluster_low=row["ci_low"],
                cluster_high=row["ci_high"],
                estimate_id=f"{spec.hypothesis}.variant.{axis.removeprefix(AXIS)}.{name}",
                hypothesis=spec.hypothesis,
                role=Role.VARIANT,
                inference="cluster_sandwich",
                label=option.label or get(row["measure"]).title,
            )
        )
    return made


def by_option(inputs: Inputs, multiverse: pd.DataFrame) -> list[dict[str, Any]]:
    """What each option does: alone, and over all specifications that have it.

    Returns
    -------
    list of dict
        ``axis, option, label, validity, is_primary``; ``alone``, the hazard ratio with only that
        choice changed; ``n, low, median, high``, the specifications with it and the 10 %, 50 %
        and 90 % of their hazard ratios, without those that another choice makes known to be
        biased. Axes by name; on each the primary's own option first, then by tag.
    """
    own = multiverse[multiverse["departures"] == 0].iloc[0]
    rows = []
    for axis, options in sorted(inputs.spec.multiverse.items()):
        for name, option in in_order(options):
            is_primary = bool(own[f"{AXIS}{axis}"] == name)
            having = multiverse[multiverse[f"{AXIS}{axis}"] == name]
            alone = having.loc[having["departures"] == int(not is_primary), "estimate"]
            if option.validity != "known-biased":
                having = having[having["validity"] != "known-biased"]
            low, median, high = having["estimate"].quantile(list(MIDDLE)).tolist()
            rows.append(
                {
                    "axis": axis,
                    "option": name,
                    "label": option.label,
                    "validity": option.validity,
                    "is_primary": is_primary,
                    "alone": float(alone.iloc[0]),
                    "n": len(having),
                    "low": low,
                    "median": median,
                    "high": high,
                }
            )
    return rows


def summary(multiverse: pd.DataFrame) -> dict[str, Any]:
    """The digest of what was declared, and the curve's summaries by tag, plain."""
    plain = dataclasses.asdict(curve(multiverse))
    del plain["order"]
    return {"declared": digest(multiverse)} | plain


def quantities(agreement: float, multiverse: pd.DataFrame) -> dict[str, Quantity]:
    """What the page says of the multiverse, by name."""
    found = curve(multiverse)
    said = {
        "n": Quantity(len(multiverse), Unit.COUNT),
        "declared": Quantity(digest(multiverse), Unit.TEXT),
        "agreement": Quantity(agreement, Unit.SHARE),
    }
    for tag in ("principled", "plausible", "known_biased", "summarized"):
        part = getattr(found, tag)
        said |= {
            f"{tag}.n": Quantity(part.n, Unit.COUNT),
            f"{tag}.estimable": Quantity(part.n_estimable, Unit.COUNT),
            f"{tag}.above": Quantity(part.share_positive, Unit.SHARE),
            f"{tag}.above_excluding": Quantity(part.share_positive_excluding_zero, Unit.SHARE),
            f"{tag}.below_excluding": Quantity(part.share_negative_excluding_zero, Unit.SHARE),
            f"{tag}.median": Quantity(math.exp(part.median), Unit.RATIO),
            f"{tag}.lowest": Quantity(math.exp(part.lowest), Unit.RATIO),
            f"{tag}.highest": Quantity(math.exp(part.highest), Unit.RATIO),
        }
    return {f"multiverse.{name}": quantity for name, quantity in said.items()}
