"""What an option of the multiverse may choose in place of what is declared."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from collsec.core.models import IDENTIFIER, STRICT, Name, Text, Whole, checked, one_of, unrepeated

VALIDITY = ("principled", "plausible", "known-biased")

Lag = Annotated[Whole, Field(ge=0, le=120)]
Names = Annotated[tuple[Name, ...], checked(unrepeated)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is done otherwise than in the primary; as there, where a field is empty."""

    __pydantic_config__ = STRICT

    lag_months: Annotated[Lag | None, Field(description="Lag in place of the declared one.")] = None
    measure: Annotated[Name | None, Field(description="Exposure in place of the declared one.")] = (
        None
    )
    components: Annotated[
        Names | None, Field(description="Components of a tie, for an index of ties.")
    ] = None
    powers: Annotated[Names | None, Field(description="Powers whose ties an index counts.")] = None
    weights: Annotated[Name | None, Field(description="How an index weighs its components.")] = None
    types: Annotated[
        Names | None,
        Field(min_length=1, description="Types of war in place of the declared ones."),
    ] = None
    strata: Annotated[Names | None, Field(description="Strata in place of the declared ones.")] = (
        None
    )
    adjustment: Annotated[
        Names | None, Field(description="Covariates in place of the declared ones.")
    ] = None
    add_rules: Annotated[Names, Field(description="Rules of the cohort added.")] = ()
    drop_rules: Annotated[Names, Field(description="Rules of the cohort dropped.")] = ()
    drop_adjustment: Annotated[
        Names, Field(description="Covariates without variation once other choices hold.")
    ] = ()
    drop_countries: Annotated[
        tuple[Annotated[Whole, Field(ge=1, le=9999)], ...],
        checked(unrepeated),
        Field(description="Host states left out, by Gleditsch–Ward code."),
    ] = ()
    gap_years: Annotated[
        Annotated[Whole, Field(ge=1, le=50)] | None,
        Field(description="Years without activity that end an episode; one as UCDP has it."),
    ] = None
    last_year: Annotated[
        Annotated[Whole, Field(ge=1800, le=2200)] | None,
        Field(description="Follow-up ends with this year."),
    ] = None

    def made(self) -> dict[str, Any]:
        """The fields that are not empty."""
        every = {f.name: getattr(self, f.name) for f in dataclasses.fields(Choices)}
        # An empty tuple of strata or covariates is a choice of its own: none of them.
        return {
            name: value
            for name, value in every.items()
            if value is not None and (value != () or name not in _ADDING)
        }


# Fields of which several options may each add some; every other one belongs to a single axis.
_ADDING = ("add_rules", "drop_rules", "drop_adjustment", "drop_countries")
AS_DECLARED = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec(Choices):
    """One option on an axis: what it does otherwise, and how far it can be trusted.

    An option without any choice is the primary's own.
    """

    __pydantic_config__ = STRICT

    validity: Annotated[
        Name, *one_of(*VALIDITY), Field(description="How far an estimate with it can be trusted.")
    ]
    label: Annotated[Text, Field(description="What tables and figures call it.")]


# Names of axes and options are those of columns, and parts of the ids of estimates.
Label = Annotated[str, Field(strict=True, pattern=IDENTIFIER, max_length=60)]
Axes = dict[Label, dict[Label, OptionSpec]]
