"""Estimates and quantities as the strings that a page prints, by the names of its variables.

How a number reads follows from its unit, and the unit of an estimate from its estimand. Which
variables hold what stands in the declarations of the parts.
"""

from __future__ import annotations

import datetime
import fnmatch
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import pandas as pd

from collsec.designs import registry
from collsec.designs.estimate import UNITS, Estimate, Quantity, Unit
from collsec.designs.parts import PARTS, VariablesOf
from collsec.evidence.verdict import Verdict
from collsec.evidence.withheld import VALUES
from collsec.measures import MEASURES
from collsec.reports.words import ratios, verdicts, wording

#: What a page prints of every primary.
PRIMARY = (
    VariablesOf(
        "primary",
        {
            "primary.hr": "estimate",
            "primary.centered": "centered",
            "primary.ci": "interval",
            "primary.level": "level",
            "primary.p": "p_value",
            "primary.exposed_events": "exposed_events",
            "primary.exposed_clusters": "exposed_clusters",
            "primary.exposed_units": "exposed_units",
            "primary.units": "n_units",
            "primary.events": "n_events",
            "primary.clusters": "n_clusters",
            "primary.mde_low": "mde_low",
            "primary.mde_high": "mde_high",
        },
    ),
    VariablesOf("primary", {"primary.null_rejection": "null_rejection"}, digits=1),
)
#: What the synthesis adds to the p-value of a primary, by its name there.
ADJUSTED = {"primary.p_holm": "p_holm", "primary.q_value": "q_value"}
#: What the clusters of errors are, one and several, by the column that holds them.
CLUSTERS = {"gwno_host": ("country", "countries"), "conflict_id": ("conflict", "conflicts")}
#: Decimals of a unit where the quantity names none.
DIGITS = {
    Unit.COUNT: 0,
    Unit.RATIO: 2,
    Unit.NUMBER: 2,
    Unit.SHARE: 0,
    Unit.POINTS: 1,
    Unit.MONTHS: 1,
    Unit.DAYS: 0,
    Unit.YEARS: 1,
}
#: Words behind a value that is printed with its unit.
NAMES = {Unit.POINTS: " percentage points", Unit.MONTHS: " months", Unit.YEARS: " years"}
#: Below it intervals of two-stage least squares are not to be trusted (Staiger & Stock, 1997,
#: https://doi.org/10.2307/2171753); the Anderson–Rubin set is, whatever the strength.
WEAK_BELOW = 10.0
#: How the names of p-values end.
_P = (".p", "_p")
#: Fields of an estimate that are no value on the scale of its estimand, with their unit.
_FINDINGS = ("interval", "finding", "direction")
_FIELDS = {
    "p_value": Unit.P_VALUE,
    "level": Unit.LEVEL,
    "null_rejection": Unit.SHARE,
    "std_error": Unit.NUMBER,
    "lag_months": Unit.COUNT,
    "null_draws": Unit.COUNT,
    "expected_events": Unit.NUMBER,
    "nobs": Unit.COUNT,
    "n_units": Unit.COUNT,
    "n_events": Unit.COUNT,
    "n_clusters": Unit.COUNT,
    "exposed_units": Unit.COUNT,
    "exposed_events": Unit.COUNT,
    "exposed_clusters": Unit.COUNT,
    "label": Unit.TEXT,
    "note": Unit.TEXT,
}


