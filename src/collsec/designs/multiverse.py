"""Every declared specification of a primary: its estimate, and what they say together."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Quantity, Unit, without_estimate
from collsec.designs.inputs import Inputs
from collsec.hypothesis.multiverse import (
    AXIS,
    Specification,
    digest,
    in_order,
)
from collsec.hypothesis.options import Choices
from collsec.measures import get
from riskset import EstimationError, wald_interval, wald_p_value
from riskset.inference import InferenceError, SpecificationCurve, specification_curve

# Quantiles between which the middle of an option's specifications lies.
MIDDLE = (0.1, 0.5, 0.9)


#: A log ratio and its error.
Ratio = tuple[float, float]


def tabulated(
    specifications: Sequence[Specification],
    layout_of: Callable[[Choices], Any],
    ratio_of: Callable[[Any], Ratio],
    counts_of: Callable[[Any], dict[str, Any]],
    *,
    estimand: str,
    level: float,
) -> pd.DataFrame:
    """The ratio of each specification with its interval, from its layout.

    Parameters
    ----------
    specifications : sequence of Specification
        As :func:`collsec.hypothesis.multiverse.expand` gives them.
    layout_of, ratio_of, counts_of : callable
        From choices to a layout; from a layout to the log ratio with its error, and to its counts.
    estimand : str
        What the ratio is of.
    level : float

    Returns
    -------
    DataFrame
        One row per specification: ``specification, validity, departures``, one ``axis_…`` column
        per axis, ``measure, lag_months``, the estimate with its interval, and the counts that
        are reported with every estimate. What cannot be estimated says why in ``note``.
    """
    rows = []
    for one in specifications:
        laid_out = layout_of(one.choices)
        rows.append(
            {"specification": one.id, "validity": one.validity, "departures": len(one.departures)}
            | {f"{AXIS}{axis}": option for axis, option in one.options.items()}
            | {"measure": one.measure, "lag_months": one.lag_months}
            | {"estimand": estimand}
            | _with_interval(ratio_of, laid_out, level)
            | counts_of(laid_out)
        )
    return pd.DataFrame(rows)


def _with_interval(ratio_of: Callable[[Any], Ratio], laid_out: Any, level: float) -> dict[str, Any]:
    """The ratio of one layout and its interval, or why there is none."""
    fields = {"level": level, "note": ""}
    try:
        log, std_error = ratio_of(laid_out)
        if not (math.isfinite(log) and math.isfinite(std_error) and std_error > 0):
            raise EstimationError("no spread between clusters")
    except EstimationError as error:
        return fields | without_estimate(error)
    low, high = wald_interval(log, std_error, level)
    return fields | {
        "estimate": math.exp(log),
        "std_error": std_error,
        "ci_low": math.exp(low),
        "ci_high": math.exp(high),
        "p_value": wald_p_value(log, std_error),
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
