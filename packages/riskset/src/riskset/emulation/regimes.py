"""Several regimes of treatment compared: begin within this time, within that, never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskset import plotting
from riskset.arrays import Floats
from riskset.columns import Names, as_frame, clusters, names_of, number_array
from riskset.emulation.clones import Trial
from riskset.emulation.weights import ARMS, Emulation
from riskset.errors import EstimationError, check_level, check_positive, listed
from riskset.formulas import covariates_of
from riskset.results import Printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEVER = "never"


def treatment_regimes(
    data: pd.DataFrame,
    covariates: Names,
    *,
    unit: str,
    start: str,
    stop: str,
    event: str,
    treatment: str,
    within: Sequence[float],
    never: bool = True,
    horizon: float,
    cluster: Names,
    truncate: float | None = None,
    draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
) -> TreatmentRegimes:
    """Compare beginning treatment within several grace periods, and never, from time zero.

    Parameters
    ----------
    data, covariates, unit, start, stop, event, treatment, horizon, cluster, truncate
        As in `clone_censor_weight`.
    within : sequence of float
        Grace periods: each is a regime, "begin treatment within it".
    never : bool
        Also the regime of no treatment at all.
    draws : int
        Resamples of clusters, the same for all regimes; weights are refitted in each.
    seed : int
    level : float
        Coverage of the percentile intervals.

    Returns
    -------
    TreatmentRegimes

    Raises
    ------
    EstimationError
        As in `clone_censor_weight`; nobody begins treatment within a grace period; fewer than two
        regimes.

    Notes
    -----
    Each unit is cloned into every regime, censored when it departs from it, and weighted by the
    density of the regime over that of nature, as `clone_censor_weight` does for two [1]_. A unit
    that begins treatment at two months follows "within three" and "within six" alike: regimes share
    units, and the draws allow for it.

    References
    ----------
    .. [1] Cain, L. E., Robins, J. M., Lanoy, E., Logan, R., Costagliola, D., & Hernán, M. A.
       (2010). When to start treatment? A systematic approach to the comparison of dynamic regimes
       using observational data. Int. J. Biostat. 6(2). https://doi.org/10.2202/1557-4679.1212
    """
    rows, made = covariates_of(as_frame(data), covariates)
    trial = Trial.from_frame(
        rows,
        list(made.names),
        unit=unit,
        start=start,
        stop=stop,
        event=event,
        treatment=treatment,
        cluster=names_of(cluster),
    )
    check_level(level)
    if draws:
        clusters(as_frame(data), names_of(cluster))
    graces = np.unique(number_array(within, "within"))
    end = check_positive(horizon, "the horizon")
    if len(graces) + never < 2:
        raise EstimationError("one regime cannot be compared; name more in within=")
    if not (graces[0] > 0 and graces[-1] < end):
        raise EstimationError(f"grace periods lie above zero and below the horizon {end:g}")
    if end > trial.end.max():
        raise EstimationError(
            f"the horizon {end:g} lies beyond the last follow-up ({trial.end.max():g})"
        )
    if truncate is not None and not 0.5 < truncate < 1:
        raise EstimationError(f"truncate is a quantile between 0.5 and 1, not {truncate!r}")
    emulations = [
        Emulation.build(
            trial, list(made.names), float(grace), end, "never" if never else "later", truncate
        )
        for grace in graces
    ]
    everybody = np.ones(len(trial.end))
    curves = _curves(emulations, everybody, never)
    values = _values(curves, end)
    drawn = np.full((draws, *values.shape), np.nan)
    generator, even = np.random.default_rng(seed), np.full(trial.n_clusters, 1 / trial.n_clusters)
    for b in range(draws):
        times = generator.multinomial(trial.n_clusters, even)[trial.cluster].astype(float)
        try:
            drawn[b] = _values(_curves(emulations, times, never), end)
        except EstimationError:
            continue
    begun = [int(trial.treated_by(float(grace)).sum()) for grace in graces]
    return TreatmentRegimes(
        curves=curves,
        values=values,
        draws=drawn,
        units={"units": len(trial.end), "clusters": trial.n_clusters},
        followers=dict(zip(map(_label, graces), begun, strict=True)),
        horizon=end,
        level=level,
    )


@dataclass(frozen=True, slots=True, repr=False)
class TreatmentRegimes(Printed):
    """Regimes of treatment compared.

    Attributes
    ----------
    curves : DataFrame
        ``regime, time, survival``.
    values : ndarray, shape (r, 2)
        Restricted mean and risk of each regime at the horizon.
    draws : ndarray, shape (draws, r, 2)
        The same in resamples; NaN where one could not be estimated.
    units : dict of str to int
        ``units, clusters``.
    followers : dict of str to int
        Units that begin treatment within each grace period while followed.
    horizon, level : float
    """

    curves: pd.DataFrame
    values: Floats
    draws: Floats
    units: dict[str, int]
    followers: dict[str, int]
    horizon: float
    level: float

    @property
    def regimes(self) -> list[str]:
        """The regimes, "never" last."""
        return list(pd.unique(self.curves["regime"]))

    @property
    def nobs(self) -> int:
        """Units."""
        return self.units["units"]

    def tidy(self) -> pd.DataFrame:
        """Return restricted mean and risk of each regime: ``regime, quantity, estimate, …``."""
        parts = [
            self._interval(self.values[:, k], self.draws[:, :, k]).assign(
                regime=self.regimes, quantity=name
            )
            for k, name in enumerate(("restricted mean", "risk"))
        ]
        table = pd.concat(parts, ignore_index=True)
        return table[["regime", "quantity", "estimate", "std_error", "ci_low", "ci_high"]]

    def contrasts(self, reference: str | None = None) -> pd.DataFrame:
        """Return differences from one regime, the last by default.

        Returns
        -------
        DataFrame
            ``regime, reference, quantity, estimate, std_error, ci_low, ci_high``.
        """
        names = self.regimes
        base = names[-1] if reference is None else reference
        if base not in names:
            raise EstimationError(f"no regime {base!r}; regimes are {listed(names)}")
        at, parts = names.index(base), []
        others = [i for i in range(len(names)) if i != at]
        for k, name in enumerate(("restricted mean", "risk")):
            away = self.values[others, k] - self.values[at, k]
            drawn = self.draws[:, others, k] - self.draws[:, [at], k]
            parts.append(
                self._interval(away, drawn).assign(
                    regime=[names[i] for i in others], reference=base, quantity=name
                )
            )
        columns = ["regime", "reference", "quantity", "estimate", "std_error", "ci_low", "ci_high"]
        return pd.concat(parts, ignore_index=True)[columns]

    def plot(self, *, axes: Axes | None = None, xlabel: str = "Time") -> Axes:
        """Draw survival under each regime."""
        return plotting.curves(
            self.curves, value="survival", by="regime", axes=axes, band=False, xlabel=xlabel,
            ylabel="Survival",
        )  # fmt: skip

    def _interval(self, estimate: Floats, draws: Floats) -> pd.DataFrame:
        table = pd.DataFrame({"estimate": estimate})
        kept = draws[~np.isnan(draws).any(axis=1)]
        if len(kept) < 2:
            return table.assign(std_error=np.nan, ci_low=np.nan, ci_high=np.nan)
        tail = (1 - self.level) / 2
        low, high = np.quantile(kept, [tail, 1 - tail], axis=0)
        return table.assign(std_error=kept.std(axis=0, ddof=1), ci_low=low, ci_high=high)

    def _facts(self) -> list[tuple[str, Any]]:
        return [
            ("model", "clone, censor, weight: several regimes"),
            *self.units.items(),
            *((f"treated {name}", number) for name, number in self.followers.items()),
            ("horizon", f"{self.horizon:g}"),
        ]


def _label(grace: float) -> str:
    return f"within {grace:g}"


def _curves(emulations: list[Emulation], multiplicity: Floats, never: bool) -> pd.DataFrame:
    """Return survival under each regime, for units drawn so many times."""
    parts = []
    for emulation in emulations:
        weights = emulation.weights(multiplicity)
        both = emulation.estimate(multiplicity, weights)[0]
        own = both[both["arm"] == ARMS[0]].assign(regime=_label(emulation.grace))
        parts.append(own)
        if never and emulation is emulations[-1]:
            parts.append(both[both["arm"] == ARMS[1]].assign(regime=NEVER))
    return pd.concat(parts, ignore_index=True)[["regime", "time", "survival"]]


def _values(curves: pd.DataFrame, horizon: float) -> Floats:
    """Return restricted mean and risk of each regime, shape (r, 2)."""
    out = []
    for _, part in curves.groupby("regime", sort=False):
        time, survival = part["time"].to_numpy(), part["survival"].to_numpy()
        edges = np.concatenate(([0.0], time, [horizon]))
        area = float(np.diff(edges) @ np.concatenate(([1.0], survival)))
        out.append((area, 1 - float(survival[-1])))
    return np.array(out)