class Results(Protocol):
    """What the words need of the record of a hypothesis."""

    @property
    def hypothesis(self) -> str: ...
    @property
    def spec(self) -> Mapping[str, Any]: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def quantities(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def made_by(self) -> Mapping[str, str]: ...
    @property
    def estimates(self) -> pd.DataFrame: ...
    @property
    def minimum(self) -> tuple[int, int]: ...


def variables(record: Results) -> dict[str, str]:
    """Every string that the pages of a hypothesis print from its record, by dotted name."""
    h = record.hypothesis
    rows = record.estimates.set_index(record.estimates["estimate_id"].str.partition(".")[2])
    found = sentences(record) | feed(rows, PRIMARY, record.minimum)
    found |= {
        name: printed(Quantity.from_plain(plain)) for name, plain in record.quantities.items()
    }
    for part in record.spec.get("parts", ()):
        own = rows[rows["estimate_id"].map(record.made_by) == part]
        found |= feed(own, PARTS[part].variables, record.minimum)
    found |= {with_sign(name): wording.p_said(p) for name, p in found.items() if is_p_value(name)}
    return {f"{h}.{name}": text for name, text in found.items()}


def origins(record: Results) -> dict[str, str]:
    """The estimate or quantity behind each variable that :func:`variables` gives."""
    h = record.hypothesis
    rows = record.estimates
    found = {f"{h}.{name}": f"{h}.{name}" for name in record.quantities}
    primary = str(rows.loc[rows["role"] == "primary", "estimate_id"].iloc[0])
    found |= {f"{h}.{name}": primary for name in sentences(record)}
    declared: list[tuple[tuple[VariablesOf, ...], pd.Series]] = [(PRIMARY, rows["estimate_id"])]
    for part in record.spec.get("parts", ()):
        own = rows.loc[rows["estimate_id"].map(record.made_by) == part, "estimate_id"]
        declared.append((PARTS[part].variables, own))
    for variables_of, estimates in declared:
        names = {str(one).partition(".")[2]: str(one) for one in estimates}
        for each in variables_of:
            for name in fnmatch.filter(names, each.estimates):
                for variable in each.names:
                    found[f"{h}.{variable.replace('{name}', name)}"] = names[name]
    return found | {with_sign(name): of for name, of in found.items() if is_p_value(name)}


def is_p_value(name: str) -> bool:
    """Whether a variable is a p-value, by how its name ends."""
    return name.endswith(_P)


def with_sign(name: str) -> str:
    """Return the variable that has a p-value with its sign, for a sentence."""
    return f"{name}_is"


def sentences(record: Results) -> dict[str, str]:
    """The finding of the primary and the verdict on it, in sentences."""
    rows = record.estimates
    primary = cast(Estimate, rows[rows["role"] == "primary"].iloc[0])
    verdict = record.verdict
    compared = contrast(record)
    return {
        "primary.sentence": verdicts.primary_sentence(primary, verdict, compared),
        "primary.plain": verdicts.plain_sentence(primary, verdict, compared),
        "primary.exposed": rests_on(cast(pd.Series, primary), record.spec),
        "primary.finding": _finding(cast(pd.Series, primary)),
        "primary.detectable": _detectable(cast(pd.Series, primary)),
        "verdict.code": verdict.code,
        "verdict.sentence": verdicts.sentence(verdict),
        "verdict.reasons": verdicts.with_reasons(verdict, places(record.spec)),
    }


def _finding(row: pd.Series) -> str:
    """A primary with its interval and p-value, or why it has none."""
    if row.get("withheld"):
        return str(row["withheld"])
    unit = UNITS[str(row["estimand"])]
    value = wording.none_ended(row) or printed(Quantity(float(row["estimate"]), unit))
    ends = interval(*(Quantity(float(row[end]), unit) for end in ("ci_low", "ci_high")))
    level = wording.level(row["level"])
    return f"{value} ({level} interval {ends}; {wording.p_is(row['p_value'])})"


#: What is said where the interval is open: no ratio is so far out that it would have shown.
NONE_DETECTABLE = "no effect, however large"


def _detectable(row: pd.Series) -> str:
    """The smallest effects that a primary could have shown, or why there are none."""
    if row.get("withheld"):
        return str(row["withheld"])
    if not all(math.isfinite(row[end]) for end in ("mde_low", "mde_high")):
        return NONE_DETECTABLE
    low, high = (wording.number(float(row[end])) for end in ("mde_low", "mde_high"))
    return f"a ratio above {high} or below {low}"


def contrast(record: Results) -> verdicts.Compared:
    """Who is compared with whom in the primary, and in what, in words."""
    rows = record.estimates
    primary = rows[rows["role"] == "primary"].iloc[0]
    spec, unit = record.spec, registry.unit_of(record.spec)
    measure = MEASURES.get(str(primary["measure"]))
    sides = (f"{wording.plural(unit)} with “{primary['label']}”", f"other {wording.plural(unit)}")
    if measure is not None and measure.contrast:
        months = int(spec["exposure"]["lag_months"])
        lag = f" for {wording.in_words(months)} {wording.plural('month', months)}" * bool(months)
        clock = registry.get(spec["design"]).clock
        those, others = (side.format(clock=clock, lag=lag) for side in measure.contrast)
        sides = (those, others)
    return verdicts.Compared(*sides, ratio_words(spec, str(primary["estimand"])), unit)


def ratio_words(spec: Mapping[str, Any], estimand: str) -> ratios.RatioWords:
    """What the ratio of a primary is of, in words."""
    return ratios.of(estimand, MEASURES[spec["outcome"]].noun)


def rests_on(row: pd.Series, spec: Mapping[str, Any]) -> str:
    """How many were exposed, and what happened to them, as part of a sentence."""
    unit, outcome = registry.unit_of(spec), registry.exposed_outcome(spec)
    n, hit = int(row["exposed_units"]), int(row["exposed_events"])
    is_own_cluster = bool(MEASURES[spec["outcome"]].cell)
    is_of_ends = outcome == "exposed termination"
    if is_of_ends and not registry.is_timed(spec):
        units = f"{wording.count(row['n_units'])} {wording.plural(unit)}"
        where = clusters(int(row["n_clusters"]), spec)
        return f"{wording.count(row['n_events'])} of {units} in {where} ended"
    units = f"{wording.count(n)} {wording.plural(unit, n)}"
    # The units that are counted by period are the clusters.
    where = "" if is_own_cluster else f" in {clusters(int(row['exposed_clusters']), spec)}"
    what = f"with {wording.count(hit)} {wording.plural(outcome, hit)}"
    if is_of_ends:
        what = f"and {wording.count(hit)} ended while exposed"
    return f"{units}{where} {'was' if n == 1 else 'were'} exposed, {what}"


def reasons(record: Results) -> list[str]:
    """The reasons of a verdict in words, and what is flagged."""
    return verdicts.reasons(record.verdict, places(record.spec))


def places(spec: Mapping[str, Any]) -> str:
    """What the clusters of a specification are, in the plural: units that are counted by period."""
    cell = MEASURES[spec["outcome"]].cell
    return wording.plural(cell[0]) if cell else CLUSTERS[spec["cluster"]][1]


def clusters(n: int, spec: Mapping[str, Any]) -> str:
    """So many clusters: ``8 countries``."""
    return f"{wording.count(n)} {CLUSTERS[spec['cluster']][n != 1]}"


def feed(
    rows: pd.DataFrame, declared: Sequence[VariablesOf], minimum: tuple[int, int] = (0, 0)
) -> dict[str, str]:
    """The variables that some estimates feed.

    Parameters
    ----------
    rows : DataFrame
        Estimates by their name without the hypothesis.
    declared : sequence of VariablesOf
    minimum : tuple of int
        Exposed outcomes and clusters below which no direction is said.
    """
    found = {}
    for one in declared:
        for name in fnmatch.filter(rows.index.astype(str), one.estimates):
            for variable, field in one.names.items():
                found[variable.replace("{name}", name)] = _field(
                    rows.loc[name], field, one, minimum
                )
    return found


def _field(row: pd.Series, field: str, declared: VariablesOf, minimum: tuple[int, int]) -> str:
    """One field of an estimate, its interval, both, or on which side the interval lies."""
    unit, digits = UNITS[str(row["estimand"])], declared.digits
    if row.get("withheld") and (field in VALUES or field in _FINDINGS):
        # The reason stands in the place of the value, and a word in those of what goes with it.
        return str(row["withheld"]) if field in ("estimate", "finding") else wording.missing(row)
    low, high = (Quantity(float(row[end]), unit, digits) for end in ("ci_low", "ci_high"))
    if field == "interval":
        return interval(low, high)
    none = wording.none_ended(row) if unit is Unit.RATIO else ""
    if field == "estimate" and none:
        return none
    if field == "finding":
        value = none or printed(Quantity(float(row["estimate"]), unit, digits))
        if math.isnan(row["estimate"]):
            return value
        return f"{value}{NAMES.get(unit, '')} ({interval(low, high)})"
    if field == "direction":
        neutral = 1.0 if unit is Unit.RATIO else 0.0
        scale = 100 if unit is Unit.POINTS else 1
        return wording.exploratory(
            scale * low.value,
            scale * high.value,
            declared.expected,
            neutral,
            is_thin=wording.is_thin(row, minimum),
        )
    return printed(Quantity(row[field], _FIELDS.get(field, unit), digits))


def interval(low: Quantity, high: Quantity) -> str:
    """An interval for print; open where a limit does not exist."""
    if math.isnan(low.value) or math.isnan(high.value):
        return wording.number(math.nan)
    return f"{printed(low)} to {printed(high)}"


def printed(quantity: Quantity) -> str:
    """A quantity for print, as its unit asks.

    Examples
    --------
    >>> printed(Quantity(0.256, Unit.SHARE)), printed(Quantity(-0.0312, Unit.POINTS))
    ('26 %', '−3.1')
    >>> printed(Quantity("2017-06-30", Unit.CALENDAR_MONTH)), printed(Quantity(0.95, Unit.LEVEL))
    ('June 2017', '95 %')
    """
    value, unit = quantity.value, quantity.unit
    digits = DIGITS.get(unit, 0) if quantity.digits is None else quantity.digits
    match unit:
        case Unit.TEXT:
            return str(value)
        case Unit.CALENDAR_YEAR:
            return str(int(value))
        case Unit.CALENDAR_MONTH:
            return f"{datetime.date.fromisoformat(value):%B %Y}"
        case Unit.P_VALUE:
            return wording.p_value(value)
        case Unit.LEVEL:
            return wording.level(value)
        case Unit.SHARE:
            return wording.percent(value, digits)
        case Unit.POINTS:
            return wording.number(100 * value, digits)
        case Unit.DETECTED:
            return "detectable" if value else "not detectable"
        case Unit.FIRST_STAGE_F:
            return _strength(value)
        case Unit.CONFIDENCE_SET:
            return _set(value)
        case _:
            return wording.number(value, digits)


def _strength(statistic: float) -> str:
    """Whether an instrument moves the exposure enough to learn from."""
    if math.isnan(statistic):
        return wording.number(statistic)
    return "weak" if statistic < WEAK_BELOW else "not weak by the usual mark of 10"


def _set(accepted: Sequence[Sequence[float]]) -> str:
    """A confidence set of a difference of shares, in percentage points."""
    if not accepted:
        return "empty"
    if [list(one) for one in accepted] == [[-math.inf, math.inf]]:
        return "every value, so that nothing is ruled out"
    return " or ".join(
        interval(Quantity(low, Unit.POINTS), Quantity(high, Unit.POINTS)) for low, high in accepted
    )
