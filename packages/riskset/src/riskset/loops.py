"""Compiled loops that sort a sample: ranks of times, order of rows, standardized columns.

Ranks and order are whole numbers, the same as those of the passes of numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from riskset.arrays import Booleans, Floats, Integers

Loop = TypeVar("Loop", bound=Callable[..., Any])
#: Sums may be split over the lanes of a processor, products fused with sums; NaN and infinity
#: keep their meaning.
_OPTIONS: Any = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz"},
}
_compile: Any = numba.njit(cache=True, **_OPTIONS)
_inline: Any = numba.njit(inline="always", **_OPTIONS)


def loop(function: Loop) -> Loop:
    """Compile a loop, and keep what was compiled beside the module."""
    compiled: Loop = _compile(function)
    return compiled


def part_of_loops(function: Loop) -> Loop:
    """Compile a function as part of each loop of its module that calls it.

    A call would be compiled as a function of its own, or not, depending on whether that had been
    loaded or compiled before: the last digits of sums would be those of one or the other code.
    """
    inlined: Loop = _inline(function)
    return inlined


#: Values whose mean and squares are taken together, while they are in the first cache.
CHUNK = 2048


@loop
def count_within(
    begin: int,
    end: int,
    values: Floats,
    edge: NDArray[np.signedinteger],
    per_unit: float,
    others: Floats,
    count: Integers,
) -> None:
    """Fill ``count`` with how many values are at or below each of some others.

    Parameters
    ----------
    begin, end : int
        Which of the others.
    values : ndarray, shape (k,)
        In increasing order.
    edge : ndarray of int, shape (c + 2,)
        How many values lie in lower cells than each cell.
    per_unit : float
        Cells per unit of the values.
    """
    last = len(edge) - 2
    low = values[0]
    for i in range(begin, end):
        other = others[i]
        place = (other - low) * per_unit
        cell = int(min(max(place, 0.0), float(last)))
        at, beyond = edge[cell], edge[cell + 1]
        while at < beyond:
            middle = (at + beyond) // 2
            if values[middle] <= other:
                at = middle + 1
            else:
                beyond = middle
        count[i] = at


@loop
def counting_order(target: Integers, size: int, out: Integers) -> None:
    """Fill ``out`` with the positions of integers below ``size`` in increasing order, stably."""
    ahead = np.zeros(size + 1, dtype=np.int64)
    for i in range(len(target)):
        ahead[target[i] + 1] += 1
    for k in range(size):
        ahead[k + 1] += ahead[k]
    for i in range(len(target)):
        out[ahead[target[i]]] = i
        ahead[target[i]] += 1


@loop
def risk_order(
    first: Integers,
    past: Integers,
    event: Booleans,
    size: int,
    rows: Integers,
    enters: Integers,
    leaves: Integers,
    ended: Booleans,
) -> int:
    """Order the rows with ``first < past`` by ``past``, below ``size``, stably; return how many.

    Parameters
    ----------
    first, past : ndarray of int, shape (n,)
    event : ndarray of bool, shape (n,)
    size : int
    rows, enters, leaves, ended : ndarray, shape (n,)
        Begin with the positions of those rows, their ``first``, ``past`` and ``event``.
    """
    ahead = np.zeros(size + 1, dtype=np.int64)
    for i in range(len(past)):
        ahead[past[i] + 1] += first[i] < past[i]
    for k in range(size):
        ahead[k + 1] += ahead[k]
        leaves[ahead[k] : ahead[k + 1]] = k
    count: int = ahead[size]
    for i in range(len(past)):
        if first[i] < past[i]:
            at = ahead[past[i]]
            rows[at], enters[at], ended[at] = i, first[i], event[i]
            ahead[past[i]] = at + 1
    return count


@loop
def column_summary(column: Floats, chosen: Booleans, out: Floats) -> None:
    """Fill ``out`` with count, mean, sum of squares about it, least and largest of some values.

    Each chunk's mean and squares are exact to rounding, and are joined as in [1]_.

    References
    ----------
    .. [1] Chan, T. F., Golub, G. H., & LeVeque, R. J. (1983). Algorithms for computing the sample
       variance. American Statistician 37, 242–247.
       https://doi.org/10.1080/00031305.1983.10483115
    """
    every = len(chosen) == 0
    count, mean, squares = 0.0, 0.0, 0.0
    least, most = np.inf, -np.inf
    own = np.empty(CHUNK)
    n = len(column)
    for begin in range(0, n, CHUNK):
        held = 0
        for i in range(begin, min(begin + CHUNK, n)):
            if every or chosen[i]:
                own[held] = column[i]
                held += 1
        if held == 0:
            continue
        total, low, high = 0.0, own[0], own[0]
        for i in range(held):
            total += own[i]
            low = min(low, own[i])
            high = max(high, own[i])
        here = total / held
        about = 0.0
        for i in range(held):
            about += (own[i] - here) * (own[i] - here)
        apart, whole = here - mean, count + held
        mean += apart * (held / whole)
        squares += about + apart * apart * (count / whole * held)
        count = whole
        least, most = min(least, low), max(most, high)
    out[0], out[1], out[2], out[3], out[4] = count, mean, squares, least, most


@loop
def standardized_column(
    begin: int, end: int, column: Floats, center: float, scale: float, block: Floats, at: int
) -> None:
    """Fill column ``at`` of a block with rows ``begin`` to ``end``."""
    per_unit = 1.0 / scale
    for i in range(begin, end):
        block[i - begin, at] = (column[i] - center) * per_unit


@loop
def put_rows(block: Floats, place: Integers, x: Floats) -> None:
    """Put the rows of a block where they belong in ``x``; those of place −1 nowhere."""
    p = np.uint64(x.shape[1])
    flat_block, flat_x = block.ravel(), x.ravel()
    for i in range(np.uint64(len(place))):
        if place[i] >= 0:
            own, to = i * p, np.uint64(place[i]) * p
            for j in range(p):
                flat_x[to + j] = flat_block[own + j]
