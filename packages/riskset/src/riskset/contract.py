"""What every estimator of event histories owes its users, tried on one call after another."""

from __future__ import annotations

import importlib.util
import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskset.arrays import Booleans, Floats
from riskset.columns import Names, as_frame, codes, names_of, numbers, require_columns
from riskset.errors import EstimationError, InferenceError
from riskset.results import Printed

#: An estimator: rows in, a result out.
Fit = Callable[[Any], Any]

#: Two searches for one maximum.
SAME = 1e-6
#: A coefficient of a 0/1 column beyond this is no estimate: the odds pass a million.
RUNAWAY = 15.0
#: Fits at a time.
THREADS = 4
#: Factors of time: one that binary fractions do not hold, and days in a month.
UNITS = (0.1, 30.4375)
PASSED, FAILED, LEFT_OUT = "passed", "FAILED", "left out"
#: A check's outcome and what there is to say of it.
Found = tuple[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class ContractReport(Printed):
    """How an estimator kept the contract.

    Attributes
    ----------
    table : DataFrame
        One row per check: ``check, outcome`` (passed, FAILED, left out), ``detail``.
    """

    table: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not (self.table["outcome"] == FAILED).any()

    def tidy(self) -> pd.DataFrame:
        """Return the table of checks."""
        return self.table.copy()

    def _facts(self) -> list[tuple[str, Any]]:
        counts = self.table["outcome"].value_counts()
        return [("contract", ", ".join(f"{n} {outcome}" for outcome, n in counts.items()))]


def check_estimator(
    fit: Fit,
    data: pd.DataFrame,
    *,
    covariates: Names = (),
    start: str | None = None,
    stop: str | None = None,
    event: str | None = None,
    unit: str | None = None,
    cluster: str | None = None,
    no_event: object = 0,
    frequency: Fit | None = None,
    estimates: Callable[[Any], Any] | None = None,
    timed: Sequence[str] = (),
    skip: Mapping[str, str] | None = None,
    refusals: tuple[type[Exception], ...] = (EstimationError, InferenceError),
    tolerance: float = SAME,
) -> ContractReport:
    """Try whether an estimator answers alike where it should, and refuses what it must.

    Parameters
    ----------
    fit : callable
        ``fit(data)`` returns a result. It names the columns itself.
    data : DataFrame
        Rows on which ``fit`` has an answer; whole numbers among the covariates try more types.
    covariates : str or sequence of str
        Numeric columns that ``fit`` uses. Two or more are needed to try collinear ones.
    start, stop, event, unit, cluster : str, optional
        Columns that ``fit`` uses for these. A check that needs another one is left out.
    no_event : object
        The value of ``event`` where the row ends in none.
    frequency : callable, optional
        ``frequency(data)`` fits as ``fit`` does, with the column ``copies`` as frequency weights.
    estimates : callable, optional
        From a result to its numbers, a mapping or an array. Coefficients and standard errors
        (``params``, ``std_errors``) by default, errors under the name ``error of x``.
    timed : sequence of str
        Names of estimates that depend on the unit of time, such as an intercept of log time.
    skip : mapping of str to str, optional
        Checks to leave out, each with the reason, which the report repeats.
    refusals : tuple of exception types
        What the estimator raises where it refuses; anything else is a fault.
    tolerance : float
        Relative to estimates above one, absolute below.

    Returns
    -------
    ContractReport

    Raises
    ------
    EstimationError
        ``fit`` has no finite answer on the data as given; a column is absent; ``skip`` names no
        check.

    Notes
    -----
    Alike within ``tolerance``: after rows change order or index labels, rows are cut in two where
    nothing changes, time is counted in other units, columns are stored as other types, the frame
    is an Arrow or Polars table, rows stand for their copies, threads fit at once, and the result
    has been pickled. Refused, by name of the column: missing and infinite values, a constant
    covariate, one that is twice another, one cluster. Refused: no event, no rows. Refused or
    finite: one event, and a covariate that separates events from the rest.

    Examples
    --------
    >>> import riskset as rs
    >>> rng = np.random.default_rng(1)
    >>> rows = pd.DataFrame({"stop": rng.exponential(size=40) + 0.1, "event": 1})
    >>> rows = rows.assign(start=0.0, x=rng.integers(0, 5, 40), z=rng.normal(size=40))
    >>> names = {"start": "start", "stop": "stop", "event": "event"}
    >>> report = check_estimator(
    ...     lambda frame: rs.cox_ph(frame, ["x", "z"], **names),
    ...     rows, covariates=["x", "z"], **names,
    ... )
    >>> report.passed
    True
    """
    data = as_frame(data)
    columns = [name for name in (start, stop, event, unit, cluster) if name is not None]
    require_columns(data, [*names_of(covariates), *columns])

    def on_a_copy(rows: Any) -> Any:
        return fit(rows.copy() if isinstance(rows, pd.DataFrame) else rows)

    trial = _Trial(
        fit=on_a_copy, bare=fit, data=data, covariates=tuple(names_of(covariates)), start=start,
        stop=stop, event=event, unit=unit, cluster=cluster, no_event=no_event,
        frequency=frequency, estimates=estimates or _coefficients, timed=frozenset(timed),
        refusals=refusals, tolerance=tolerance,
    )  # fmt: skip
    skip = dict(skip or {})
    if unknown := sorted(set(skip) - set(CHECKS)):
        raise EstimationError(f"no check {unknown[0]!r}; there are: {', '.join(CHECKS)}")
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial.require_answer()
        for name, check in CHECKS.items():
            outcome, detail = (LEFT_OUT, skip[name]) if name in skip else trial.run(check)
            rows.append((name, outcome, detail))
    return ContractReport(pd.DataFrame(rows, columns=["check", "outcome", "detail"]))


def _coefficients(result: Any) -> dict[str, float]:
    """Return coefficients and their errors, by name."""
    if not hasattr(result, "params"):
        raise EstimationError(
            f"a {type(result).__name__} has no params; say estimates=, from the result to numbers"
        )
    found = {str(name): float(value) for name, value in result.params.items()}
    errors = getattr(result, "std_errors", None)
    if errors is not None:
        found |= {f"error of {name}": float(value) for name, value in errors.items()}
    return found


@dataclass(frozen=True, slots=True)
class _Trial:
    """An estimator, its rows, and what its columns are; parameters of `check_estimator`.

    ``fit`` gets a copy of its rows, ``bare`` the rows themselves.
    """

    fit: Fit
    bare: Fit
    data: pd.DataFrame
    covariates: tuple[str, ...]
    start: str | None
    stop: str | None
    event: str | None
    unit: str | None
    cluster: str | None
    no_event: object
    frequency: Fit | None
    estimates: Callable[[Any], Any]
    timed: frozenset[str]
    refusals: tuple[type[Exception], ...]
    tolerance: float

    @property
    def named(self) -> list[str]:
        """All columns that the estimator uses."""
        given = (*self.covariates, self.start, self.stop, self.event, self.unit, self.cluster)
        return list(dict.fromkeys(name for name in given if name is not None))

    def run(self, check: Callable[[_Trial], Found]) -> Found:
        """Return the outcome of a check; an error that is no refusal is a failure."""
        try:
            return check(self)
        except Exception as error:  # whatever an estimator from outside may raise
            return FAILED, f"{type(error).__name__}: {error}"

    def read(self, result: Any) -> pd.Series[float]:
        """Return the numbers of a result by name."""
        found = self.estimates(result)
        if not isinstance(found, Mapping | pd.Series):
            found = dict(enumerate(np.asarray(found, dtype=np.float64).ravel()))
        return pd.Series({str(name): float(value) for name, value in found.items()}, dtype=float)

    def require_answer(self) -> None:
        """Raise unless the rows as given have a finite answer."""
        found = self.read(self.fit(self.data))
        if not len(found) or not np.isfinite(found).all():
            raise EstimationError("the estimator has no finite answer on the data as given")

    def apart(self, result: Any, other: Any, *, less: frozenset[str] = frozenset()) -> str:
        """Say where two results differ; nothing where they do not."""
        one, two = self.read(result), self.read(other)
        if list(one.index) != list(two.index):
            return f"estimates {list(two.index)} for {list(one.index)}"
        kept = np.flatnonzero(~one.index.isin([*less, *(f"error of {name}" for name in less)]))
        one, two = one.iloc[kept], two.iloc[kept]
        away = (one - two).abs() / one.abs().clip(lower=1.0)
        if not (away > self.tolerance).any() and not away.isna().any():
            return ""
        worst = str(away.fillna(np.inf).idxmax())
        return f"{worst} is {two[worst]:.8g} for {one[worst]:.8g}"

    def alike(self, variants: Iterator[tuple[str, Any]], *, less: frozenset[str]) -> Found:
        """Fit variants of the rows, which must not change the answer."""
        whole, done = self.fit(self.data), []
        for label, variant in variants:
            try:
                found = self.fit(variant)
            except Exception as error:  # a refusal is as much of a fault here
                return FAILED, f"{label}: {type(error).__name__}: {error}"
            if difference := self.apart(whole, found, less=less):
                return FAILED, f"{label}: {difference}"
            done.append(label)
        return (PASSED, ", ".join(done)) if done else (LEFT_OUT, "no column to try it on")

    def refused(self, flawed: pd.DataFrame, *names: str) -> str:
        """Say what is wrong with a refusal, which has to name one of some columns, if any."""
        try:
            self.fit(flawed)
        except self.refusals as error:
            if names and not any(name in str(error) for name in names):
                return f"the refusal does not name {' or '.join(map(repr, names))}: {error}"
            return ""
        except Exception as error:  # an error that is no refusal
            return f"{type(error).__name__}: {error}"
        return "answered"

    def refused_or_finite(self, rows: pd.DataFrame, runaway: str | None = None) -> Found:
        """Fit rows that few estimators can answer: a refusal or finite numbers."""
        try:
            found = self.read(self.fit(rows))
        except self.refusals as error:
            return PASSED, f"refused: {error}"
        if not np.isfinite(found).all():
            return FAILED, f"{found.index[~np.isfinite(found)][0]} is not finite"
        if runaway is not None and abs(found.get(runaway, 0.0)) > RUNAWAY:
            return FAILED, f"{runaway} is {found[runaway]:.4g}, on its way to infinity"
        return PASSED, "finite"

    def ended(self) -> Booleans:
        """Whether rows end in an event, shape (n,)."""
        assert self.event is not None
        return np.asarray(self.data[self.event] != self.no_event)

    def without_events(self, rows: Booleans) -> pd.DataFrame:
        """Return the rows, some of which now end in no event."""
        assert self.event is not None
        ends = self.data[self.event].where(~rows, self.no_event)
        return self.data.assign(**{self.event: ends.astype(self.data[self.event].dtype)})

    def times(self) -> dict[str, Floats]:
        """The columns of time."""
        return {
            name: numbers(self.data, name, allowed=-np.inf)
            for name in (self.start, self.stop)
            if name is not None
        }


def _order(trial: _Trial) -> Found:
    shuffled = trial.data.sample(frac=1.0, random_state=0)
    alike = {"reversed": trial.data[::-1], "shuffled": shuffled}
    alike["labels repeated"] = trial.data.set_axis(["row"] * len(trial.data))
    return trial.alike(iter(alike.items()), less=frozenset())


def _cuts(trial: _Trial) -> Found:
    if trial.start is None or trial.stop is None or trial.event is None:
        return LEFT_OUT, "needs start, stop and event"
    times = trial.times()
    begins = np.where(np.isfinite(times[trial.start]), times[trial.start], times[trial.stop].min())
    begins = np.minimum(begins, times[trial.stop])
    middle = (begins + times[trial.stop]) / 2
    cut = np.flatnonzero((middle > begins) & (middle < times[trial.stop]))
    first = trial.without_events(np.ones(len(trial.data), dtype=bool)).iloc[cut]
    later = times[trial.start].copy()
    later[cut] = middle[cut]
    second = trial.data.assign(**{trial.start: later})
    both = pd.concat([first.assign(**{trial.stop: middle[cut]}), second], ignore_index=True)
    return trial.alike(iter([(f"{len(cut)} rows cut", both)]), less=frozenset())


def _units(trial: _Trial) -> Found:
    times = trial.times()
    if not times:
        return LEFT_OUT, "needs stop"

    def variants() -> Iterator[tuple[str, pd.DataFrame]]:
        for factor in UNITS:
            scaled = {name: factor * column for name, column in times.items()}
            yield f"times {factor:g}", trial.data.assign(**scaled)

    return trial.alike(variants(), less=trial.timed)


def _copies(trial: _Trial) -> Found:
    if trial.frequency is None:
        return LEFT_OUT, "needs frequency="
    place = np.arange(len(trial.data))
    copies = place % 3 + 1
    repeated = trial.data.iloc[np.repeat(place, copies)].reset_index(drop=True)
    if trial.unit is not None:
        # Each copy is a unit of its own.
        owner = codes(repeated, trial.unit)[0]
        turn = np.concatenate([np.arange(k) for k in copies])
        repeated[trial.unit] = 3 * owner + turn
    weighted = trial.frequency(trial.data.assign(copies=copies))
    difference = trial.apart(trial.fit(repeated), weighted)
    return (FAILED, difference) if difference else (PASSED, "")


def _types(trial: _Trial) -> Found:
    def variants() -> Iterator[tuple[str, pd.DataFrame]]:
        for name in trial.named:
            column = trial.data[name]
            if not pd.api.types.is_numeric_dtype(column):
                continue
            values = column.to_numpy(dtype=np.float64)
            kinds = ["Float64"]
            if np.isfinite(values).all() and (values == np.round(values)).all():
                kinds = ["Int64", "float64", "object"]
                kinds += ["int8"] if np.abs(values).max() < 128 else []
                kinds += ["bool", "boolean"] if np.isin(values, (0, 1)).all() else []
                kinds += ["float32"] if np.abs(values).max() < 2**20 else []
            if name in (trial.unit, trial.cluster):
                kinds = ["Int64", "category"]
            for kind in kinds:
                yield f"{name} as {kind}", trial.data.astype({name: kind})

    return trial.alike(variants(), less=frozenset())


def _tables(trial: _Trial) -> Found:
    def variants() -> Iterator[tuple[str, Any]]:
        plain = trial.data.reset_index(drop=True)
        for library in ("pyarrow", "polars"):
            if importlib.util.find_spec(library) is not None:
                found: Any = importlib.import_module(library)
                build = found.Table.from_pandas if library == "pyarrow" else found.from_pandas
                yield library, build(plain)

    return trial.alike(variants(), less=frozenset())


def _frame(trial: _Trial) -> Found:
    given = trial.data.copy()
    trial.bare(given)
    same = given.equals(trial.data) and given.dtypes.equals(trial.data.dtypes)
    return (PASSED, "") if same else (FAILED, "the frame is another one after the fit")


def _pickled(trial: _Trial) -> Found:
    result = trial.fit(trial.data)
    difference = trial.apart(result, pickle.loads(pickle.dumps(result)))
    return (FAILED, difference) if difference else (PASSED, "")


def _printed(trial: _Trial) -> Found:
    result = trial.fit(trial.data)
    default = " object at 0x" in str(result)
    return (FAILED, "prints its address alone") if default else (PASSED, "")


def _threads(trial: _Trial) -> Found:
    alone = trial.fit(trial.data)
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(trial.fit, [trial.data] * THREADS):
            if difference := trial.apart(alone, found):
                return FAILED, difference
    return PASSED, f"{THREADS} at once"


def _absent(trial: _Trial, names: Sequence[str], value: float | None) -> Found:
    """Put a value into one row of each column, which has to be refused by name."""
    at = len(trial.data) // 2
    for name in names:
        column = trial.data[name].astype(object).where(np.arange(len(trial.data)) != at, value)
        flawed = trial.data.assign(**{name: column})
        if pd.api.types.is_numeric_dtype(trial.data[name]):
            flawed[name] = flawed[name].astype(np.float64)
        if fault := trial.refused(flawed, name):
            return FAILED, f"{name}: {fault}"
    return (PASSED, ", ".join(names)) if names else (LEFT_OUT, "no column to try it on")


def _constant(trial: _Trial) -> Found:
    for name in trial.covariates:
        if fault := trial.refused(trial.data.assign(**{name: 1.0}), name):
            return FAILED, f"{name}: {fault}"
    return (PASSED, "") if trial.covariates else (LEFT_OUT, "needs covariates")


def _collinear(trial: _Trial) -> Found:
    if len(trial.covariates) < 2:
        return LEFT_OUT, "needs two covariates"
    one, two = trial.covariates[:2]
    flawed = trial.data.assign(**{two: 2.0 * numbers(trial.data, one)})
    fault = trial.refused(flawed, one, two)
    return (FAILED, fault) if fault else (PASSED, "")


def _no_event(trial: _Trial) -> Found:
    if trial.event is None:
        return LEFT_OUT, "needs event"
    fault = trial.refused(trial.without_events(np.ones(len(trial.data), dtype=bool)))
    return (FAILED, fault) if fault else (PASSED, "")


def _one_event(trial: _Trial) -> Found:
    if trial.event is None:
        return LEFT_OUT, "needs event"
    others = np.ones(len(trial.data), dtype=bool)
    ended = np.flatnonzero(trial.ended())
    others[ended[len(ended) // 2]] = False
    return trial.refused_or_finite(trial.without_events(others))


def _one_cluster(trial: _Trial) -> Found:
    if trial.cluster is None:
        return LEFT_OUT, "needs cluster"
    fault = trial.refused(trial.data.assign(**{trial.cluster: "one"}), trial.cluster)
    return (FAILED, fault) if fault else (PASSED, "")


def _separation(trial: _Trial) -> Found:
    if trial.event is None or not trial.covariates:
        return LEFT_OUT, "needs event and covariates"
    first = trial.covariates[0]
    return trial.refused_or_finite(trial.data.assign(**{first: trial.ended() * 1.0}), first)


def _no_rows(trial: _Trial) -> Found:
    fault = trial.refused(trial.data.head(0))
    return (FAILED, fault) if fault else (PASSED, "")


#: What is tried, in this order.
CHECKS: dict[str, Callable[[_Trial], Found]] = {
    "order of rows": _order,
    "rows cut in two": _cuts,
    "unit of time": _units,
    "copies as weights": _copies,
    "types of columns": _types,
    "tables": _tables,
    "frame untouched": _frame,
    "pickle": _pickled,
    "printed": _printed,
    "threads": _threads,
    "missing": lambda trial: _absent(trial, trial.named, None),
    "infinite": lambda trial: _absent(trial, trial.covariates, np.inf),
    "constant": _constant,
    "collinear": _collinear,
    "no event": _no_event,
    "one event": _one_event,
    "one cluster": _one_cluster,
    "separation": _separation,
    "no rows": _no_rows,
}
