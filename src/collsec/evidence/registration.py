"""What was declared before a release of the data was seen, and what that release says of it.

A registration holds every specification with its digest, the sign that is expected, the rule of
the decision, and how many exposed outcomes a further year may bring, alongside how many are
needed. On the registered release the declared set runs twice: on follow-up after the last day that
had been seen, wars entering late, which alone can confirm; and on all years, which only updates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.core.provenance import data_vintage
from collsec.designs.estimate import Estimate, rounded
from collsec.designs.inputs import Inputs
from collsec.designs.registry import exposed_outcome, get
from collsec.evidence.estimation import needed_outcomes
from collsec.hypothesis.specification import specification_digest

FILE = "analyses/REGISTRATION.json"
#: What the data of a hypothesis say of it on follow-up that nobody had seen.
CONFIRMED, REFUTED, UNDECIDED = "confirmed", "not confirmed", "undecided"
NOT_ESTIMABLE, UPDATED = "not estimable", "updated"
RULE = {
    "confirmed": "interval on the expected side of one; enough exposed outcomes and clusters",
    "not confirmed": "interval on the other side of one, or within the range of no interest",
    "undecided": "enough exposed outcomes and clusters, and neither of these",
    "not estimable": "fewer exposed outcomes or clusters than the minimum; cumulates over releases",
    "follow-up": "from the first day after the record seen; units enter late, at that day",
    "all years": "updated, whatever the interval: never confirmed",
}


class BadRegistration(CollsecError):
    """A registration is missing or does not fit the study."""


def registered(
    project: Project, release: str, source: str, version: str, inputs: Callable[[str], Inputs]
) -> dict[str, Any]:
    """The registration of every hypothesis of a study, as plain JSON.

    Parameters
    ----------
    project : Project
    release : str
        Version of the data that it is registered for, which has not been seen.
    source, version : str
        Name of the data, and the version that has been seen.
    inputs : callable
        Gives what a hypothesis works on, by its name.
    """
    from collsec.hypothesis.study import load_study

    study = load_study(project)
    made = []
    last_day = None
    for name in study.hypotheses:
        given = inputs(name)
        last_day = given.extents["wars"].last_day
        design, level = get(given.spec.design), study.level_of(name)
        laid_out = design.prepare(given, given.spec.exposure)
        needed = needed_outcomes(design.without_draws(given, laid_out, level))
        made.append(
            {
                "hypothesis": name,
                "is_primary": name in study.primaries,
                "specification": specification_digest(project, name),
                "declared": given.spec.normalized(),
                "expected": given.spec.estimand.expected,
                "no_effect": list(given.spec.estimand.no_effect),
                "level": level,
                "exposed_outcome": exposed_outcome(given.spec.normalized()),
                "expected_per_year": design.outcomes_per_year(given),
                "needed": needed,
            }
        )
    if last_day is None:
        raise BadRegistration("there is no hypothesis to register.")
    found: dict[str, Any] = rounded(
        {
            "release": release,
            "source": source,
            "seen": {"version": version, "last_day": f"{last_day:%Y-%m-%d}"},
            "follow_up_from": f"{last_day + pd.Timedelta(days=1):%Y-%m-%d}",
            "data_vintage": data_vintage(project),
            "minimum": {
                "exposed_outcomes": study.minimum_exposed_events,
                "exposed_clusters": study.minimum_exposed_clusters,
            },
            "rule": RULE,
            "hypotheses": made,
        }
    )
    return found


def decided(found: Estimate, one: Mapping[str, Any], minimum: Mapping[str, int]) -> str:
    """What an estimate on follow-up that had not been seen says, by the registered rule."""
    few = (
        found.exposed_events < minimum["exposed_outcomes"]
        or found.exposed_clusters < minimum["exposed_clusters"]
    )
    if few or not (math.isfinite(found.ci_low) and math.isfinite(found.estimate)):
        return NOT_ESTIMABLE
    is_above = one["expected"] == "above_one"
    as_expected = found.ci_low > 1 if is_above else found.ci_high < 1
    against = found.ci_high < 1 if is_above else found.ci_low > 1
    low, high = one["no_effect"]
    if as_expected:
        return CONFIRMED
    if against or (found.ci_low >= low and found.ci_high <= high):
        return REFUTED
    return UNDECIDED


def confirmed(
    project: Project,
    registration: Mapping[str, Any],
    version: str,
    inputs: Callable[[str], Inputs],
) -> dict[str, Any]:
    """Run a registered set on the data of a study.

    Parameters
    ----------
    project : Project
    registration : mapping
        As :func:`registered` made it.
    version : str
        Version of the data that are here.
    inputs : callable
        Gives what a hypothesis works on, by its name.

    Returns
    -------
    dict
        ``is_registered`` (whether the data are of the registered release), ``version``, and for
        each hypothesis the estimate and decision on follow-up alone, the estimate on all years,
        and whether the specification is still the registered one.
    """
    day, minimum = pd.Timestamp(registration["follow_up_from"]), registration["minimum"]
    rows = []
    for one in registration["hypotheses"]:
        name = one["hypothesis"]
        given = inputs(name)
        design = get(given.spec.design)
        alone = design.since(given, day, one["level"])
        every = design.without_draws(
            given, design.prepare(given, given.spec.exposure), one["level"]
        )
        rows.append(
            {
                "hypothesis": name,
                "is_as_registered": specification_digest(project, name) == one["specification"],
                "follow_up": _plain(alone) | {"standing": decided(alone, one, minimum)},
                "all_years": _plain(every) | {"standing": UPDATED},
                "expected_per_year": one["expected_per_year"],
            }
        )
    found: dict[str, Any] = rounded(
        {
            "release": registration["release"],
            "version": version,
            "is_registered": version == registration["release"],
            "follow_up_from": registration["follow_up_from"],
            "hypotheses": rows,
        }
    )
    return found


def _plain(found: Estimate) -> dict[str, Any]:
    names = ("estimate", "ci_low", "ci_high", "level", "exposed_events", "exposed_clusters", "note")
    return {name: getattr(found, name) for name in names}
