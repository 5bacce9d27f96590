"""Wars on their course: transitions by hand, two engines, a known effect, nothing known early."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from collsec.designs import DESIGNS, Inputs
from collsec.designs.comparison import Comparison
from collsec.designs.estimate import Estimate
from collsec.designs.inputs import Prepared
from collsec.designs.jackknife import CoxRefits
from collsec.designs.multi_state import (
    NAMES,
    MultiState,
    between,
    occupied,
    redraw_on_the_eve,
    refits,
    stacked,
)
from collsec.histories.cohorts.courses import (
    TRANSITIONS,
    State,
    Transition,
    courses,
    on_one_clock,
)
from collsec.histories.cohorts.courses import between as between_states
from collsec.histories.cohorts.episodes import Cohort
from collsec.histories.panels import clock
from collsec.histories.registry import Extent
from collsec.histories.variants import follow_until
from collsec.hypothesis.validation import load
from for_all_tests import LAST_DIGITS, first
from riskset import cox_ph, joint_effects
from riskset.inference import cluster_jackknife
from riskset.multistate.transition_hazards import transition_hazards
from study import PROJECT, known, study_inputs

# Two maxima of one likelihood, by different code.
SAME_MAXIMUM = 1e-8
LAG_DAYS = 183
ESTIMABLE = [(State.AGREEMENT, State.END), (State.END, State.RELAPSE)]


@functools.cache
def inputs() -> Inputs:
    return study_inputs(load(PROJECT, "h18", known()))


def the_design() -> MultiState:
    inputs()
    found = DESIGNS["from_agreement"]
    assert isinstance(found, MultiState)
    return found


@functools.cache
def along(transition: Transition) -> Prepared:
    return the_design().along(inputs(), inputs().spec.exposure, transition)


# By hand ---------------------------------------------------------------------------------------

RECORD = Extent(pd.Timestamp("1975-01-01"), pd.Timestamp("2021-12-31"))
WARS = (
    ("1-1", 1, "2000-01-01", "2002-01-01", True),  # agreement 2001, end, war again in 2005
    ("1-2", 1, "2005-01-01", "2006-01-01", True),  # no agreement of its own
    ("2-1", 2, "1970-01-01", "1980-01-01", True),  # begun before the record
    ("3-1", 3, "2010-01-01", "2024-12-31", False),  # agreement 2015, goes on
    ("4-1", 4, "2000-01-01", "2000-01-01", True),  # one day
    ("5-1", 5, "2020-01-01", "2023-01-01", True),  # ends after the record
    ("6-1", 6, "2000-01-01", "2001-01-01", True),  # agreements on the first and the last day
    ("7-1", 7, "2020-01-01", "2020-07-01", True),  # war again, after the record
    ("7-2", 7, "2022-01-01", "2023-01-01", True),
)
SIGNED = (
    (1, "1999-01-01"),
    (1, "2001-01-01"),
    (1, "2001-06-01"),
    (2, "1978-01-01"),
    (3, "2015-01-01"),
    (5, "2022-01-01"),
    (6, "2000-01-01"),
    (6, "2001-01-01"),
)
#: War → states in order, with the days since onset on which each was left, and where to.
EXPECTED = {
    "1-1": [("war", 366, "agreement"), ("agreement", 731, "end"), ("end", 1827, "relapse")],
    "1-2": [("war", 365, "end"), ("end", 6208, "")],
    "3-1": [("war", 1826, "agreement"), ("agreement", 4382, "")],
    "4-1": [("war", 0.5, "end"), ("end", 8035, "")],
    "5-1": [("war", 730, "")],
    "6-1": [("war", 366, "end"), ("end", 8035, "")],
    "7-1": [("war", 182, "end"), ("end", 730, "")],
}


@functools.cache
def by_hand() -> Cohort:
    names = ["episode_id", "conflict_id", "onset_date", "exit_date", "is_ended"]
    episodes = pd.DataFrame(WARS, columns=names)
    dates = ["onset_date", "exit_date"]
    episodes[dates] = episodes[dates].astype("datetime64[s]")
    episodes = episodes.assign(
        unit_id=episodes["episode_id"],
        last_year=episodes["exit_date"].dt.year,
        gwno_host=episodes["conflict_id"],
    )
    signed = pd.DataFrame(SIGNED, columns=["conflict_id", "known_from"])
    signed["known_from"] = signed["known_from"].astype("datetime64[s]")
    attrition = pd.DataFrame(
        [{"step": "all", "rule": "", "n_units": 9, "n_events": 8, "dropped": 0}]
    )
    return courses(Cohort(episodes, attrition), episodes, signed, RECORD)


def test_transitions_are_those_counted_by_eye() -> None:
    found = on_one_clock(by_hand().units, "gwno_host")
    got = {
        war: list(zip(own["state"], own["stop"], own["to"], strict=True))
        for war, own in found.groupby("unit_id")
    }
    assert got == EXPECTED
    first = found["state"] == "war"
    assert (found.loc[first, "start"] == 0).all()
    assert (found["start"].to_numpy()[1:] == found["stop"].to_numpy()[:-1])[~first[1:]].all()
    # 9 wars; 2-1 began before the record, 7-2 after it.
    assert list(by_hand().attrition["n_units"]) == [9, 7]


def test_wars_in_one_state_are_followed_from_the_day_they_came_to_it() -> None:
    counted = {}
    for one in TRANSITIONS:
        cohort = between_states(by_hand(), one)
        counted[one] = (len(cohort.units), int(cohort.units["is_ended"].sum()))
        assert int(cohort.attrition["n_units"].iloc[-1]) == len(cohort.units)
    assert counted == {
        ("war", "agreement"): (7, 2),
        ("war", "end"): (7, 4),
        ("agreement", "end"): (2, 1),
        ("end", "relapse"): (5, 1),
    }
    after = between_states(by_hand(), (State.AGREEMENT, State.END)).units.set_index("unit_id")
    assert after.loc["1-1", "time_zero"] == pd.Timestamp("2001-01-01")
    assert after.loc["1-1", "exit_date"] == pd.Timestamp("2002-01-01")
    assert after.loc["3-1", "exit_date"] == RECORD.last_day


def test_shares_in_the_states_are_those_counted_by_eye() -> None:
    found = occupied(on_one_clock(by_hand().units, "gwno_host"), "gwno_host", 72)
    at = found.set_index(["group", "time_months"])["estimate"]
    assert found.groupby("time_months")["estimate"].sum().to_numpy() == pytest.approx(1.0)
    # Of seven, four have ended after thirteen months, and one has an agreement; none is censored.
    assert at[NAMES[State.END], 13] == pytest.approx(4 / 7)
    assert at[NAMES[State.AGREEMENT], 13] == pytest.approx(1 / 7)
    # That one ends too; when it is at war again it is one of four at peace and still followed. The
    # other war without an end had its agreement the day before.
    assert at[NAMES[State.RELAPSE], 72] == pytest.approx(5 / 7 / 4)
    assert at[NAMES[State.AGREEMENT], 72] == pytest.approx(2 / 7)


def test_a_transition_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no transition leads from war to relapse"):
        between(State.WAR, State.RELAPSE)


# The study's own rows ----------------------------------------------------------------------------


@functools.cache
def all_spells() -> dict[int, list[tuple[pd.Timestamp, pd.Timestamp]]]:
    """Spells of troops by conflict."""
    found: dict[int, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for one in inputs().calendar("un_troops").sort_values("on_date").itertuples():
        found.setdefault(int(one.conflict_id), []).append((one.on_date, one.off_date))
    return found


@functools.cache
def rows_by_loops(transition: Transition) -> pd.DataFrame:
    """Rows of one transition war by war, day counts and all, without the design's code."""
    origin, target = transition
    record = inputs().extents["agreements"]
    episodes = inputs().episodes
    signed = inputs().timelines["peace_process"]
    made = []
    for war in episodes.itertuples():
        if war.type_at_onset not in ("intrastate", "internationalized"):
            continue
        onset, exit_ = war.onset_date, war.exit_date
        troops = all_spells().get(int(war.conflict_id), [])
        if onset < record.first_day or onset >= record.last_day:
            continue
        if any(on <= onset and (pd.isna(off) or off > onset) for on, off in troops):
            continue
        ended = bool(war.is_ended) and exit_ <= record.last_day
        own = signed[(signed["conflict_id"] == war.conflict_id)]["known_from"]
        own = own[(own > onset) & (own < min(exit_, record.last_day))]
        agreement = own.min() if len(own) else None
        end = exit_ if ended else None
        more = episodes[
            (episodes["conflict_id"] == war.conflict_id) & (episodes["onset_date"] > onset)
        ]["onset_date"]
        again = more.min() if ended and len(more) and more.min() <= record.last_day else None
        days = {
            "war": (onset, agreement or end, "agreement" if agreement else "end"),
            "agreement": (agreement, end, "end"),
            "end": (end, again, "relapse"),
        }
        entered, left, to = days[origin]
        if entered is None or (origin == "end" and entered >= record.last_day):
            continue
        stop = ((left or record.last_day) - entered).days or 0.5
        is_event = left is not None and to == target
        spells: list[list[float]] = []
        for on, off in troops:
            if not onset < on < (left or record.last_day):
                continue
            begins = (on - entered).days
            over = math.inf if pd.isna(off) else (off - entered).days + LAG_DAYS
            if spells and begins <= spells[-1][1]:
                spells[-1][1] = max(spells[-1][1], over)
            else:
                spells.append([begins + LAG_DAYS, over])
        cuts = sorted({0.0, stop, *(c for s in spells for c in s if 0 < c < stop)})
        for low, high in itertools.pairwise(cuts):
            exposed = any(on <= low < off for on, off in spells)
            made.append(
                (
                    war.episode_id,
                    war.gwno_host,
                    low,
                    high,
                    is_event and high == stop,
                    float(exposed),
                )
            )
    return pd.DataFrame(made, columns=["unit", "host", "start", "stop", "event", "x"])


