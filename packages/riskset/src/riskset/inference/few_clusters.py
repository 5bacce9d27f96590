"""Errors that hold where clusters are few, or cross one another, for Cox and other models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskset.arrays import Floats, Integers, crossproduct, sum_by_group
from riskset.clustered import check_cluster_number, require_spread
from riskset.cox.design import CoxDesign
from riskset.cox.partial_likelihood import Likelihood
from riskset.cox.residuals import cluster_scores, score_residuals
from riskset.cox.result import CoxResult
from riskset.errors import EstimationError, shown, warn
from riskset.formulas import Covariates
from riskset.parametric.aft_result import AftResult
from riskset.parametric.discrete_result import DiscreteHazardResult
from riskset.parametric.flexible_result import FlexibleParametricResult
from riskset.regression.fitting import RegressionResult
from riskset.results import Coefficients

Method = Literal["sandwich", "cr2", "jackknife"]
METHODS: tuple[Method, ...] = ("sandwich", "cr2", "jackknife")
NAMED = {"sandwich": "sandwich × G/(G − 1)", "cr2": "CR2", "jackknife": "jackknife (CV3)"}
#: A cluster that holds more than this share of what determines a combination of coefficients
#: leaves no residual to learn its variance from.
WHOLE = 1 - 1e-8
#: Below minus this fraction of the trace, an eigenvalue of a two-way covariance is negative.
NEGATIVE = 1e-12
NO_CLUSTERS = "the model has no clusters; fit it with cluster="


@dataclass(frozen=True, slots=True, repr=False)
class ClusterInference(Coefficients):
    """Coefficients of a model with errors for few clusters, referred to Student's t.

    Attributes
    ----------
    params : Series, shape (p,)
        The model's own.
    cov : DataFrame, shape (p, p)
    method : {"sandwich", "cr2", "jackknife"}
    n_clusters : tuple of int
        Clusters; with ``across`` those of both groupings.
    nobs : int
    n_events : float
        Events, or the sum of the outcome.
    kind : str
        What is modeled.
    covariates : Covariates or None
        How columns are made from a frame.
    changing : tuple of str
        Covariates whose effect changes with time.
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    method: Method
    n_clusters: tuple[int, ...]
    nobs: int
    n_events: float
    kind: str
    covariates: Covariates | None
    changing: tuple[str, ...] = ()

    @property
    def df_resid(self) -> float:
        """Degrees of freedom: the clusters less one, of the coarser of two groupings."""
        return float(min(self.n_clusters) - 1)

    def _time_varying(self) -> tuple[str, ...]:
        return self.changing

    def _facts(self) -> list[tuple[str, Any]]:
        groups = " × ".join(map(str, self.n_clusters))
        return [
            ("model", self.kind),
            ("rows", self.nobs),
            ("events", f"{self.n_events:g}"),
            ("standard errors", f"{NAMED[self.method]}, {groups} clusters"),
            ("reference", f"t({self.df_resid:g})"),
        ]


class Clusters(Protocol):
    """The clusters of a fit: what errors for few of them are made of."""

    @property
    def cluster(self) -> Integers:
        """Of each row, shape (n,)."""

    @property
    def labels(self) -> pd.Index:
        """Names of the clusters, shape (g,)."""

    @property
    def index(self) -> pd.Index:
        """Of the data, shape (n,)."""

    def scores(self) -> Floats:
        """Return scores by cluster, shape (g, p)."""

    def row_scores(self) -> Floats:
        """Return weighted scores by row, shape (n, p)."""

    def information(self) -> Floats:
        """Return each cluster's part of the information, shape (g, p, p)."""

    def without(self, cluster: int, move: Floats) -> Floats:
        """Return the parameters without a cluster, sought from the estimate less a move, (p,)."""

    def held_scores(self, place: int, value: float) -> Floats:
        """Return scores by cluster of a parameter held at a value, the others' part off, (g,)."""


#: Models whose errors for few clusters there are.
ClusteredFit = (
    CoxResult | AftResult | FlexibleParametricResult | DiscreteHazardResult | RegressionResult
)


