"""Sums over many rows in passes that need no temporary of the sample's size."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
from scipy import sparse

from collsec.estimators.columns import Floats, Integers

#: Numbers per block: half a megabyte, which stays in a core's own cache from step to step.
BLOCK = 2**16


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield consecutive slices of rows that hold about `BLOCK` numbers each."""
    step = max(BLOCK // max(columns, 1), 1)
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def weighted_total(x: Floats, weights: Floats) -> Floats:
    """Return ``weights @ x``, shape (p,); of tall arrays BLAS makes many times more work."""
    out = np.zeros(x.shape[1])
    for rows in blocks(*x.shape):
        out += weights[rows] @ x[rows]
    return out


def crossproduct(x: Floats, weights: Floats, y: Floats | None = None) -> Floats:
    """Return ``X' diag(weights) Y``, shape (p, q).

    Parameters
    ----------
    x : ndarray, shape (n, p)
    weights : ndarray, shape (n,)
    y : ndarray, shape (n, q), optional
        ``x`` by default.
    """
    other = x if y is None else y
    out = np.zeros((x.shape[1], other.shape[1]))
    for rows in blocks(*x.shape):
        out += x[rows].T @ (other[rows] * weights[rows, None])
    return out


def sum_by_group(
    x: Floats, group: Integers, n_groups: int, weights: Floats | None = None
) -> Floats:
    """Sum weighted rows to groups, shape (g, p), reading ``x`` once and in its order.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    group : ndarray of int, shape (n,)
    n_groups : int
    weights : ndarray, shape (n,), optional
        One by default.
    """
    return weighted(scatter(group, n_groups), weights) @ x


def scatter(target: Integers, size: int) -> sparse.csc_array:
    """Return the matrix that sums rows to targets, shape (size, n).

    Parameters
    ----------
    target : ndarray of int, shape (n,) or (n, c)
        Where each row goes, or the c places where it goes.
    size : int
        Number of places.
    """
    n, each = len(target), target.size // max(len(target), 1)
    width: type[np.signedinteger] = np.int32 if max(target.size, size) < 2**31 - 1 else np.int64
    pointers = each * np.arange(n + 1, dtype=width)
    entries = (np.ones(target.size), target.ravel().astype(width), pointers)
    return sparse.csc_array(entries, shape=(size, n))


def weighted(matrix: sparse.csc_array, weights: Floats | None) -> sparse.csc_array:
    """Return a matrix with other entries in the same places, which it shares."""
    if weights is None:
        return matrix
    out = copy.copy(matrix)
    out.data = weights
    return out


def largest(x: Floats) -> Floats:
    """Return the largest absolute value of each column, shape (p,)."""
    if not len(x):
        return np.zeros(x.shape[1])
    return np.asarray(np.maximum(x.max(axis=0), -x.min(axis=0)))