@pytest.mark.parametrize("transition", first(*((one,) for one in TRANSITIONS)))
def test_rows_are_those_built_war_by_war(transition: Transition) -> None:
    rows, prepared = rows_by_loops(transition), along(transition)
    ours = prepared.rows.sort_values(["unit_id", "start"])
    theirs = rows.sort_values(["unit", "start"])
    assert ours["unit_id"].tolist() == theirs["unit"].tolist()
    for own, other in (
        ("start", "start"),
        ("stop", "stop"),
        ("event", "event"),
        (prepared.column, "x"),
    ):
        assert (ours[own].to_numpy(float) == theirs[other].to_numpy(float)).all(), own


@pytest.mark.parametrize("transition", ESTIMABLE)
def test_each_transition_is_its_own_cox_model(transition: Transition) -> None:
    prepared = along(transition)
    whole = {"start": "start", "stop": "stop", "event": "event"}
    fit = cox_ph(rows_by_loops(transition), "x", **whole, cluster="host")
    found = the_design().estimate(
        inputs(),
        prepared,
        inputs().spec.exposure,
        estimate_id="h18.test",
        role="secondary",  # type: ignore[arg-type]
        level=0.95,
        draws=0,
    )
    assert math.log(found.estimate) == pytest.approx(float(fit.params["x"]), abs=SAME_MAXIMUM)
    z = 1.959963984540054
    low = float(fit.params["x"]) - z * float(fit.std_errors["x"])
    assert math.log(found.cluster_low) == pytest.approx(low, abs=1e-6)


