"""Compiled loops of the partial likelihood: two passes over the rows, one over the moments.

The equations are those of `partial_likelihood` and `cluster_scores`, which stay the reference: a
test holds both against each other. Rows stand in the order in which they leave and are cut in two
where a moment ends: the later part alone adds to the moments after that border, and what it has to
add up to the border goes to an array of its own. Places that come from the data are counted
without sign in flat arrays, which saves a test for numbers below zero at each access.
"""

from __future__ import annotations

import math

import numpy as np

from riskset.arrays import Floats, Integers
from riskset.loops import loop, part_of_loops

#: Rows that are turned to columns at a time: with ten covariates 10 kB, in the first cache.
ROWS = 128


@loop
def risk_sums(
    begin: int,
    end: int,
    x: Floats,
    beta: Floats,
    offset: Floats,
    shift: float,
    weights: Floats,
    first: Integers,
    past: Integers,
    failures: Integers,
    place: Integers,
    relative_risk: Floats,
    net: Floats,
    border: int,
    early: Floats,
    tied: Floats,
) -> float:
    """Add ``r`` and ``r x`` of rows where they leave, less where they enter; return ``Σ w δ η``.

    Parameters
    ----------
    begin, end : int
        The rows of this part.
    failures : ndarray of int, shape (d,)
        The rows that end in an event, in order.
    place : ndarray of int, shape (k,)
        Which of the moments with several terms a moment is, or −1.
    relative_risk : ndarray, shape (m,)
        Is filled with ``exp(η)``.
    net : ndarray, shape (k + 1, p + 1)
    border : int
        Moments up to here go to ``early``, shape (border + 1, p + 1), where rows enter.
    early : ndarray
    tied : ndarray, shape (q, p + 1)
        Sums over the tied events of the moments with several terms.
    """
    p, one = np.uint64(x.shape[1]), np.uint64(1)
    flat_x, flat_net, flat_early = x.ravel(), net.ravel(), early.ravel()
    loglik = 0.0
    next_failure = np.searchsorted(failures, begin)
    for i in range(np.uint64(begin), np.uint64(end)):
        w = weights[i]
        own = i * p
        eta = offset[i] - shift
        for j in range(p):
            eta += flat_x[own + j] * beta[j]
        r = math.exp(eta)
        relative_risk[i] = r
        fails = next_failure < len(failures) and failures[next_failure] == i
        next_failure += fails
        if w == 0.0:
            continue
        r *= w
        leaves = np.uint64(past[i]) * (p + one)
        enters = np.uint64(first[i]) * (p + one)
        flat_net[leaves] += r
        if first[i] > border:
            flat_net[enters] -= r
            for j in range(p):
                v = r * flat_x[own + j]
                flat_net[leaves + one + j] += v
                flat_net[enters + one + j] -= v
        elif first[i] > 0:
            flat_early[enters] -= r
            for j in range(p):
                v = r * flat_x[own + j]
                flat_net[leaves + one + j] += v
                flat_early[enters + one + j] -= v
        else:
            for j in range(p):
                flat_net[leaves + one + j] += r * flat_x[own + j]
        if fails:
            loglik += w * eta
            at = place[past[i] - 1]
            if at >= 0:
                tied[at, 0] += r
                for j in range(p):
                    tied[at, j + one] += r * flat_x[own + j]
    return loglik


@loop
def term_means(
    net: Floats,
    border: int,
    early: Floats,
    tied: Floats,
    place: Integers,
    count: Integers,
    weight: Floats,
    fraction: Floats,
    mean: Floats,
    failing: Floats,
    growth: Floats,
    hazard: Floats,
    cumulative: Floats,
    spared: Floats,
    whole: Floats,
    exited: Floats,
) -> float:
    """Work out the terms from the last moment back; return ``Σ w̄ log S⁽⁰⁾``.

    Parameters
    ----------
    net, border, early, tied
        As `risk_sums` leaves them.
    place, count : ndarray of int, shape (k,)
    weight, fraction : ndarray, shape (s,)
        Of the terms, in order of their moments.
    mean, failing, growth, hazard
        Are filled: see `TermMeans` and `Likelihood`.
    cumulative : ndarray, shape (k + 1,)
        Is filled with the hazard up to each moment.
    spared : ndarray, shape (k,)
        Is filled with ``Σ f h`` of the terms.
    whole : ndarray, shape (k,)
        Is filled with ``Σ w̄ u²`` of the terms.
    exited : ndarray, shape (2, q)
        Is filled with ``Σ w̄ u² f`` and ``Σ w̄ u² f²``.
    """
    k, p = mean.shape
    at_risk = np.zeros(p + 1)
    term = len(weight)
    loglik = 0.0
    for m in range(k - 1, -1, -1):
        for j in range(p + 1):
            at_risk[j] += net[m + 1, j]
        if m < border:
            for j in range(p + 1):
                at_risk[j] += early[m + 1, j]
        if count[m] == 0:
            for j in range(p):
                mean[m, j] = 0.0
            continue
        s = at_risk[0]
        for j in range(p):
            mean[m, j] = at_risk[j + 1] / s
        at = place[m]
        leaving = 0.0
        if at >= 0:
            leaving = tied[at, 0]
            for j in range(p):
                failing[at, j] = tied[at, j + 1] / s
        for _ in range(count[m]):
            term -= 1
            f = fraction[term]
            total = s - f * leaving
            u = s / total
            growth[term] = u
            h = weight[term] / total
            hazard[term] = h
            loglik += weight[term] * math.log(total)
            cumulative[m + 1] += h
            spared[m] += h * f
            own = weight[term] * u * u
            whole[m] += own
            if at >= 0:
                exited[0, at] += own * f
                exited[1, at] += own * f * f
    for m in range(k):
        cumulative[m + 1] += cumulative[m]
    return loglik


