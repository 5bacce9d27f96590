"""upstream → raw: the compiled tables, written by coding rules and never by hand.

One module per family of upstream files; each table is a function of the upstream folder. The rules
are told in ``data/raw/CODING.md``. Nothing here writes to ``data/raw/coded``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from collsec.compile.colonies import read_colonies
from collsec.compile.corrections import read_corrections
from collsec.compile.council_links import read_agenda_conflicts, resolution_conflicts
from collsec.compile.council_members import compile_council_members
from collsec.compile.geography import read_geography
from collsec.compile.host_states import (
    Covariate,
    host_states_from,
    read_excluded_shares,
    read_state_years,
    read_terrain,
)
from collsec.compile.missions import compile_mission_milestones
from collsec.compile.termination import outcomes_from
from collsec.compile.text import csv_text, records_of
from collsec.compile.ties import Ties, ties_from
from collsec.compile.workbench import Workbench
from collsec.compile.yearly_ties import (
    defense_pacts,
    ideal_point_distances,
    trade_shares,
    us_troops,
)
from collsec.errors import BadTable, CollsecError, MissingInput
from collsec.sources import Upstream, read_sources
from collsec.store import whole

FOLDER = "data/raw/compiled"
DIFF_LINES = 40  # of each table, in the message of a failed check


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one compiled table is made.

    Attributes
    ----------
    sources : tuple of str
        Keys of the sources that it is made from.
    build : callable
        Workbench → the table.
    """

    sources: tuple[str, ...]
    build: Callable[[Workbench], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of one table.

    Attributes
    ----------
    name : str
        Name of the table.
    path : Path
        Its file.
    diff : str
        Unified diff from the file as it stood to the table as compiled; empty if they agree.
    """

    name: str
    path: Path
    diff: str

    @property
    def is_changed(self) -> bool:
        """Whether the file differed from the table as compiled."""
        return bool(self.diff)


class StaleTables(CollsecError):
    """Committed tables that differ from what the coding rules make of the upstream files.

    Parameters
    ----------
    compiled : sequence of Compiled
        Every table; those that agree are left out of the message.
    """

    def __init__(self, compiled: Sequence[Compiled]) -> None:
        self.stale = tuple(c for c in compiled if c.is_changed)
        names = ", ".join(f"{FOLDER}/{c.name}.csv" for c in self.stale)
        super().__init__(
            f"{names}: not what the rules make of the upstream files. Run `collsec compile` "
            "without --check and review the difference, or undo the edit by hand.\n"
            + "\n".join(shortened(c.diff) for c in self.stale)
        )


def shortened(diff: str) -> str:
    """The first lines of a diff, and how many more there are."""
    lines = diff.splitlines()
    more = len(lines) - DIFF_LINES
    return "\n".join(lines[:DIFF_LINES] + ([f"… {more} more lines"] if more > 0 else []))


def outcomes(bench: Workbench) -> pd.DataFrame:
    """Outcome of each episode."""
    return outcomes_from(bench.episodes, bench.terminations, ("ucdp_acd", "ucdp_termination"))


def ties(bench: Workbench) -> pd.DataFrame:
    """Ties of hosts with the great powers before each episode."""
    of = {
        "pact": "atop", "trade": "cow_trade", "colony": "coldat", "contiguity": "cow_contiguity",
        "distance": "gw_capitals", "ideal_point": "ideal_points", "us_troops": "us_troops",
    }  # fmt: skip
    file, system = bench.upstream.file, bench.system
    pacts, last_year = defense_pacts(file(of["pact"]))
    iso3 = {s["gwno"]: s["iso3"] for s in records_of(bench.states) if s["iso3"]}
    return ties_from(
        bench.episodes,
        Ties(
            trade=trade_shares(file(of["trade"]), system),
            votes=ideal_point_distances(file(of["ideal_point"]), system),
            troops=us_troops(file(of["us_troops"]), system),
            pacts=pacts,
            pacts_last_year=last_year,
            colonies=read_colonies(
                file(of["colony"]), file("colonial_dummies"), iso3,
                {"dates": of["colony"], "names": "colonial_dummies", "states": "gw_system"},
            ),
            geography=read_geography(file(of["distance"]), file(of["contiguity"]), system),
            system=system,
            sources=of,
        ),
    )  # fmt: skip


def host_states(bench: Workbench) -> pd.DataFrame:
    """Covariates of the host of each episode before onset."""
    file = bench.upstream.file
    wealth, democracy = file("gdp_population"), file("democracy")
    covariates = [
        Covariate("gdp_per_capita", read_state_years(wealth, "gwcode", "mrgdppc"),
                  "gdp_population", 1),
        Covariate("population_thousands",
                  read_state_years(wealth, "gwcode", "pwtpop", scale=1000.0), "gdp_population", 0),
        Covariate("polyarchy_index", read_state_years(democracy, "gwcode", "v2x_polyarchy"),
                  "democracy", 3),
        Covariate("polity_score", read_state_years(democracy, "gwcode", "polity2"),
                  "democracy", 0),
        Covariate("capability_share", read_state_years(file("cow_capabilities"), "ccode", "cinc"),
                  "cow_capabilities", 6),
        Covariate("ethnic_fractionalization", read_state_years(file("hief"), "gwcode", "efindex"),
                  "hief", 3),
        Covariate("excluded_share", read_excluded_shares(file("epr")), "epr", 4),
    ]  # fmt: skip
    return host_states_from(
        bench.episodes, covariates, read_terrain(file("ruggedness")), bench.system,
        ("ucdp_acd", "gw_system", "ruggedness"),
    )  # fmt: skip


def links_of_resolutions(bench: Workbench) -> pd.DataFrame:
    """Resolutions and the conflicts that they concern."""
    agenda = read_agenda_conflicts(bench.coded / "agenda_conflicts.csv")
    return resolution_conflicts(bench.resolutions, agenda, bench.episodes)


UCDP = ("ucdp_acd", "ucdp_termination")
STATES = ("gw_system", "ideal_points", "ucdp_acd")
COUNCIL = ("un_library", "resolution_dates", "tamm", "eusanct")
RECIPES: dict[str, Recipe] = {
    "episodes": Recipe(UCDP, lambda bench: bench.episodes),
    "outcomes": Recipe(UCDP, outcomes),
    "states": Recipe(STATES, lambda bench: bench.states),
    "p5_ties": Recipe(
        (*UCDP, *STATES, "atop", "cow_trade", "coldat", "colonial_dummies", "cow_contiguity",
         "gw_capitals", "us_troops"),
        ties,
    ),
    "host_states": Recipe(
        (*UCDP, *STATES, "gdp_population", "democracy", "cow_capabilities", "hief", "epr",
         "ruggedness"),
        host_states,
    ),
    "mission_milestones": Recipe(
        ("bara_hultman", "personnel_shortfall"),
        lambda bench: compile_mission_milestones(bench.upstream.folder),
    ),
    "resolutions": Recipe(COUNCIL, lambda bench: bench.resolutions),
    "resolution_conflicts": Recipe((*COUNCIL, *UCDP), links_of_resolutions),
    "council_members": Recipe(
        ("council_members",), lambda bench: compile_council_members(bench.upstream.folder)
    ),
}


def compile_all(upstream: Path, raw: Path, *, check: bool = False) -> list[Compiled]:
    """Compile every table; write all of them, or with `check` only compare.

    Parameters
    ----------
    upstream : Path
        Folder of the published files, one folder per source.
    raw : Path
        ``data/raw``: holds ``sources.toml``, ``corrections.toml``, ``schemas`` and ``compiled``.
    check : bool
        Write nothing; tell where the committed tables differ.

    Returns
    -------
    list of Compiled
        One per table, in the order of the registry.

    Raises
    ------
    MissingInput, BadSource
        If the folder or a file of it is absent or is not the declared one.
    BadCorrection
        If a correction no longer fits its file.
    BadTable
        If an upstream file or a compiled table is not as expected.
    StaleTables
        If `check` finds a committed table that differs from the compiled one.
    """
    if not upstream.is_dir():
        raise MissingInput(
            f"{upstream}: no such folder. Give the folder of upstream files with --from."
        )
    bench = Workbench(
        Upstream(upstream, read_sources(raw / "sources.toml")),
        read_corrections(raw / "corrections.toml"),
        raw / "coded",
    )
    for recipe in RECIPES.values():
        for key in recipe.sources:
            bench.upstream.files(key)
    texts = {}
    for name, recipe in RECIPES.items():
        table = recipe.build(bench)
        check_columns(name, table, raw)
        texts[name] = csv_text(table)
    out: list[Compiled] = []
    for name, text in texts.items():
        path = raw / "compiled" / f"{name}.csv"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        out.append(Compiled(name, path, difference(f"{FOLDER}/{name}.csv", before, text)))
        if before != text and not check:
            with whole(path) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")
    if check and any(c.is_changed for c in out):
        raise StaleTables(out)
    return out


def check_columns(name: str, table: pd.DataFrame, raw: Path) -> None:
    """Refuse a table whose columns are not those of its schema."""
    path = raw / "schemas" / f"{name}.json"
    if not path.exists():
        raise MissingInput(f"data/raw/schemas/{name}.json is missing.")
    wanted = [field["name"] for field in json.loads(path.read_text(encoding="utf-8"))["fields"]]
    if list(table.columns) != wanted:
        raise BadTable(
            f"{FOLDER}/{name}.csv", f"has columns {', '.join(table.columns)}.",
            remedy=f"Its schema says: {', '.join(wanted)}.",
        )


def difference(file: str, before: str, after: str) -> str:
    """Unified diff of two texts of one file; empty if they are the same."""
    if before == after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True),
        f"{file} (committed)", f"{file} (compiled)", n=0,
    )  # fmt: skip
    return "".join(lines)