def test_the_joint_model_is_that_of_all_transition_hazards() -> None:
    panels = [along(one) for one in ESTIMABLE]
    rows, columns = stacked(panels)
    ours = joint_effects(rows, columns, adjustment=(), strata=("transition",), cluster="gwno_host")
    made = []
    for one, panel in zip(ESTIMABLE, panels, strict=True):
        to = panel.rows["event"].map({True: str(one[1]), False: "none"})
        made.append(
            panel.rows.assign(
                state=str(one[0]),
                to=to,
                spell=panel.rows["unit_id"] + str(one[0]),
                x=panel.rows[panel.column].astype(float),
            )
        )
    theirs = transition_hazards(
        pd.concat(made, ignore_index=True),
        "x",
        start="start",
        stop="stop",
        state="state",
        to="to",
        unit="spell",
        censored="none",
        cluster="gwno_host",
    )
    assert ours.beta == pytest.approx(theirs.params.to_numpy(), abs=SAME_MAXIMUM)
    # The jackknife's error is a little larger than the sandwich's, and of its kind.
    _, error = ours.of(np.array([1.0, -1.0]))
    c = theirs.cov.to_numpy()
    sandwich = math.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1])
    assert 0.9 < error / sandwich < 1.6


def test_r_gives_the_same_coefficients(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("no Rscript here")
    script = tmp_path / "two.R"
    script.write_text(
        "if (!requireNamespace('survival', quietly = TRUE)) quit(status = 9)\n"
        "library(survival)\n"
        "d <- read.csv(commandArgs(TRUE)[1])\n"
        "f <- coxph(Surv(start, stop, event) ~ x + cluster(host), d, ties = 'efron',\n"
        "           control = coxph.control(eps = 1e-12, iter.max = 50))\n"
        "cat(sprintf('%.12f %.12f\\n', coef(f), sqrt(vcov(f))))\n"
    )
    for transition in ESTIMABLE:
        rows = along(transition).rows
        table = pd.DataFrame(
            {
                "start": rows["start"],
                "stop": rows["stop"],
                "event": rows["event"].astype(int),
                "x": rows[along(transition).column],
                "host": rows["gwno_host"],
            }
        )
        table.to_csv(tmp_path / "rows.csv", index=False)
        done = subprocess.run(
            ["Rscript", str(script), str(tmp_path / "rows.csv")],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 9:
            pytest.skip("R has no package survival here")
        assert done.returncode == 0, done.stderr
        beta, error = map(float, done.stdout.split())
        fit = Comparison.of(along(transition), "gwno_host").fit("gwno_host")
        assert float(fit.params.iloc[0]) == pytest.approx(beta, abs=SAME_MAXIMUM)
        assert float(fit.std_errors.iloc[0]) == pytest.approx(error, abs=SAME_MAXIMUM)


def test_refits_at_once_are_the_refits_one_by_one() -> None:
    prepared = along((State.END, State.RELAPSE))
    quick, paths = refits(prepared, prepared.units["gwno_host"])
    hosts = prepared.units["gwno_host"].to_numpy()
    once = cluster_jackknife(quick.refit(paths), hosts, level=0.95)
    laid_out = Comparison.of(prepared, "gwno_host").design()
    slow = cluster_jackknife(CoxRefits(laid_out), prepared.rows["gwno_host"].to_numpy(), level=0.95)
    assert once.estimate == pytest.approx(slow.estimate, abs=SAME_MAXIMUM)
    np.testing.assert_allclose(once.influence.estimates, slow.influence.estimates, atol=1e-7)


def test_the_calibration_is_one_whatever_the_number_of_blocks() -> None:
    design, prepared = the_design(), along((State.AGREEMENT, State.END))
    first = design.calibrate(inputs(), prepared, 16, 0)
    longer = design.calibrate(inputs(), prepared, 80, 0)
    assert first.draws == 2 and longer.draws == 10
    np.testing.assert_allclose(longer.estimates[:2], first.estimates, rtol=LAST_DIGITS)
    assert longer.mean_exposed_events > 2


def test_courses_on_the_eve_prefer_wars_about_to_end() -> None:
    prepared = along((State.END, State.RELAPSE))
    units = prepared.units
    stratum = units["region"].to_numpy(np.int64)
    donors, chosen = redraw_on_the_eve(prepared, stratum, 300, np.random.default_rng(1))
    assert len(donors) == prepared.rows.loc[prepared.rows[prepared.column] > 0, "unit_id"].nunique()
    exits = clock(units.assign(exit_date=prepared.outcome["exit_date"]))
    assert prepared.spells is not None
    came = pd.Series(prepared.spells.assigned).groupby(prepared.spells.unit).min()
    days = came[donors].to_numpy()
    placed = chosen >= 0
    assert (stratum[chosen] == stratum[donors])[placed].all()
    left = exits[chosen] - days
    assert (left[placed] > 0).all()
    for row in chosen[:20]:
        assert len(set(row[row >= 0])) == (row >= 0).sum()  # one course to a war
    pool = exits > days[:, None]
    near = pool & (exits - days[:, None] <= 183)
    at_random = (near.sum(axis=1) / pool.sum(axis=1)).mean()
    assert (left[placed] <= 183).mean() > 2 * at_random


def test_the_panel_says_when_each_clock_starts() -> None:
    rows, _ = the_design().panel(inputs())
    signed = along((State.AGREEMENT, State.END)).units.set_index("unit_id")["agreement_date"]
    assert (rows["time_zero"].to_numpy() == signed[rows["unit_id"]].to_numpy()).all()


def test_follow_up_beyond_the_record_of_agreements_says_nothing() -> None:
    design = the_design()
    found = design.since(inputs(), pd.Timestamp("2022-01-01"), 0.95)
    assert math.isnan(found.estimate) and "nothing is followed after 2021-12-31" in found.note
    alone = design.since(inputs(), pd.Timestamp("2000-01-01"), 0.95)
    assert 0 < alone.n_events < len(along((State.AGREEMENT, State.END)).units)
    assert design.outcomes_per_year(inputs()) < 1


def test_the_other_transitions_stand_beside_the_primary() -> None:
    from collsec.designs.tasks import tasks

    made = tasks(inputs(), inputs().study.profiles["quick"])
    found = {e.estimate_id: e for e in made["primary"]().estimates}
    assert list(found) == [
        "h18.primary",
        "h18.war_to_agreement",
        "h18.war_to_end",
        "h18.end_to_relapse",
    ]
    for one in found.values():
        assert math.isfinite(one.expected_events) and one.n_units > 40
        # Thin steps have counts, and no number.
        assert math.isnan(one.estimate) == (one.exposed_events < 3)
    assert found["h18.war_to_agreement"].note.startswith("Not estimable: exposed outcomes 2,")
    assert found["h18.end_to_relapse"].estimand == "hazard_ratio_of_recurrence"


# Nothing is known before its day -----------------------------------------------------------------


def known_on(day: pd.Timestamp) -> Inputs:
    """The study's inputs as they would be if all records ended on a day."""
    base = inputs()
    episodes = follow_until(base.episodes, day.year)
    episodes["last_year"] = episodes["last_year"].clip(upper=day.year)
    timelines = {name: frame[frame["known_from"] <= day] for name, frame in base.timelines.items()}
    extents = {
        name: Extent(one.first_day, min(one.last_day, day)) for name, one in base.extents.items()
    }
    return dataclasses.replace(base, episodes=episodes, timelines=timelines, extents=extents)


@pytest.mark.parametrize("year", [1995, 2004, 2014])
@pytest.mark.parametrize("transition", TRANSITIONS)
def test_later_data_change_no_earlier_row(year: int, transition: Transition) -> None:
    day = pd.Timestamp(year, 12, 31)
    early = the_design().along(known_on(day), inputs().spec.exposure, transition)
    late = along(transition)
    zero = late.units.set_index("unit_id")["time_zero"]
    limit = (day - late.rows["unit_id"].map(zero)).dt.days
    cut = late.rows.assign(
        event=late.rows["event"] & (late.rows["stop"] <= limit.clip(lower=0.5)),
        stop=np.minimum(late.rows["stop"], limit.where(late.rows["stop"] != 0.5, 0.5)),
    )
    cut = cut[(late.rows["start"] < limit) | ((late.rows["stop"] == 0.5) & (limit == 0))]
    columns = ["unit_id", "start", "stop", "event", late.column]
    ours = early.rows[columns].reset_index(drop=True)
    theirs = cut[columns].reset_index(drop=True)
    # A stay of no length at the very end of the record tells nothing.
    ours, theirs = (
        f[(f["stop"] > 0.5) | f["event"]].reset_index(drop=True) for f in (ours, theirs)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


# A known effect ----------------------------------------------------------------------------------

CONFLICTS = 240
RATES = {  # a day
    ("war", "agreement"): 1 / 900,
    ("war", "end"): 1 / 1500,
    ("agreement", "end"): 1 / 700,
    ("end", "relapse"): 1 / 3000,
}


def waits(rng: np.random.Generator, rate: float, ratio: float, on: float, off: float) -> int:
    """Whole days until an event whose rate is multiplied on (on, off]."""
    left = float(rng.exponential()) / rate
    before = max(on, 0.0)
    during = max(off - before, 0.0)
    if left <= before:
        days = left
    elif left <= before + during * ratio:
        days = before + (left - before) / ratio
    else:
        days = left + during * (1 - ratio)
    return max(1, math.ceil(days))


def drawn(rng: np.random.Generator, ratios: dict[Transition, float]) -> Inputs:
    """Wars, agreements and troops with known ratios, in the study's own frames."""
    base = inputs()
    civil = base.episodes[base.episodes["type_at_onset"] == "intrastate"]
    model = civil.iloc[rng.integers(len(civil), size=CONFLICTS)].reset_index(drop=True)
    first, last = pd.Timestamp("1976-01-01"), pd.Timestamp("2021-12-31")
    hosts = rng.integers(1, 61, size=CONFLICTS)
    wars, signed, troops = [], [], []
    for number in range(CONFLICTS):
        onset = first + pd.Timedelta(days=int(rng.integers(14000)))
        arrives = int(rng.integers(1, 1200)) if rng.random() < 0.5 else 10**6
        on, off = arrives + LAG_DAYS, arrives + LAG_DAYS + int(rng.integers(700, 2500))
        # Before an event that came first, troops on that day or later are no troops of the war.
        states = {"war": ("agreement", "end"), "agreement": ("end",), "end": ("relapse",)}
        state, day, course = "war", 0, {}
        while state in states:
            reached = {
                to: day
                + waits(rng, RATES[state, to], ratios.get((state, to), 1.0), on - day, off - day)  # type: ignore[index, call-overload]
                for to in states[state]
            }
            state = min(reached, key=reached.__getitem__)
            day = reached[state]
            course[state] = onset + pd.Timedelta(days=day)
        end = course["end"]
        is_ended = end <= last
        wars.append((number + 1, onset, end if is_ended else last, is_ended))
        if is_ended and course["relapse"] < last:
            wars.append((number + 1, course["relapse"], last, False))
        if "agreement" in course:
            signed.append((number + 1, course["agreement"]))
        if arrives < 10**6:
            troops.append((number + 1, onset + pd.Timedelta(days=arrives), 1))
            troops.append((number + 1, onset + pd.Timedelta(days=off - LAG_DAYS), 0))
    frame = pd.DataFrame(wars, columns=["conflict_id", "onset_date", "exit_date", "is_ended"])
    place = frame["conflict_id"].to_numpy() - 1
    frame[["onset_date", "exit_date"]] = frame[["onset_date", "exit_date"]].astype("datetime64[s]")
    again = frame.groupby("conflict_id").cumcount()
    episodes = model.iloc[place].reset_index(drop=True)
    episodes = episodes.assign(
        **{name: frame[name] for name in frame},
        episode_id=frame["conflict_id"].astype(str) + "-" + again.astype(str),
        gwno_host=hosts[place],
        first_year=frame["onset_date"].dt.year,
        onset_year=frame["onset_date"].dt.year,
        last_year=2021,
        # A next war is the end of a course, and none of those followed.
        type_at_onset=np.where(again > 0, "interstate", "intrastate"),
    )
    timelines = base.timelines | {
        "peace_process": _steps(signed, "agreements"),
        "deployment": _steps(troops, "un_troops"),
    }
    extents = dict(base.extents) | {"agreements": Extent(pd.Timestamp("1975-01-01"), last)}
    return dataclasses.replace(base, episodes=episodes, timelines=timelines, extents=extents)


def _steps(rows: list[tuple[object, ...]], column: str) -> pd.DataFrame:
    frame = pd.DataFrame([(*row, 1)[:3] for row in rows], columns=["conflict_id", "day", column])
    day = frame["day"].astype("datetime64[s]")
    return frame.assign(from_date=day, known_from=day).drop(columns="day")


def found_in(seed: int, ratios: dict[Transition, float], count: int) -> Iterator[Estimate]:
    design = the_design()
    for number in range(count):
        made = drawn(np.random.default_rng([18, seed, number]), ratios)
        prepared = design.prepare(made, made.spec.exposure)
        yield design.without_draws(made, prepared, 0.95)


def recovers(ratio: float, count: int, bounds: tuple[float, float], most: float) -> None:
    found = list(found_in(1, {(State.AGREEMENT, State.END): ratio}, count))
    logs = np.array([math.log(one.estimate) for one in found])
    covered = np.mean([one.ci_low <= ratio <= one.ci_high for one in found])
    rejected = np.mean([one.p_value < 0.05 for one in found])
    assert abs(logs.mean() - math.log(ratio)) < 3.5 * logs.std() / math.sqrt(count)
    assert bounds[0] <= covered <= bounds[1]
    if ratio == 1.0:
        assert rejected <= most
    else:
        assert (np.sign(logs) == np.sign(math.log(ratio))).mean() > 0.95
        assert rejected > 0.6


@pytest.mark.full
@pytest.mark.parametrize("ratio", [2.0, 1.0])
def test_a_known_effect_is_found_and_none_is_not(ratio: float) -> None:
    recovers(ratio, 30, (0.83, 1.0), 0.16)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_the_interval_covers_as_often_as_it_says(ratio: float) -> None:
    recovers(ratio, 400, (0.92, 0.98), 0.08)


@pytest.mark.full
def test_an_effect_on_one_step_is_no_effect_on_another() -> None:
    """Troops that double the rate of the end change nothing about agreements or relapse."""
    design, logs = the_design(), []
    for number in range(12):
        ratios = {(State.AGREEMENT, State.END): 3.0}
        made = drawn(np.random.default_rng([18, 2, number]), ratios)
        rows = design.others(made)
        logs.append([math.log(one.estimate) for one in rows])
    mean, error = np.mean(logs, axis=0), np.std(logs, axis=0) / math.sqrt(12)
    assert (np.abs(mean[:3]) < 4 * error[:3]).all()
    # The row that compares the two ways to an end: three against one.
    assert abs(mean[3] - math.log(3.0)) < 4 * error[3]
