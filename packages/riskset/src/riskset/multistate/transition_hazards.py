"""Transition hazards by a Cox model each, and the probabilities that follow from them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Floats
from riskset.clustered import require_spread
from riskset.columns import Names, as_frame, names_of
from riskset.covariates import stated
from riskset.cox.design import CoxDesign
from riskset.cox.model import fit_design
from riskset.cox.result import CoxResult
from riskset.cox.terms import Ties
from riskset.errors import EstimationError, check_level, listed
from riskset.multistate.probabilities import (
    TransitionProbabilities,
    probabilities_of,
)
from riskset.multistate.product_integral import (
    Jumps,
    check_size,
    coefficient_influence,
    hazard_jumps,
    transition_counts,
)
from riskset.multistate.states import StateRows
from riskset.nonparametric.event_sample import IntervalScale
from riskset.results import Coefficients
from riskset.times import times_up_to, untied

#: Columns of the rows handed to the Cox models, beside those of the data.
BEGIN, END, ENDED, GROUP, WEIGHT = (f"_{n}" for n in ("begin", "end", "ended", "group", "weight"))
Transition = tuple[Hashable, Hashable]


def transition_hazards(
    data: pd.DataFrame,
    covariates: Names | Mapping[Transition, Names],
    *,
    start: str,
    stop: str,
    state: str,
    to: str,
    unit: Names,
    censored: Hashable = 0,
    cluster: Names | None = None,
    weights: str | None = None,
    ties: Ties = "efron",
) -> TransitionHazards:
    """Fit a Cox model to each transition of a multi-state process.

    Parameters
    ----------
    data, start, stop, state, to, unit, censored, cluster, weights
        As in `transition_probabilities`. Covariates may change from row to row.
    covariates : str or sequence of str, or mapping of (str, str) to them
        Of all transitions, or of each ``(state, to)``; a transition that the mapping leaves out has
        none. For a hazard that depends on the time since a state was entered, add a column of it
        (the model is then no longer Markov, and gives no probabilities).
    ties : {"efron", "breslow"}

    Returns
    -------
    TransitionHazards

    Raises
    ------
    EstimationError
        As in `transition_probabilities` and, with the transition's name, in `cox_ph`.

    Notes
    -----
    ``λ_hj(t | x) = λ_hj0(t) exp(x(t) β_hj)``: those in state h are at risk of each transition out
    of it, and the others count as censoring [1]_. Clusters hold rows of all transitions, and the
    covariance of all coefficients allows for it: effects on two transitions can be compared.

    References
    ----------
    .. [1] Putter, H., Fiocco, M., & Geskus, R. B. (2007). Tutorial in biostatistics: competing
       risks and multi-state models. Stat. Med. 26, 2389–2430. https://doi.org/10.1002/sim.2712
    """
    if ties not in ("efron", "breslow"):
        raise EstimationError(f"ties must be 'efron' or 'breslow', not {ties!r}")
    frame = as_frame(data)
    rows = StateRows.from_frame(
        frame,
        start=start,
        stop=stop,
        state=state,
        to=to,
        unit=unit,
        censored=censored,
        cluster=cluster,
        weights=weights,
    )
    wanted = _by_transition(rows, covariates)
    ready = frame.assign(
        **{BEGIN: rows.start, END: rows.stop, GROUP: rows.cluster, WEIGHT: rows.weights}
    )
    models = {}
    for transition in rows.transitions:
        origin, target = transition
        own = np.flatnonzero((rows.state == origin) & (rows.weights > 0))
        ended = (rows.to[own] == target).astype(np.float64)
        try:
            design = CoxDesign.from_frame(
                ready.iloc[own].assign(**{ENDED: ended}),
                wanted[transition],
                start=BEGIN,
                stop=END,
                event=ENDED,
                cluster=GROUP,
                weights=None if weights is None else WEIGHT,
                ties=ties,
            )
            models[transition] = fit_design(design)
        except EstimationError as error:
            raise EstimationError(f"{rows.label(transition)}: {error}") from None
    return TransitionHazards.of(rows, models)


@dataclass(frozen=True, slots=True, repr=False)
class TransitionHazards(Coefficients):
    """Cox models of all transitions.

    Attributes
    ----------
    params : Series, shape (p,)
        Log hazard ratios, named ``"state → to: covariate"``.
    cov : DataFrame, shape (p, p)
        Clustered covariance, that between transitions included.
    models : dict of (str, str) to CoxResult
        The model of each transition.
    rows : StateRows
    """

    params: pd.Series[float]
    cov: pd.DataFrame
    models: dict[Transition, CoxResult]
    rows: StateRows

    @classmethod
    def of(cls, rows: StateRows, models: dict[tuple[int, int], CoxResult]) -> TransitionHazards:
        """Put the models of all transitions together."""
        names, params, moved = [], [], []
        for transition, fit in models.items():
            names += [f"{rows.label(transition)}: {name}" for name in fit.params.index]
            params.append(fit.params.to_numpy(dtype=np.float64))
            moved.append(coefficient_influence(rows, fit))
        influence = np.hstack(moved)
        cov, index = influence.T @ influence, pd.Index(names, name="term")
        if names:
            model = np.concatenate([np.diag(fit.model_cov) for fit in models.values()])
            require_spread(cov, np.diag(model))
        return cls(
            params=pd.Series(np.concatenate(params), index=index, name="estimate"),
            cov=pd.DataFrame(cov, index=index, columns=index),
            models={
                (rows.labels[origin], rows.labels[target]): fit
                for (origin, target), fit in models.items()
            },
            rows=rows,
        )

    @property
    def nobs(self) -> int:
        """Rows."""
        return len(self.rows.stop)

    @property
    def n_events(self) -> int:
        """Transitions."""
        return sum(fit.n_events for fit in self.models.values())

    @property
    def n_clusters(self) -> int:
        """Clusters; units where none were named."""
        return len(self.rows.cluster_labels)

    @property
    def loglik(self) -> float:
        """Log partial likelihood of all transitions."""
        return math.fsum(fit.loglik[1] for fit in self.models.values())

    def _bic_size(self) -> float:
        return float(self.n_events)

    def _terms(self) -> dict[str, list[str]]:
        out = {}
        for (origin, target), fit in self.models.items():
            for term, names in fit.design.covariates.terms().items():
                label = f"{origin} → {target}: "
                out[label + term] = [label + name for name in names]
        return out

    def probabilities(
        self,
        covariates: Mapping[str, float] | Mapping[Transition, Mapping[str, float]] | None = None,
        *,
        since: float | None = None,
        initial: Hashable | Mapping[Hashable, float] | None = None,
        interval: IntervalScale = "log-log",
        level: float = 0.95,
    ) -> TransitionProbabilities:
        """Return transition probabilities for fixed covariates.

        Parameters
        ----------
        covariates : mapping of str to float, or mapping of (str, str) to such a mapping, optional
            Values of the covariates of all transitions, by the names that the models give them, or
            of each transition. They are held from the beginning; all zero by default.
        since, initial, interval, level
            As in `transition_probabilities`.

        Returns
        -------
        TransitionProbabilities

        Notes
        -----
        ``P(s, t | x) = Π exp{dA(u | x)}``, the matrix exponential of
        ``dA_hj(u | x) = exp(xβ_hj) dΛ_hj0(u)``, which stays within 0 and 1 and with two states is
        ``exp(−Λ)``, as R's ``survfit`` of a multi-state ``coxph``. Errors sum the squared influence
        of clusters on baseline hazards and coefficients of all transitions.
        """
        check_level(level)
        rows, every = self.rows, list(self.models)
        values = self._values(covariates)
        parts = []
        for transition in every:
            fit = self.models[transition]
            times, size, influence = hazard_jumps(rows, fit, values[transition])
            codes = [rows.code(name) for name in transition]
            parts.append((times, size, influence, *(np.full(len(times), c) for c in codes)))
        check_size(self.n_clusters, sum(len(part[0]) for part in parts))
        when = np.concatenate([part[0] for part in parts])
        clock = untied(when, rows.width)
        at = times_up_to(clock, when, rows.width) - 1
        order = np.argsort(at, kind="stable")
        jumps = Jumps(
            time=clock,
            at=at[order],
            origin=np.concatenate([part[3] for part in parts])[order],
            target=np.concatenate([part[4] for part in parts])[order],
            size=np.concatenate([part[1] for part in parts])[order],
            influence=np.hstack([part[2] for part in parts])[:, order],
            width=rows.width,
            exponential=True,
        )
        return probabilities_of(
            rows,
            jumps,
            model="Cox models",
            counts=transition_counts(rows),
            since=since,
            initial=initial,
            interval=interval,
            level=level,
        )

    def _values(
        self, given: Mapping[str, float] | Mapping[Transition, Mapping[str, float]] | None
    ) -> dict[Transition, Floats]:
        """Return the covariates of each transition, shape (p,) each."""
        named = {pair: [str(n) for n in fit.design.names] for pair, fit in self.models.items()}
        if given is None:
            return {pair: np.zeros(len(names)) for pair, names in named.items()}
        values: Mapping[Any, Any] = given
        if all(isinstance(value, Mapping) for value in values.values()) and values:
            if unknown := [pair for pair in values if pair not in named]:
                raise EstimationError(
                    f"no transition {unknown[0]!r}; transitions are {listed(named)}"
                )
            return {pair: stated(values.get(pair, {}), names) for pair, names in named.items()}
        known = {name for names in named.values() for name in names}
        stated(values, sorted(known))
        return {pair: stated({n: values[n] for n in names}, names) for pair, names in named.items()}

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", f"Cox models of {len(self.models)} transitions"),
            ("states", ", ".join(map(str, self.rows.labels))),
            ("rows", self.nobs),
            ("transitions", self.n_events),
            ("standard errors", f"clustered ({self.n_clusters} clusters)"),
            ("log-likelihood", f"{self.loglik:.6g}"),
        ]


def _by_transition(
    rows: StateRows, covariates: Names | Mapping[Transition, Names]
) -> dict[tuple[int, int], list[str]]:
    """Return the covariates of each transition."""
    if not isinstance(covariates, Mapping):
        return {pair: names_of(covariates) for pair in rows.transitions}
    named = {(rows.labels[a], rows.labels[b]): (a, b) for a, b in rows.transitions}
    if unknown := [pair for pair in covariates if pair not in named]:
        raise EstimationError(f"no transition {unknown[0]!r} occurs; there are {listed(named)}")
    return {code: names_of(covariates.get(pair, [])) for pair, code in named.items()}
