"""Schemas of the processed files, checked at each write.

A frame that breaks its schema is a fault of the code or of a join, not of the user: the error
names the stage, the column and the rule.
"""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import TYPE_CHECKING

import pandas as pd

from collsec.core.errors import CollsecError

if TYPE_CHECKING:
    import pandera.pandas as pa


class BadFrame(CollsecError):
    """A processed table breaks its schema."""


class Role(StrEnum):
    """What an estimate is to its hypothesis; column ``role`` of the estimates.

    A part may use any of them. What a role means to the reader stands in the part's declaration.
    """

    PRIMARY = "primary"
    # The primary with one thing changed.
    LAG = "lag"
    VARIANT = "variant"
    EXCLUSION = "exclusion"
    IMPUTATION = "imputation"
    SENSITIVITY = "sensitivity"
    FALSIFICATION = "falsification"
    KNOWN_BIASED = "known_biased"
    # Another question put to the same wars.
    SECONDARY = "secondary"
    OUTCOME = "outcome"
    MODEL = "model"
    DOSE = "dose"
    INTERACTION = "interaction"
    FUNCTIONAL_FORM = "functional_form"
    ALTERNATIVE_INDEX = "alternative_index"
    OTHER_POWERS = "other_powers"
    ACTION_CLASS = "action_class"
    CASTING_STATE = "casting_state"
    # Another unit, clock or event.
    TRIAL = "trial"
    DRAFT = "draft"
    MECHANISM = "mechanism"
    COUNCIL_ACTION = "council_action"
    P5_FIGHTS = "p5_fights"
    VOTES = "votes"
    DESCRIPTIVE = "descriptive"

    @property
    def restates_primary(self) -> bool:
        """Whether it asks the primary's question again, so that it is no further test."""
        return self in _RESTATEMENTS

    @property
    def speaks_to_claims(self) -> bool:
        """Whether an estimate of this role may stand beside a claim, as exploratory."""
        return self in _EXPLORATORY


_RESTATEMENTS = frozenset(
    {
        Role.PRIMARY,
        Role.LAG,
        Role.VARIANT,
        Role.EXCLUSION,
        Role.IMPUTATION,
        Role.SENSITIVITY,
        Role.FALSIFICATION,
        Role.KNOWN_BIASED,
    }
)
_EXPLORATORY = frozenset(
    {
        Role.LAG,
        Role.SECONDARY,
        Role.OUTCOME,
        Role.INTERACTION,
        Role.OTHER_POWERS,
        Role.TRIAL,
        Role.MECHANISM,
        Role.COUNCIL_ACTION,
        Role.P5_FIGHTS,
        Role.VOTES,
    }
)


