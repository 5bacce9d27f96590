"""Statistics, information and limits of exchanged exposures, against sums over risk sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskset import cox_ph
from riskset.arrays import Floats
from riskset.inference import (
    DosePath,
    InferenceError,
    permuted_effect,
    rerandomized_dose,
    rerandomized_pair,
)
from riskset.inference.assignment import split_rows
from riskset.inference.reference_distribution import (
    equal_tailed_p_values,
    tie_width,
    with_ties,
)
from riskset.inference.split_exposure import CONTRASTS, SplitLikelihood
from simulated_spells import YEAR, simulate
from test_inference_exposure_dose import rising, rows_of
from test_inference_split_exposure import by_age

#: Newton's last step, squared.
SAME_MAXIMUM = 1e-8
#: Limits are found to 1e-6 of an effect of a unit.
LIMIT = 1e-4
#: A limit at no effect itself is found to this.
ROOT = 1e-6
ROWS = {"start": "start", "stop": "stop", "event": "event"}


def terms(rows: pd.DataFrame, column: str) -> list[tuple[Floats, Floats]]:
    """Return, for each event, the values at risk and how much each counts (ties after Efron)."""
    start, stop, x = (rows[name].to_numpy(dtype=float) for name in ("start", "stop", column))
    ended = rows["event"].to_numpy(dtype=bool)
    found = []
    for time in np.unique(stop[ended]):
        there, fails = (start < time) & (time <= stop), ended & (stop == time)
        for before in range(fails.sum()):
            counts = there - fails * before / fails.sum()
            found.append((x[there], counts[there]))
    return found


def loglik(rows: pd.DataFrame, column: str, effect: float) -> float:
    own = effect * float(rows.loc[rows["event"].astype(bool), column].sum())
    return own - sum(float(np.log(w @ np.exp(effect * x))) for x, w in terms(rows, column))


def information(rows: pd.DataFrame, column: str) -> float:
    """Return the variance of the values at risk at no effect, added up over the events."""
    return sum(float(np.cov(x, aweights=w, ddof=0)) for x, w in terms(rows, column))


def test_a_dose() -> None:
    rng = np.random.default_rng(3)
    design = simulate(rng, hazard_ratio=2.0, n_units=120, n_spells=20)
    paths = rising(design, rng)
    rows = rows_of(design, paths)
    answer = rerandomized_dose(design, paths, draws=199, level=0.9, seed=1)
    fit = cox_ph(rows, ["dose"], **ROWS)
    assert answer.statistic == pytest.approx(fit.likelihood_ratio[0], abs=SAME_MAXIMUM)
    assert answer.information == pytest.approx(information(rows, "dose"), rel=1e-10)
    best = fit.loglik[1]
    for limit in (answer.ci_low, answer.ci_high):
        lost = 2 * (best - loglik(rows, "dose", limit))
        assert lost == pytest.approx(answer.critical, rel=LIMIT)


def test_both_parts_of_an_exposure_and_their_ratio() -> None:
    design = simulate(np.random.default_rng(5), hazard_ratio=2.0)
    unit, start, stop, event, exposed = split_rows(design, design.unit)
    when = dict(zip(design.unit, design.assigned - design.origin[design.unit], strict=True))
    early = np.array([when.get(u, 0.0) <= YEAR for u in unit])
    rows = pd.DataFrame({"start": start, "stop": stop, "event": event, "present": exposed})
    rows = rows.assign(early=exposed * early, late=exposed * ~early)
    split = by_age(design, YEAR)
    answers = rerandomized_pair(design, split, draws=99, level=0.9, seed=1)
    both = cox_ph(rows, ["early", "late"], **ROWS).loglik[1]
    fitted = SplitLikelihood.of(design.event_counts, split(design.unit[None, :]))
    for name, without in (("first", "late"), ("second", "early"), ("ratio", "present")):
        answer, restricted = answers[name], cox_ph(rows, [without], **ROWS).loglik[1]
        assert answer.statistic == pytest.approx(2 * (both - restricted), abs=SAME_MAXIMUM)
        # The information is the curvature of the profile at no effect.
        low, middle, high = (
            float(fitted.profile(CONTRASTS[name], step)[0][0]) for step in (-1e-3, 0.0, 1e-3)
        )
        assert answer.information == pytest.approx((2 * middle - low - high) / 1e-6, rel=1e-4)


def test_the_least_p_value_is_one_among_the_draws_and_the_data() -> None:
    """A hazard twenty times as high is beyond all of 39 draws: 1/40, whose level rejects it."""
    design = simulate(np.random.default_rng(1), hazard_ratio=20.0)
    paths = [DosePath(np.array([on]), np.array([2.0])) for on in design.on]
    dose = rerandomized_dose(design, paths, draws=39, level=0.95, seed=1)
    pair = rerandomized_pair(design, by_age(design, 2 * YEAR), draws=39, level=0.95, seed=1)
    for answer in (dose, pair["first"]):
        assert answer.p_value == 1 / 40
        assert 0 < answer.ci_low < answer.estimate < answer.ci_high
    # At a level of a quarter three draws may reject, and two may not.
    few = rerandomized_dose(design, paths, draws=3, level=0.75, seed=1)
    assert few.p_value == 1 / 4 and few.ci_low > 0
    rerandomized_pair(design, by_age(design, YEAR), draws=3, level=0.75, seed=1)
    with pytest.raises(InferenceError, match="2 draws cannot reject"):
        rerandomized_dose(design, paths, draws=2, level=0.75, seed=1)
    with pytest.raises(InferenceError, match="2 draws cannot reject"):
        rerandomized_pair(design, by_age(design, YEAR), draws=2, level=0.75, seed=1)


TIME = np.array([2.0, 3.0, 3.0, 5.0, 8.0, 8.0, 9.0, 12.0])
EVENT = np.array([1, 1, 1, 1, 1, 0, 1, 0])
DOSE = np.array([3, 0, 3, 1, 1, 1, 0, 1.0])


def permuted(**given):  # type: ignore[no-untyped-def]
    one = {"strata": np.zeros(8, int), "group": np.arange(8), "draws": 999, "level": 0.8, "seed": 3}
    known = {"time": TIME, "event": EVENT, "exposure": DOSE} | one | given
    return permuted_effect(**known)


@pytest.mark.parametrize("draws", [60, 420])
def test_a_fixed_exposure(draws: int) -> None:
    """Of 8!/(2! 2! 4!) = 420 arrangements all, or 60 drawn ones."""
    rows = pd.DataFrame({"start": 0.0, "stop": TIME, "event": EVENT, "dose": DOSE})
    answer = permuted(draws=draws)
    fit = cox_ph(rows, ["dose"], **ROWS)
    assert answer.statistic == pytest.approx(fit.likelihood_ratio[0], abs=SAME_MAXIMUM)
    assert answer.information == pytest.approx(information(rows, "dose"), rel=1e-10)
    assert (answer.arrangements, answer.is_exact) == (draws, draws == 420)
    for limit in (answer.ci_low, answer.ci_high):
        lost = 2 * (fit.loglik[1] - loglik(rows, "dose", limit))
        assert lost == pytest.approx(answer.critical, rel=LIMIT)


def test_as_many_draws_as_arrangements_enumerate_them() -> None:
    fast = np.array([1, 1, 0, 1, 0, 0, 0, 1.0])
    assert permuted(exposure=fast, draws=70).is_exact
    assert not permuted(exposure=fast, draws=69).is_exact


@pytest.mark.parametrize("seed", range(12))
def test_of_drawn_arrangements_the_interval_says_what_the_p_value_does(seed: int) -> None:
    """The p-value is a whole number of 40ths: 39 draws and the data; those of 4 or less reject."""
    exposure = np.random.default_rng(seed).permutation([1, 1, 1, 0, 0, 0, 0, 2.0])
    answer = permuted(exposure=exposure, draws=39, level=0.9, seed=seed)
    fortieths = answer.p_value * 40
    assert fortieths == pytest.approx(round(fortieths), abs=1e-9) and fortieths >= 1
    assert (answer.ci_low > ROOT or answer.ci_high < -ROOT) == (answer.p_value <= 0.1)
    assert (answer.statistic > answer.critical) == (answer.p_value <= 0.1)


def test_a_draw_ties_within_the_last_digits() -> None:
    """The own arrangement, drawn again and summed in another order, is as large as itself."""
    statistic, drawn_again = 3.1059598036413547, 3.105959803641353
    reference = np.array([1.0, drawn_again, 2.0, 3.10596])
    assert with_ties(reference, statistic).tolist() == [1.0, statistic, 2.0, 3.10596]
    assert with_ties(reference * 1e6, statistic * 1e6)[1] == statistic * 1e6
    assert tie_width([0.0, -20.0]) == pytest.approx([1e-9, 2e-8], rel=1e-12)
    # Two of four draws are as large, and the score counts: 2 (2 + 1) / (4 + 1), at most 1.
    for own in (statistic, drawn_again):
        assert equal_tailed_p_values(np.array([own]), reference).tolist() == [1.0]
        # All four are as small; the largest of eight others is not: 2 (0 + 1) / (8 + 1).
        others = np.array([-9.0, -8, -7, -6, -5, -4, -3, own - 1e-8])
        assert equal_tailed_p_values(np.array([own]), others).tolist() == [2 / 9]
        others[-1] = own - 1e-10
        assert equal_tailed_p_values(np.array([own]), others).tolist() == [4 / 9]


def test_an_effect_beyond_all_drawn_arrangements_has_the_least_p_value() -> None:
    """Twelve doses in the order of twelve ends: one of 12! arrangements."""
    n = 12
    answer = permuted_effect(
        np.arange(1.0, n + 1),
        np.ones(n),
        np.arange(n, 0.0, -1),
        strata=np.zeros(n, int),
        group=np.arange(n),
        draws=49,
        level=0.9,
        seed=1,
    )
    assert answer.p_value == 1 / 50 and answer.ci_low > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"time": np.where(TIME > 8, np.nan, TIME)}, "is missing or infinite"),
        ({"exposure": np.where(TIME > 8, np.inf, DOSE)}, "is missing or infinite"),
        ({"event": 0 * EVENT}, "No unit has the event"),
        ({"exposure": np.full(8, 3.0)}, "does not vary"),
        ({"exposure": DOSE * 1e200}, "beyond what can be squared"),
        # It varies between the strata alone.
        ({"exposure": np.repeat([1.0, 2.0], 4), "strata": np.repeat([0, 1], 4)}, "does not vary"),
        ({"group": np.zeros(8, int)}, "must share its exposure and its stratum"),
        (
            {"exposure": np.repeat([1.0, 2.0], 4), "group": np.arange(8) // 2,
             "strata": np.array([0, 1, 0, 0, 0, 0, 0, 0])},
            "must share its exposure and its stratum",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_exchanged_is_refused(given: dict, message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        permuted(**given)