def cluster_inference(
    fit: ClusteredFit, method: Method = "jackknife", *, across: npt.ArrayLike | None = None
) -> ClusterInference:
    """Return a model's coefficients with errors that hold where clusters are few.

    Parameters
    ----------
    fit : CoxResult, AftResult, FlexibleParametricResult, DiscreteHazardResult, RegressionResult
        Fitted with ``cluster`` by `cox_ph`, `aft`, `flexible_parametric`, `interval_parametric`,
        `discrete_hazard`, `logit`, `poisson` or `negative_binomial`.
    method : {"jackknife", "cr2", "sandwich"}
        ``sandwich`` is that of the fit times G/(G − 1). ``cr2`` undoes the leverage by which each
        cluster pulls the estimate toward itself. ``jackknife`` refits without each cluster in turn.
        All are referred to Student's t with G − 1 degrees of freedom.
    across : array_like, shape (n,), optional
        A second grouping of the rows, in the order of the data, which crosses the clusters
        (periods across countries). For ``sandwich`` alone.

    Returns
    -------
    ClusterInference

    Raises
    ------
    EstimationError
        The model has no clusters; one cluster alone determines a coefficient (``cr2``), or there
        is no estimate without one (``jackknife``); ``across`` is of another length, misses a
        label, holds one group, or leaves a coefficient no variance.

    Notes
    -----
    With ``V`` the inverse information, ``U_g`` the sum of the score residuals of cluster ``g`` and
    ``Ω_g`` its part of the information, ``Σ_g Ω_g = V⁻¹``, the covariances are ::

        sandwich    G/(G − 1) · V (Σ_g U_g U_g') V
        cr2         V (Σ_g Ũ_g Ũ_g') V,   Ũ_g = (I − Ω_g V)^(−1/2) U_g
        jackknife   (G − 1)/G · Σ_g (β₋g − β)(β₋g − β)'

    CR2 comes from linear models [1]_, [2]_; for Cox models see [3]_, where ``Ω_g`` is the
    predictable variation of ``U_g``, ``Σ_{i∈g} ∫ (x_i − x̄)(x_i − x̄)' Y_i e^{x_i β} dΛ₀``, so that
    ``I − Ω_g V`` has no negative eigenvalue; elsewhere it is the cluster's observed information.
    The jackknife is CV3 [4]_. Across two groupings the sandwiches of both are added and that of
    their intersections is taken off [5]_, each with its own G/(G − 1).

    References
    ----------
    .. [1] Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear
       regression with multi-stage samples. Survey Methodology 28, 169–181.
    .. [2] Kauermann, G., & Carroll, R. J. (2001). A note on the efficiency of sandwich covariance
       matrix estimation. JASA 96, 1387–1396. https://doi.org/10.1198/016214501753382309
    .. [3] Wang, X., Turner, E. L., & Li, F. (2023). Improving sandwich variance estimation for
       marginal Cox analysis of cluster randomized trials. Biometrical Journal 65, 2200113.
       https://doi.org/10.1002/bimj.202200113
    .. [4] MacKinnon, J. G., Nielsen, M. Ø., & Webb, M. D. (2023). Fast and reliable jackknife and
       bootstrap methods for cluster-robust inference. Journal of Applied Econometrics 38,
       671–694. https://doi.org/10.1002/jae.2969
    .. [5] Cameron, A. C., Gelbach, J. B., & Miller, D. L. (2011). Robust inference with multiway
       clustering. JBES 29, 238–249. https://doi.org/10.1198/jbes.2010.07136

    Examples
    --------
    >>> import pandas as pd
    >>> from riskset import cox_ph
    >>> wars = pd.DataFrame({"months": range(1, 41), "ended": 1, "country": list(range(20)) * 2})
    >>> wars["aid"] = [0, 1, 1, 0, 1] * 8
    >>> fit = cox_ph(wars, ["aid"], stop="months", event="ended", cluster="country")
    >>> cluster_inference(fit, "cr2").df_resid
    19.0
    """
    if method not in METHODS:
        raise EstimationError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    own = clusters_of(fit)
    number = len(own.labels)
    groups: tuple[int, ...] = (number,)
    model = fit.fit if isinstance(fit, DiscreteHazardResult) else fit
    bread = model.model_cov.to_numpy()
    if across is not None:
        if method != "sandwich":
            raise EstimationError(
                f"two groupings that cross are for method='sandwich'; {method!r} takes one"
            )
        cov, second = _two_way(own, bread, across)
        groups = (number, second)
    elif method == "jackknife":
        cov = _jackknife(own, np.asarray(fit.params, dtype=np.float64), bread)
    else:
        scores = own.scores()
        if method == "cr2":
            scores = _unleveraged(scores, own.information(), bread, own.labels)
        cov = _squared(scores, bread)
        if method == "sandwich":
            cov *= number / (number - 1)
    require_spread(cov, bread)
    check_cluster_number(min(groups), len(bread))
    names = fit.params.index
    return ClusterInference(
        params=fit.params,
        cov=pd.DataFrame(cov, index=names, columns=names),
        method=method,
        n_clusters=groups,
        nobs=model.nobs,
        n_events=float(model.n_events),
        kind=dict(fit._facts())["model"],
        covariates=fit._covariates(),
        changing=fit._time_varying(),
    )


