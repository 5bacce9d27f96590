"""Array types, and sums over many rows in passes that need no temporary of the sample's size."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

#: Numbers per block: half a megabyte, which stays in a core's own cache from step to step.
BLOCK = 2**16
#: BLAS shares a larger product out over threads, which for arrays this narrow wait for one another
#: longer than they work: numbers per matrix-vector product, multiplications per matrix product.
ALONE_VECTOR, ALONE_MATRIX = 2**13, 2**17
#: Numbers in a cross-product from which on threads pay.
WIDE = 2**12


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield consecutive slices of rows that hold about `BLOCK` numbers each."""
    step = max(BLOCK // max(columns, 1), 1)
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def product(x: Floats, beta: Floats) -> Floats:
    """Return ``x @ beta`` of a tall array in products too small to be shared out.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    beta : ndarray, shape (p,) or (p, q)
    """
    n, p = x.shape
    out = np.empty((n, *beta.shape[1:]))
    most = ALONE_VECTOR // max(p, 1) if beta.ndim == 1 else ALONE_MATRIX // max(beta.size, 1)
    even, each = _even(n, most)
    parts = even // each
    np.matmul(
        x[:even].reshape(parts, each, p),
        beta,
        out=out[:even].reshape(parts, each, *beta.shape[1:]),
    )
    np.matmul(x[even:], beta, out=out[even:])
    return out


def dot(x: Floats, y: Floats) -> float:
    """Return the inner product of two long vectors on one thread."""
    return float(np.einsum("i,i->", x, y))


def weighted_total(x: Floats, weights: Floats) -> Floats:
    """Return ``weights @ x``, shape (p,), of a tall array in products as small."""
    even, each = _even(len(x), ALONE_VECTOR // max(x.shape[1], 1))
    parts = weights[:even].reshape(-1, 1, each) @ x[:even].reshape(even // each, each, x.shape[1])
    return np.asarray(parts.sum(axis=(0, 1)) + weights[even:] @ x[even:])


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
    p, q = x.shape[1], other.shape[1]
    out = np.zeros((p, q))
    own = np.empty((min(len(x), max(BLOCK // max(q, 1), 1)), q))
    for rows in blocks(len(x), q):
        left, right = x[rows], own[: rows.stop - rows.start]
        np.multiply(other[rows], weights[rows, None], out=right)
        even, each = _even(len(left), ALONE_MATRIX // max(p * q, 1))
        shape = (even // each, each)
        parts = left[:even].reshape(*shape, p).swapaxes(1, 2) @ right[:even].reshape(*shape, q)
        out += parts.sum(axis=0)
        out += left[even:].T @ right[even:]
    return out


def tall_product(x: Floats, y: Floats) -> Floats:
    """Return ``X' Y`` of tall arrays, shape (p, q), shared out over threads only where wide."""
    n, p, q = len(x), x.shape[1], y.shape[1]
    if n * p * q <= ALONE_MATRIX or p * q > WIDE:
        return np.asarray(x.T @ y)
    return crossproduct(x, np.ones(n), y)


def accumulate(values: Floats) -> Floats:
    """Replace an array, shape (n, c), by its running sums over rows, block by block."""
    last: Floats | None = None
    for rows in blocks(*values.shape):
        part = values[rows]
        if last is not None:
            part[0] += last
        np.cumsum(part, axis=0, out=part)
        last = part[-1]
    return values


def _even(rows: int, most: int) -> tuple[int, int]:
    """Return how many rows make parts of one size, and that size: most, but 64 at the least."""
    each = min(max(most, 64), max(rows, 1))
    return rows // each * each, each


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
    n, p = x.shape
    if not n:
        return np.zeros(p)
    # Rows side by side make runs long enough for the processor's wide registers.
    even, each = _even(n, 64)
    out = np.maximum(x[even:].max(axis=0, initial=0.0), -x[even:].min(axis=0, initial=0.0))
    wide = x[:even].reshape(even // each, each * p)
    most = np.maximum(wide.max(axis=0), -wide.min(axis=0)).reshape(each, p).max(axis=0)
    return np.asarray(np.maximum(out, most))


def sums_to(place: Integers, values: Floats, size: int) -> Floats:
    """Sum values to places, shape (size,)."""
    return np.bincount(place, values, minlength=size).astype(np.float64, copy=False)
