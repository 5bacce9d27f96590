"""Parts of a hypothesis beyond its primary: one decorated function each, named in its file.

A part takes the primary's cohort and returns estimates, curves, quantities and plain records:
numbers, never text. Its decorator declares everything that others need to know of it: the reports
(tables, curves, names of variables), the claims (what an estimate rests on), the lineage (which
columns it uses), the validation (which exposure it asks about), and the tasks (whether it waits
for the primary).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pandas as pd

from collsec.core.schema import Role
from collsec.designs.estimate import Estimate, Quantity
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.printed import EventStudyOf, ForestOf, RecordTable, ResponseOf
from collsec.histories.registry import enter
from collsec.hypothesis.study import Draws


@dataclass(frozen=True, slots=True)
class Context:
    """What a part may use.

    Attributes
    ----------
    inputs : Inputs
    prepared : Prepared
        The primary's cohort and rows.
    draws : Draws
        Draw counts of the profile.
    """

    inputs: Inputs
    prepared: Prepared
    draws: Draws

    @property
    def name(self) -> str:
        """The hypothesis, with which every estimate id begins."""
        return self.inputs.spec.hypothesis


@dataclass(frozen=True, slots=True)
class Part:
    """What a part gives.

    Attributes
    ----------
    estimates : list of Estimate
        Their ids begin with the hypothesis; the rest is the estimate's name.
    curves : DataFrame or None
        Rows of the curves table.
    quantities : dict of Quantity
        Further numbers that the page prints, by the name of their variable without the hypothesis.
    records : dict
        Plain JSON for the record's ``parts``, by name.
    """

    estimates: list[Estimate] = field(default_factory=list)
    curves: pd.DataFrame | None = None
    quantities: dict[str, Quantity] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table of a page: every estimate of some roles, with its counts.

    Attributes
    ----------
    name : str
        End of the table's identifier: ``drafts`` gives ``tbl-h2-drafts``.
    roles : tuple of Role
        Roles of the estimates that it lists, those of other parts and placebos included.
    caption : str
        What a reader must know to read it: unit, event, estimand, intervals, counts.
    """

    name: str
    roles: tuple[Role, ...]
    caption: str


class CurveKind(StrEnum):
    """How a family of curves is drawn."""

    SURVIVAL = "survival"  # falling from one, by group
    INCIDENCE = "incidence"  # rising from zero, by group
    STATES = "states"  # shares in each state, one group a state; together all


@dataclass(frozen=True, slots=True)
class CurveOf:
    """A figure of a page: one family of curves, by group.

    Attributes
    ----------
    curve : str
        Value of column ``curve``; the figure is named after it (``vote_survival``,
        ``fig-h2-vote-survival``).
    kind : CurveKind
    title : str
        What the shares are of: the title of the axis.
    since : str
        What the months are counted from: ``onset``, ``the vote``.
    is_shaded_between : bool
        Whether the area between the first curves is shaded: the difference is the estimate.
    """

    curve: str
    kind: CurveKind
    title: str
    since: str = "onset"
    is_shaded_between: bool = False


@dataclass(frozen=True, slots=True)
class VariablesOf:
    """Names of the variables that hold the numbers of some estimates.

    Attributes
    ----------
    estimates : str
        Pattern of the estimates' names without the hypothesis, as of a shell: ``trial_b.*``.
    names : mapping of str to str
        Variable → what it holds. In a variable ``{name}`` stands for the estimate's name. It holds
        a field of :class:`~collsec.designs.estimate.Estimate`; or ``interval``; ``finding``, the
        value with its unit and interval; ``direction``, on which side of no difference the
        interval lies, as ``expected`` has it.
    expected : str
        ``above_one`` or ``below_one``: the side that the claim implies, for ``direction``.
    digits : int or None
        Decimals; those of the estimand's unit where it is None.
    """

    estimates: str
    names: Mapping[str, str]
    expected: str = "above_one"
    digits: int | None = None


Function = Callable[..., Part]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A part as it is registered.

    Attributes
    ----------
    name : str
        What a hypothesis file calls it: the name of the function.
    function : callable
        ``(Context) → Part``; ``(Context, primary) → Part`` where it is made after the primary.
    roles : tuple of Role
        Roles of its estimates; another one is a fault of the part.
    tables, curves, variables : tuples of TableOf or RecordTable, CurveOf, VariablesOf
    counts : str
        One sentence on what one of its estimates rests on, without its full stop. Fields:
        ``units, events, clusters``, the same as ``exposed_units, exposed_events,
        exposed_clusters`` and ``other_units, other_events``, and ``cluster`` (what clusters are,
        such as ``countries``). Empty where the design's own sentence serves.
    uses : tuple of str
        ``frame.column`` of linked frames, timelines or raw tables, beyond those of the cohort and
        of the measures that the specification names.
    after_primary : bool
        Whether it restates the estimated primary and waits for it.
    exposures : tuple of str
        Measures of which one must be the hypothesis's own exposure, since the part asks about it;
        empty where the part asks about the hypothesis's own, whatever it is.
    designs : tuple of str
        Designs that it can be part of; empty for every one.
    figures : tuple of ForestOf, ResponseOf or EventStudyOf
        Further figures.
    """

    name: str
    function: Function
    roles: tuple[Role, ...]
    tables: tuple[TableOf | RecordTable, ...]
    curves: tuple[CurveOf, ...]
    variables: tuple[VariablesOf, ...]
    counts: str
    uses: tuple[str, ...]
    after_primary: bool
    exposures: tuple[str, ...]
    designs: tuple[str, ...]
    figures: tuple[ForestOf | ResponseOf | EventStudyOf, ...] = ()

    def made(self, context: Context, *primary: Estimate) -> Part:
        """What the part gives, checked against its declaration.

        Raises
        ------
        ValueError
            If an estimate has a role, or a curve a name, that the part does not declare.
        """
        part = self.function(context, *primary)
        for estimate in part.estimates:
            if estimate.role not in self.roles:
                declared = ", ".join(self.roles) or "none"
                raise ValueError(
                    f"part {self.name}: estimate {estimate.estimate_id} has the role "
                    f"{estimate.role}, which it does not declare (declared: {declared})."
                )
        if part.curves is not None:
            extra = set(part.curves["curve"]) - {one.curve for one in self.curves}
            if extra:
                raise ValueError(f"part {self.name}: undeclared curves {', '.join(sorted(extra))}.")
        return part


PARTS: dict[str, Declaration] = {}


def part(
    *,
    roles: tuple[Role, ...] = (),
    tables: tuple[TableOf | RecordTable, ...] = (),
    curves: tuple[CurveOf, ...] = (),
    variables: tuple[VariablesOf, ...] = (),
    counts: str = "",
    uses: tuple[str, ...] = (),
    after_primary: bool = False,
    exposures: tuple[str, ...] = (),
    designs: tuple[str, ...] = (),
    figures: tuple[ForestOf | ResponseOf | EventStudyOf, ...] = (),
) -> Callable[[Function], Function]:
    """Register a part under its function's name; see :class:`Declaration`.

    Raises
    ------
    BadDeclaration
        If another module has registered one of that name.
    """

    def register(function: Function) -> Function:
        enter(
            PARTS,
            Declaration(
                function.__name__,
                function,
                roles,
                tables,
                curves,
                variables,
                counts,
                uses,
                after_primary,
                exposures,
                designs,
                figures,
            ),
        )
        return function

    return register