def clusters_of(fit: ClusteredFit) -> Clusters:
    """Return the clusters of a fit that has coefficients; raise for any other."""
    if type(fit) is CoxResult:
        return CoxClusters.of(fit)
    if isinstance(fit, DiscreteHazardResult):
        fit = fit.fit
    if not isinstance(fit, AftResult | FlexibleParametricResult | RegressionResult):
        raise EstimationError(
            f"errors for few clusters are those of cox_ph and regressions, not of "
            f"{type(fit).__name__}; cluster_jackknife takes any estimator"
        )
    if fit.sample is None:
        raise EstimationError(NO_CLUSTERS)
    return fit.sample


@dataclass(frozen=True, slots=True)
class CoxClusters:
    """The clusters of a Cox model.

    Attributes
    ----------
    fit : CoxResult
    design : CoxDesign
    cluster : ndarray of int, shape (n,)
    labels : Index
    index : Index
        Of the data.
    """

    fit: CoxResult
    design: CoxDesign
    cluster: Integers
    labels: pd.Index
    index: pd.Index

    @classmethod
    def of(cls, fit: CoxResult) -> CoxClusters:
        """Return the clusters of a fit.

        Raises
        ------
        EstimationError
            It has none, no coefficient, or weights that were estimated.
        """
        if not fit.is_likelihood:
            raise EstimationError(
                f"a model of {fit.kind} has weights that were estimated; cluster_jackknife works "
                "them out again without each cluster"
            )
        if not len(fit.params):
            raise EstimationError("the null model has no coefficient")
        design = fit.design
        if design.cluster is None or design.cluster_labels is None:
            raise EstimationError(NO_CLUSTERS)
        return cls(fit, design, design.cluster, design.cluster_labels, design.index)

    def scores(self) -> Floats:
        """Return scores by cluster, shape (g, p)."""
        return cluster_scores(self.design, self.fit.fitted)

    def row_scores(self) -> Floats:
        """Return weighted scores by row, shape (n, p)."""
        rows = score_residuals(self.design, self.fit.fitted)
        if self.design.sample_weights is not None:
            rows *= self.design.sample_weights[:, None]
        return rows

    def information(self) -> Floats:
        """Return each cluster's part of the information, shape (g, p, p)."""
        return cluster_information(self.design, self.fit.fitted)

    def without(self, cluster: int, move: Floats) -> Floats:
        """Return the coefficients without a cluster, sought from the estimate less a move, (p,)."""
        given = self.design.sample_weights
        given = np.ones(self.fit.nobs) if given is None else given
        less = self.design.reweighted(np.where(self.cluster == cluster, 0.0, given))
        return less.estimate(self.fit.params.to_numpy(dtype=np.float64) - move)

    def held_scores(self, place: int, value: float) -> Floats:
        """Return scores by cluster of a coefficient held at a value, the others' part off, (g,)."""
        design = self.design
        others = np.arange(len(design.names)) != place
        scale = float(design.scale[place])
        held = replace(
            design,
            names=tuple(name for k, name in enumerate(design.names) if k != place),
            x=np.ascontiguousarray(design.x[:, others]),
            center=design.center[others],
            scale=design.scale[others],
            reach=design.reach[others],
            offset=design.offset + design.x[:, place] * (value * scale),
        )
        beta = np.empty(len(others))
        beta[others] = held.maximize(self.fit.params.to_numpy(dtype=np.float64)[others]).beta
        beta[place] = value * scale
        at = design.evaluate(beta)
        scores = cluster_scores(design, at) / design.scale
        own = scores[:, place]
        if others.any():
            inner = at.information[np.ix_(others, others)]
            own = own - scores[:, others] @ np.linalg.solve(inner, at.information[others, place])
        return np.asarray(own)


def _squared(scores: Floats, bread: Floats) -> Floats:
    """Return ``V (Σ U U') V`` of scores, shape (g, p)."""
    influence = scores @ bread
    return np.asarray(crossproduct(influence, np.ones(len(scores))))


