"""Pictures of a Cox model: whether effects change with time, and who moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskset import plotting
from riskset.cox.design import FittedCox
from riskset.cox.residuals import cluster_scores, schoenfeld_residuals, score_residuals
from riskset.errors import EstimationError, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The most clusters or rows that a picture of influence shows.
MOST = 15


def cox_picture(result: FittedCox, kind: str, term: str | None, axes: Axes | None) -> Axes:
    """Draw a picture of a Cox model.

    Parameters
    ----------
    result : FittedCox
    kind : {"proportional hazards", "influence"}
        Scaled Schoenfeld residuals over time with their running mean; or by how much the
        coefficient would change without each cluster (or row), the largest first.
    term : str, optional
        Whose coefficient; the first by default.
    axes : matplotlib.axes.Axes, optional
    """
    design, names = result.design, list(result.design.names)
    if not names:
        raise EstimationError("a model without covariates has no effects to draw")
    chosen = names[0] if term is None else term
    if chosen not in names:
        raise EstimationError(f"no covariate {chosen!r}; covariates are {listed(names)}")
    j = names.index(chosen)
    if kind == "proportional hazards":
        rows, residuals = schoenfeld_residuals(design, result.fitted)
        params = result.params.to_numpy(dtype=np.float64)
        scaled = len(rows) * residuals @ result.model_cov.to_numpy()[:, j] + params[j]
        return plotting.scatter_trend(
            design.stop[rows], scaled, axes=axes, ylabel=f"Effect of {chosen}", level_at=params[j]
        )
    if kind != "influence":
        raise plotting.unknown(kind, ("forest", "proportional hazards", "influence"))
    if design.cluster_labels is not None:
        labels, scores = design.cluster_labels, cluster_scores(design, result.fitted)
    else:
        labels, scores = design.index, score_residuals(design, result.fitted)
    change = -(scores @ result.model_cov.to_numpy()[:, j])
    largest = np.argsort(-np.abs(change), kind="stable")[:MOST]
    return plotting.bars(
        [labels[i] for i in largest],
        change[largest],
        axes=axes,
        xlabel=f"Change of {chosen} without it (first order)",
    )