def validate(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Check a processed frame against the schema of its stage.

    Parameters
    ----------
    frame : DataFrame
    name : str
        ``stage/name``, such as ``timelines/deployment``.

    Raises
    ------
    BadFrame
        Naming the column, the rule and an example value.
    """
    schema = _schema_for(name)
    if schema is None:
        return frame
    import pandera.errors

    try:
        return schema.validate(frame, lazy=False)
    except pandera.errors.SchemaError as error:
        column = getattr(error.schema, "name", None)
        cases = getattr(error, "failure_cases", None)
        example = ""
        if isinstance(cases, pd.DataFrame) and len(cases):
            example = f", value {cases['failure_case'].iloc[0]!r}"
        raise BadFrame(
            f"data/processed/{name}.parquet, column {column}{example}: breaks {error.check}. "
            "Nothing was written."
        ) from None


def _schema_for(name: str) -> pa.DataFrameSchema | None:
    stage, _, leaf = name.partition("/")
    if stage in ("tables", "public"):
        # Validated against its own Table Schema, cell by cell; made by its own declaration.
        return None
    if stage == "panels":
        return _panels()["attrition" if leaf.endswith("-attrition") else "rows"]
    if stage == "specs":
        return _multiverse()["specs"]
    if stage == "shards" or leaf.endswith("-multiverse"):
        return _multiverse()["estimates"]
    if stage == "estimates":
        return _estimates()["curves" if leaf.endswith("-curves") else "rows"]
    return _timeline(leaf) if stage == "timelines" else _episodes().get(leaf)


@functools.cache
def _episodes() -> dict[str, pa.DataFrameSchema]:
    import pandera.pandas as pa

    positive = pa.Check.gt(0)
    conflict = pa.Column("Int64", positive, coerce=True)
    text = pa.Column("string", coerce=True)
    date = pa.Column("datetime64[s]", coerce=True)
    return {
        "episodes": pa.DataFrameSchema(
            {
                "episode_id": pa.Column("string", unique=True, coerce=True),
                "conflict_id": conflict,
                "onset_date": date,
                "exit_date": date,
                "duration_days": pa.Column(float, positive),
                "is_ended": pa.Column("boolean", coerce=True),
                "type_at_onset": text,
                "outcome": pa.Column("string", nullable=True, coerce=True),
            },
            checks=pa.Check(
                lambda d: d["exit_date"] >= d["onset_date"],
                name="exit_date is not before onset_date",
            ),
        ),
        "missions": pa.DataFrameSchema(
            {
                "mission_id": text,
                "conflict_id": pa.Column("Int64", positive, nullable=True, coerce=True),
            }
        ),
        "acts": pa.DataFrameSchema(
            {
                "item_id": text,
                "conflict_id": conflict,
                "date": date,
                "act": pa.Column("string", pa.Check.isin(["veto", "resolution"]), coerce=True),
            }
        ),
        "ties": pa.DataFrameSchema({"episode_id": text, "power": text}),
        "vetoes_on_no_war": pa.DataFrameSchema(
            {"item_id": pa.Column("string", unique=True, coerce=True), "date": date}
        ),
        "extents": pa.DataFrameSchema(
            {
                "extent": pa.Column("string", unique=True, coerce=True),
                "first_day": date,
                "last_day": date,
            },
            checks=pa.Check(
                lambda d: d["last_day"] >= d["first_day"], name="last_day is not before first_day"
            ),
        ),
        "assembly": pa.DataFrameSchema(
            {"sitting_id": text, "session": text, "conflict_id": conflict, "from_date": date},
            unique=["sitting_id", "conflict_id"],
        ),
        "links": pa.DataFrameSchema(
            {
                "family": text,
                "n_unmatched": pa.Column(
                    int, pa.Check.eq(0), description="every coded key resolves"
                ),
            }
        ),
    }


#: Columns of a timeline: that of its unit, and its counts of zero or more; by name. Timelines say
#: this of themselves where they are declared; one that says nothing is checked for its clock alone.
STEPS: dict[str, tuple[str, tuple[str, ...]]] = {}


def _timeline(name: str) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    date = pa.Column("datetime64[s]", coerce=True)
    known = pa.Check(
        lambda d: d["known_from"] >= d["from_date"], name="nothing is known before it happens"
    )
    clock = {"from_date": date, "known_from": date}
    if name not in STEPS:
        return pa.DataFrameSchema(clock, checks=known)
    unit, counts = STEPS[name]
    return pa.DataFrameSchema(
        {unit: pa.Column("Int64", coerce=True), **clock}
        | {column: pa.Column(int, pa.Check.ge(0)) for column in counts},
        checks=known,
        unique=[unit, "from_date"] if counts else None,
    )


@functools.cache
def _panels() -> dict[str, pa.DataFrameSchema]:
    import pandera.pandas as pa

    return {
        "rows": pa.DataFrameSchema(
            {
                "unit_id": pa.Column("string", coerce=True),
                "start": pa.Column(float, pa.Check.ge(0)),
                "stop": pa.Column(float, pa.Check.gt(0)),
                "event": pa.Column(bool),
            },
            checks=pa.Check(lambda d: d["start"] < d["stop"], name="stop is after start"),
            unique=["unit_id", "start"],
        ),
        "attrition": pa.DataFrameSchema(
            {
                "step": pa.Column("string", coerce=True),
                "n_units": pa.Column(int, pa.Check.gt(0)),
                "dropped": pa.Column(int, pa.Check.ge(0)),
            }
        ),
    }


@functools.cache
def _multiverse() -> dict[str, pa.DataFrameSchema]:
    import pandera.pandas as pa

    tags = pa.Check.isin(["principled", "plausible", "known-biased"])
    declared = {
        "specification": pa.Column("string", unique=True, coerce=True),
        "validity": pa.Column("string", tags, coerce=True),
    }
    number = pa.Column(float, nullable=True)
    count = pa.Column(int, pa.Check.ge(0))
    return {
        "specs": pa.DataFrameSchema(declared),
        "estimates": pa.DataFrameSchema(
            declared
            | {
                "departures": count,
                "estimate": pa.Column(float, pa.Check.gt(0), nullable=True),
                "ci_low": number,
                "ci_high": number,
                "p_value": number,
                "std_error": number,
                "nobs": count,
                "n_units": count,
                "n_events": count,
                "n_clusters": count,
                "exposed_units": count,
                "exposed_events": count,
                "exposed_clusters": count,
                "note": pa.Column("string", coerce=True),
            }
        ),
    }


@functools.cache
def _estimates() -> dict[str, pa.DataFrameSchema]:
    import pandera.pandas as pa

    number = pa.Column(float, nullable=True)
    count = pa.Column(int, pa.Check.ge(0))
    return {
        "rows": pa.DataFrameSchema(
            {
                "estimate_id": pa.Column("string", unique=True, coerce=True),
                "role": pa.Column("string", pa.Check.isin([r.value for r in Role]), coerce=True),
                "estimate": number,
                "ci_low": number,
                "ci_high": number,
                "nobs": count,
                "n_events": count,
                "exposed_events": count,
                "validity": pa.Column(
                    "string",
                    pa.Check.isin(["principled", "plausible", "known-biased"]),
                    coerce=True,
                ),
            }
        ),
        "curves": pa.DataFrameSchema(
            {
                "curve": pa.Column("string", coerce=True),
                "time_months": pa.Column(float, pa.Check.ge(0)),
                "estimate": pa.Column(float, pa.Check.in_range(-1e-9, 1 + 1e-9)),
            }
        ),
    }
