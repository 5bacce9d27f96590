"""Small tables made by hand, typed as the study's own are and read back as text; an estimate."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate

_DAYS = (
    "date",
    "month",
    "from_month",
    "to_month",
    "known_from",
    "time_zero",
    "valid_from",
    "valid_to",
)
_TRUTHS = ("is_", "has_", "was_", "cast_")


def rows(columns: str, *values: tuple[object, ...]) -> pd.DataFrame:
    """Return a frame of some columns (names between spaces), one tuple a row.

    A column is a day, a truth, or a number by its name or its values, as in the typed tables.
    """
    return typed(pd.DataFrame(list(values), columns=columns.split(), dtype=object))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a frame the types that typed tables have."""
    return frame.astype({name: _type(name, frame[name].tolist()) for name in frame})


def _type(name: str, values: list[object]) -> str:
    known = [value for value in values if not pd.isna(value)]
    if name in _DAYS or name.endswith("_date"):
        return "datetime64[s]"
    if name.startswith(_TRUTHS):
        return "boolean"
    if known and all(isinstance(value, int) for value in known):
        return "Int64"
    return "float64" if known and all(isinstance(v, int | float) for v in known) else "string"


def told(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    """Rows of a frame as plain values: days as text, missing ones as None."""
    names = list(columns) or list(frame.columns)
    return [tuple(_plain(value) for value in row) for row in frame[names].astype(object).to_numpy()]


def _plain(value: object) -> object:
    if pd.isna(value):
        return None
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else value


def story(table: pd.DataFrame, column: str, period: str) -> str:
    """Values of a column in order of time, each with the first period in which it stands."""
    found: list[tuple[str, object]] = []
    for at, value in told(table.sort_values(period), period, column):
        if not found or found[-1][1] != value:
            found.append((str(at)[2:7] if period == "month" else str(at), value))
    return ", ".join(f"{at} {'-' if value is None else value}" for at, value in found)


def estimate(log_ratio: float, error: float, **more: Any) -> Estimate:
    """A hazard ratio of a primary with round counts, and whatever else is given."""
    found = Estimate.from_fit(
        log_ratio,
        error,
        level=0.95,
        estimate_id="h.primary",
        hypothesis="h",
        role=Role.PRIMARY,
        label="A placebo",
        measure="x",
        lag_months=0,
        estimand="hazard_ratio",
        inference="cluster_jackknife",
        nobs=100,
        n_units=100,
        n_events=50,
        n_clusters=20,
        exposed_units=10,
        exposed_events=10,
        exposed_clusters=8,
    )
    return dataclasses.replace(found, **more)