def cluster_information(design: CoxDesign, at: Likelihood) -> Floats:
    """Return each cluster's part of the information, shape (g, p, p); they add up to it.

    Columns are in the units of the covariates as given.

    Parameters
    ----------
    design : CoxDesign
        With clusters.
    at : Likelihood

    Notes
    -----
    ``Σ_{i∈g} w_i ∫ (x_i − x̄(t))(x_i − x̄(t))' Y_i(t) exp(x_i β) dΛ₀(t)``; under Efron's method a row
    that fails in a tie is at risk for the share of the terms in which it has not exited.
    """
    assert design.cluster is not None and design.n_clusters is not None
    sets, slots, p = design.risk_sets, design.slots, len(design.names)
    mean = at.means.mean[slots.moment] * at.means.growth[:, None]
    if (tied := slots.tied) is not None:
        exited = at.means.failing[tied.term_place] * slots.fraction[tied.terms, None]
        mean[tied.terms] -= exited * at.means.growth[tied.terms, None]
    risk = design.weights * at.relative_risk
    cluster = sets.take(design.cluster)

    def over_time(values: Floats) -> Floats:
        """Accumulate the hazard times values of the terms, shape (s,), of each row, (m,)."""
        total = sets.exposure(slots.by_moment(at.hazard * values))
        if slots.tied is not None:
            spared = slots.by_moment(at.hazard * slots.fraction * values)
            total[sets.failures] -= spared[sets.failure_moment]
        return total

    drift = [over_time(mean[:, j]) for j in range(p)]
    out = np.zeros((design.n_clusters, p, p))
    for j in range(p):
        for k in range(j + 1):
            x, y = design.x[:, j], design.x[:, k]
            own = x * y * at.cumulative - x * drift[k] - y * drift[j]
            own += over_time(mean[:, j] * mean[:, k])
            out[:, j, k] = np.bincount(cluster, risk * own, minlength=len(out))
            out[:, k, j] = out[:, j, k]
    return out * np.outer(design.scale, design.scale)


def _unleveraged(scores: Floats, parts: Floats, bread: Floats, labels: pd.Index) -> Floats:
    """Return ``(I − Ω_g V)^(−1/2) U_g`` of each cluster, shape (g, p)."""
    values, vectors = np.linalg.eigh(bread)
    root = (vectors * np.sqrt(values)) @ vectors.T
    back = (vectors / np.sqrt(values)) @ vectors.T
    share, axes = np.linalg.eigh(root @ parts @ root)
    whole = np.flatnonzero(share.max(axis=1) > WHOLE)
    if whole.size:
        raise EstimationError(
            f"cluster {shown(labels[int(whole[0])])} alone determines a coefficient, so CR2 has "
            "nothing to learn its variance from: drop the covariate that only it has, or merge "
            "clusters"
        )
    turned = np.einsum("gij,gi->gj", axes, scores @ root) / np.sqrt(1 - share)
    return np.asarray(np.einsum("gij,gj->gi", axes, turned) @ back)


def _jackknife(own: Clusters, at: Floats, bread: Floats) -> Floats:
    """Return the covariance from refits without each cluster, shape (p, p)."""
    influence: Floats = own.scores() @ bread
    moves = np.empty_like(influence)
    for g, label in enumerate(own.labels):
        try:
            moves[g] = own.without(g, influence[g]) - at
        except EstimationError as error:
            raise EstimationError(
                f"without cluster {shown(label)} there is no estimate, and no jackknife: {error}"
            ) from None
    groups = len(moves)
    return np.asarray((groups - 1) / groups * moves.T @ moves)


def _two_way(own: Clusters, bread: Floats, across: npt.ArrayLike) -> tuple[Floats, int]:
    """Return the covariance of two groupings that cross, (p, p), and the groups of the second."""
    n = len(own.cluster)
    if isinstance(across, pd.Series) and not across.index.equals(own.index):
        raise EstimationError("across has another index than the data; give it in their order")
    labels = pd.Series(np.asarray(across, dtype=object))
    if len(labels) != n:
        raise EstimationError(f"across has {len(labels)} labels for {n} rows")
    if labels.isna().any():
        at = shown(own.index[int(np.flatnonzero(labels.isna())[0])])
        raise EstimationError(f"across is missing in row {at}; give that row a group")
    second = pd.factorize(labels)[0].astype(np.int64)
    number = int(second.max()) + 1
    if number < 2:
        raise EstimationError("across holds one group; its errors need two")
    rows = own.row_scores()
    both = pd.factorize(own.cluster * number + second)[0].astype(np.int64)

    def part(groups: Integers) -> Floats:
        size = int(groups.max()) + 1
        return _squared(sum_by_group(rows, groups, size), bread) * size / (size - 1)

    cov = part(own.cluster) + part(second) - part(both)
    if (np.diag(cov) <= 0).any():
        raise EstimationError(
            "the two-way covariance leaves a coefficient no variance: the groupings hold too few "
            "clusters to be told from their intersections. Cluster by one of them"
        )
    if np.linalg.eigvalsh(cov).min() < -NEGATIVE * np.trace(cov):
        warn(
            "the two-way covariance has a negative eigenvalue: single errors stand, but joint "
            "tests do not"
        )
    return cov, number
