"""How much an estimate rests on any one cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from collsec.survival.errors import EstimationError
from collsec.survival.inference.errors import InferenceError
from collsec.survival.inference.partial_likelihood import FloatArray


@dataclass(frozen=True, slots=True)
class Influence:
    """Estimates without each cluster in turn.

    Attributes
    ----------
    estimate : float
        With all clusters, on a scale where 0 is no effect.
    cluster : tuple
        Clusters left out, sorted.
    estimates : ndarray of float, shape (n_clusters,)
        Estimate without the cluster; NaN where it cannot be estimated.
    flips_sign : tuple
        Clusters without which the sign is another one.
    not_estimable : tuple
        Clusters without which there is no estimate.
    most_influential : object
        Cluster whose absence moves the estimate most.
    """

    estimate: float
    cluster: tuple[Any, ...]
    estimates: FloatArray
    flips_sign: tuple[Any, ...]
    not_estimable: tuple[Any, ...]
    most_influential: Any


def leave_one_cluster_out(
    fit: Callable[[npt.NDArray[np.bool_]], float], cluster: npt.ArrayLike
) -> Influence:
    """Estimate again without each cluster in turn.

    Parameters
    ----------
    fit : callable
        ``fit(kept)`` with a mask of rows, shape (n_rows,), returns an estimate on a scale where
        0 is no effect (a log hazard ratio).
    cluster : array_like, shape (n_rows,)
        Cluster of each row: conflict, mission, country. Missing values (None) are rows that are
        never left out, such as units without a mission.

    Returns
    -------
    Influence

    Raises
    ------
    InferenceError
        Without any cluster, or if no estimate without a cluster exists.

    Examples
    --------
    >>> values = np.array([-3.0, 1.0, 1.0])
    >>> leave_one_cluster_out(lambda kept: float(values[kept].mean()), [1, 2, 3]).flips_sign
    (1,)
    """
    labels = np.asarray(cluster, dtype=object)
    names = tuple(sorted({label for label in labels.tolist() if label is not None}))
    if not names:
        raise InferenceError("There is no cluster to leave out.")
    estimate = float(fit(np.ones(labels.size, dtype=np.bool_)))
    estimates = np.full(len(names), np.nan)
    for position, name in enumerate(names):
        try:
            estimates[position] = fit(labels != name)
        except (EstimationError, InferenceError, np.linalg.LinAlgError):
            continue
    missing = np.isnan(estimates)
    if missing.all():
        raise InferenceError("No estimate exists without a cluster.")
    flips = ~missing & (np.sign(estimates) != np.sign(estimate))
    moves = np.where(missing, -np.inf, np.abs(estimates - estimate))
    return Influence(
        estimate=estimate,
        cluster=names,
        estimates=estimates,
        flips_sign=tuple(name for name, flip in zip(names, flips, strict=True) if flip),
        not_estimable=tuple(name for name, none in zip(names, missing, strict=True) if none),
        most_influential=names[int(np.argmax(moves))],
    )
