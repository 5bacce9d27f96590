"""Tasks of made-up hypotheses: their names, and what stands in a row that has no number."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from collsec.core.schema import Role
from collsec.designs import DESIGNS, PARTS, tasks
from collsec.designs.estimate import Estimate
from collsec.designs.exclusions import MOST_DRAWS, where_enough
from collsec.designs.inputs import Inputs, Prepared, prepare
from collsec.designs.parts import Context, CurveOf, Declaration, Part
from collsec.designs.registry import estimand_of, exposed_outcome, is_timed, unit_of
from collsec.designs.time_varying import TimeVarying
from collsec.histories.registry import Extent
from collsec.hypothesis.options import OptionSpec
from collsec.hypothesis.specification import ExposureSpec, FalsificationSpec
from collsec.hypothesis.study import Draws
from collsec.measures import MEASURES
from made_up_cohorts import SPEC, inputs_of, presence_of, wars_of
from riskset import EstimationError
from riskset.inference import Calibration, InferenceError

DRAWS = Draws(40, 8, 9, 2)
#: Three wars of two countries, to none of which troops come.
WARS = wars_of(
    ("a", 1, 10, "2000-01-01", "2000-04-10", True),
    ("b", 2, 10, "2000-01-01", "2001-01-01", True),
    ("c", 3, 20, "2000-01-01", "2002-01-01", False),
)
OUTCOMES = {"outcomes": Extent(pd.Timestamp("1946-01-01"), pd.Timestamp("2000-12-31"))}


class Refusing(TimeVarying):
    """A design that finds nothing to compare."""

    name = "refusing"
    calibration_blocks = 2

    def estimate(self, *args: object, **known: object) -> Estimate:
        raise InferenceError("nobody is exposed")

    def calibrate(self, inputs: Inputs, prepared: Prepared, draws: int, block: int) -> Calibration:
        raise EstimationError("nothing to redraw")

    def calibrate_biased(self, inputs: Inputs, draws: int) -> float:
        raise EstimationError("nothing to redraw")


def refuse(context: Context, *primary: Estimate) -> Part:
    raise EstimationError(f"no part without {len(primary)} primary")


def declaration(name: str, *roles: Role, after_primary: bool = False) -> Declaration:
    return Declaration(name, refuse, roles, (), (), (), "", (), after_primary, (), ())


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Inputs:
    monkeypatch.setitem(DESIGNS, "refusing", Refusing())
    for own in (
        declaration("told", Role.DRAFT, Role.EXCLUSION),
        declaration("silent"),
        declaration("later", Role.DRAFT, after_primary=True),
    ):
        monkeypatch.setitem(PARTS, own.name, own)
    biased = ExposureSpec("ever_un_troops", 0, "known-biased", "cluster_sandwich")
    spec = dataclasses.replace(
        SPEC,
        design="refusing",
        lags_months=(3, 6, 12),
        secondary=(ExposureSpec("un_personnel", 1), biased),
        falsification=(FalsificationSpec("un_troops_to_come"),),
        outcomes=("end_by_rebel_victory",),
        parts=("told", "silent", "later"),
    )
    return inputs_of(
        spec=spec, episodes=WARS, timelines=presence_of((9, "2000-01-01", 1)), extents=OUTCOMES
    )


NAMES = [
    *("primary", "lag.3", "lag.12", "secondary.un_personnel", "secondary.ever_un_troops"),
    *("outcome.end_by_rebel_victory", "placebo.un_troops_to_come", "calibration.0"),
    *("calibration.1", "known_biased", "robustness", "part.told", "part.silent"),
]


def rows_of(part: Part) -> list[tuple[object, ...]]:
    return [
        (e.estimate_id, e.role, e.label, e.measure, e.lag_months, e.inference, round(e.level, 4))
        for e in part.estimates
    ]


def test_each_task_without_a_number_gives_a_row_that_says_why(refusing: Inputs) -> None:
    every = tasks.tasks(refusing, DRAWS)
    assert list(every) == NAMES
    done = {name: task() for name, task in every.items() if not name.startswith("placebo")}
    troops, redrawn = "UN troops present", "risk_set_rerandomization"
    lag, family = ("un_troops", 6), (redrawn, 0.9833)
    assert rows_of(done["primary"]) == [("h1.primary", "primary", troops, *lag, *family)]
    assert rows_of(done["lag.3"]) == [
        ("h1.lag_03", "lag", "Lag of 3 months", "un_troops", 3, *family)
    ]
    assert rows_of(done["secondary.un_personnel"]) == [
        (
            "h1.un_personnel",
            "secondary",
            "Any UN peacekeeping personnel present",
            "un_personnel",
            1,
            redrawn,
            0.95,
        )
    ]
    assert rows_of(done["secondary.ever_un_troops"]) == [
        (
            *("h1.ever_un_troops", "known_biased", "Ever had UN troops (frozen at onset)"),
            *("ever_un_troops", 0, "cluster_sandwich", 0.95),
        )
    ]
    outcome = done["outcome.end_by_rebel_victory"]
    assert rows_of(outcome) == [
        ("h1.end_by_rebel_victory", "outcome", "Rebel victory", *lag, redrawn, 0.95)
    ]
    assert rows_of(done["part.told"]) == [("h1.told", "draft", troops, *lag, redrawn, 0.95)]
    assert done["part.told"].estimates[0].note == "Not estimable: no part without 0 primary"
    assert done["part.silent"] == Part()
    primary = done["primary"].estimates[0]
    assert primary.note == "Not estimable: nobody is exposed" and primary.estimand == "hazard_ratio"
    assert (primary.n_units, primary.n_events, primary.n_clusters) == (3, 2, 2)
    assert (primary.exposed_units, outcome.estimates[0].n_events) == (0, 0)
    assert done["calibration.1"].records["calibration"]["draws"] == 0
    assert math.isnan(done["known_biased"].records["known_biased"])
    assert done["robustness"].records["engines_agree"] is True
    placebo = every["placebo.un_troops_to_come"]()
    assert rows_of(placebo) == [
        (
            *("h1.placebo.un_troops_to_come", "falsification"),
            *(
                "UN troops will come within six months (lead)",
                "un_troops_to_come",
                0,
                redrawn,
                0.95,
            ),
        )
    ]
    # The lag of six months is the primary itself.
    found = tasks.main_estimates(refusing.spec, done)
    assert [e.estimate_id for e in found] == [
        *("h1.primary", "h1.lag_03", "h1.lag_06", "h1.lag_12", "h1.un_personnel"),
        *("h1.ever_un_troops", "h1.end_by_rebel_victory"),
    ]
    assert found[2] == dataclasses.replace(
        primary, estimate_id="h1.lag_06", role=Role.LAG, label="Lag of 6 months"
    )


def test_a_part_after_the_primary_is_given_it(refusing: Inputs) -> None:
    context = Context(refusing, prepare(refusing, refusing.spec.exposure), DRAWS)
    [primary] = tasks.tasks(refusing, DRAWS)["primary"]().estimates
    [found] = tasks.made_by("later", context, primary).estimates
    assert found.note == "Not estimable: no part without 1 primary"


def test_tasks_are_dealt_out_in_turn() -> None:
    names = list("abcdefg")
    assert [tasks.of_shard(names, k, 3) for k in (1, 2, 3)] == [list("adg"), list("be"), list("cf")]


def test_a_part_keeps_to_the_roles_and_curves_that_it_declares(refusing: Inputs) -> None:
    context = Context(refusing, prepare(refusing, refusing.spec.exposure), DRAWS)
    [row] = tasks.made_by("told", context).estimates
    curve = pd.DataFrame({"curve": ["drawn", "other"]})

    def made(part: Part, *roles: Role, curves: tuple[CurveOf, ...] = ()) -> Part:
        own = dataclasses.replace(declaration("x", *roles), curves=curves)
        return dataclasses.replace(own, function=lambda _: part).made(context)

    given = Part([row])
    assert made(given, Role.LAG, Role.DRAFT) is given
    with pytest.raises(ValueError, match=r"h1.told has the role draft.*declared: lag\)"):
        made(given, Role.LAG)
    with pytest.raises(ValueError, match="declared: none"):
        made(given)
    drawn = CurveOf("drawn", "survival", "Share")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="undeclared curves other"):
        made(Part(curves=curve), curves=(drawn,))
    assert made(Part(curves=curve[:1]), curves=(drawn,)).curves is not None
    assert (drawn.since, drawn.is_shaded_between) == ("onset", False)


def test_places_with_too_few_exposed_ends_have_counts_alone(refusing: Inputs) -> None:
    option = OptionSpec(validity="principled", label="Without 20", drop_countries=(20,))
    own = OptionSpec(validity="principled", label="All")
    spec = dataclasses.replace(
        refusing.spec, design="time_varying", multiverse={"places": {"all": own, "without": option}}
    )
    inputs = dataclasses.replace(refusing, spec=spec)
    context = Context(inputs, prepare(inputs, spec.exposure), DRAWS)
    alone = dataclasses.replace(spec, parts=("named_exclusions", "date_imputation"))
    # It asks the data alone, where redrawn dates restate the primary and wait for it.
    names = list(tasks.tasks(dataclasses.replace(inputs, spec=alone), DRAWS))
    assert [name for name in names if name.startswith("part.")] == ["part.named_exclusions"]
    [found] = PARTS["named_exclusions"].made(context).estimates
    assert (found.estimate_id, found.role, found.label) == (
        "h1.without.without",
        "exclusion",
        "Without 20",
    )
    assert found.note.startswith("Not estimable: exposed terminations 0, exposed clusters 0;")
    assert (found.n_units, found.level, found.lag_months) == (2, 0.95, 6)
    assert MOST_DRAWS == 999
    whole = where_enough(
        inputs, context.prepared, spec.exposure, estimate_id="x", role=Role.EXCLUSION, draws=9
    )
    assert (whole.label, whole.n_units) == ("UN troops present", 3)


def test_a_design_says_what_is_compared_and_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert estimand_of("", "episode_end") == "hazard_ratio"
    assert estimand_of("rate_ratio", "episode_end") == "rate_ratio"
    plain = {"design": "time_varying", "outcome": "episode_end"}
    assert unit_of(plain) == "war" and is_timed(plain)
    assert not is_timed(plain | {"design": "fixed_at_onset"})
    # An outcome that is not counted by period has no name of its own for either.
    by_period = {"design": "panel_counts", "outcome": "episode_end"}
    assert (unit_of(by_period), exposed_outcome(by_period)) == ("unit", "exposed period")
    counted = dataclasses.replace(MEASURES["episode_end"], cell=("state", "year"))
    monkeypatch.setitem(MEASURES, "episode_end", counted)
    assert (unit_of(by_period), exposed_outcome(by_period)) == ("state", "exposed year")