@loop
def derivatives(
    begin: int,
    end: int,
    x: Floats,
    weights: Floats,
    relative_risk: Floats,
    first: Integers,
    past: Integers,
    failures: Integers,
    hazard: Floats,
    spared: Floats,
    cumulative: Floats,
    gradient: Floats,
    information: Floats,
) -> None:
    """Add up ``x (w δ − r H)`` and ``r H x x'`` of the rows of a part.

    Parameters
    ----------
    hazard : ndarray, shape (k + 1,)
        Up to each moment.
    spared : ndarray, shape (k,)
    cumulative : ndarray, shape (m,)
        Is filled with ``H``.
    gradient : ndarray, shape (p,)
    information : ndarray, shape (p, p)
        Its upper triangle.
    """
    p = np.uint64(x.shape[1])
    flat_x, turned = x.ravel(), np.zeros(x.shape[1] * ROWS)
    expected, excess, own = np.zeros(ROWS), np.zeros(ROWS), np.empty(ROWS)
    next_failure = np.searchsorted(failures, begin)
    held = np.uint64(0)
    for i in range(np.uint64(begin), np.uint64(end)):
        h = hazard[past[i]] - hazard[first[i]]
        w = weights[i]
        e = 0.0
        if next_failure < len(failures) and failures[next_failure] == i:
            h -= spared[past[i] - 1]
            e = w
            next_failure += 1
        cumulative[i] = h
        if w == 0.0:
            continue
        h *= w * relative_risk[i]
        expected[held] = h
        excess[held] = e - h
        for j in range(p):
            turned[j * np.uint64(ROWS) + held] = flat_x[i * p + j]
        held += np.uint64(1)
        if held == ROWS:
            products(turned, expected, excess, own, gradient, information)
            held = np.uint64(0)
    expected[held:] = 0.0
    excess[held:] = 0.0
    products(turned, expected, excess, own, gradient, information)


@part_of_loops
def products(
    turned: Floats,
    weights: Floats,
    excess: Floats,
    own: Floats,
    gradient: Floats,
    information: Floats,
) -> None:
    """Add ``X' e`` and the upper triangle of ``X' diag(w) X`` of a block that stands in columns.

    The block always has `ROWS` rows, of no weight where there are fewer: loops of a known length
    are shorter.
    """
    p, rows = np.uint64(len(gradient)), np.uint64(ROWS)
    for a in range(p):
        total = 0.0
        for b in range(rows):
            own[b] = turned[a * rows + b] * weights[b]
            total += turned[a * rows + b] * excess[b]
        gradient[a] += total
        for c in range(a, p):
            total = 0.0
            for b in range(rows):
                total += own[b] * turned[c * rows + b]
            information[a, c] += total


@loop
def weighted_squares(begin: int, end: int, x: Floats, weights: Floats, out: Floats) -> None:
    """Add the upper triangle of ``X' diag(w) X`` of the rows of a part to ``out``, (p, p)."""
    p = x.shape[1]
    turned, none = np.zeros(p * ROWS), np.zeros(p)
    given, nothing, own = np.zeros(ROWS), np.zeros(ROWS), np.empty(ROWS)
    for low in range(begin, end, ROWS):
        rows = min(ROWS, end - low)
        for b in range(rows):
            given[b] = weights[low + b]
            for j in range(p):
                turned[j * ROWS + b] = x[low + b, j]
        given[rows:] = 0.0
        products(turned, given, nothing, own, none, out)


@loop
def mirror(upper: Floats) -> None:
    """Fill the lower triangle of a matrix with its upper one."""
    for a in range(len(upper)):
        for c in range(a):
            upper[a, c] = upper[c, a]
