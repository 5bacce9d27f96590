"""What each compiled table is made from, and how: the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from collsec.compile.conflicts.crosswalk import crosswalk_from
from collsec.compile.conflicts.external_support import external_support_from
from collsec.compile.conflicts.peace_agreements import peace_agreements_from
from collsec.compile.conflicts.termination import outcomes_from
from collsec.compile.conflicts.vintages import VINTAGES
from collsec.compile.council.council_links import read_agenda_conflicts, resolution_conflicts
from collsec.compile.council.council_members import compile_council_members
from collsec.compile.council.sanctions import un_sanctions_from
from collsec.compile.missions.authorized_strength import authorized_strength_from
from collsec.compile.missions.mandate_tasks import mandate_tasks_from
from collsec.compile.missions.mission_strength import mission_strength_from
from collsec.compile.missions.missions import compile_mission_milestones
from collsec.compile.missions.monthly_strength import monthly_strength_from
from collsec.compile.missions.troop_contributors import troop_contributors_from
from collsec.compile.states.colonies import read_colonies
from collsec.compile.states.geography import read_capitals, read_geography
from collsec.compile.states.host_states import (
    Covariate,
    host_states_from,
    read_excluded_shares,
    read_state_years,
    read_terrain,
)
from collsec.compile.states.regional import regional_arrangements_from
from collsec.compile.states.state_positions import state_positions_from
from collsec.compile.states.ties import Ties, ties_from
from collsec.compile.states.world_power import world_power_from
from collsec.compile.states.yearly_ties import (
    defense_pacts,
    ideal_point_distances,
    trade_shares,
    us_troops,
)
from collsec.compile.text import records_of
from collsec.compile.workbench import Workbench


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


def outcomes(bench: Workbench) -> pd.DataFrame:
    """Outcome of each episode."""
    return outcomes_from(bench.episodes, bench.terminations, (bench.acd, "ucdp_termination"))


def ties(bench: Workbench) -> pd.DataFrame:
    """Ties of hosts with the great powers before each episode."""
    of = {
        "episodes": bench.acd,
        "pact": "atop",
        "trade": "cow_trade",
        "colony": "coldat",
        "contiguity": "cow_contiguity",
        "distance": "gw_capitals",
        "ideal_point": "ideal_points",
        "us_troops": "us_troops",
    }
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
                file(of["colony"]),
                file("colonial_dummies"),
                iso3,
                {"dates": of["colony"], "names": "colonial_dummies", "states": "gw_system"},
            ),
            geography=read_geography(file(of["distance"]), file(of["contiguity"]), system),
            system=system,
            sources=of,
        ),
    )


def host_states(bench: Workbench) -> pd.DataFrame:
    """Covariates of the host of each episode before onset."""
    file = bench.upstream.file
    wealth, democracy = file("gdp_population"), file("democracy")
    covariates = [
        Covariate(
            "gdp_per_capita", read_state_years(wealth, "gwcode", "mrgdppc"), "gdp_population", 1
        ),
        Covariate(
            "population_thousands",
            read_state_years(wealth, "gwcode", "pwtpop", scale=1000.0),
            "gdp_population",
            0,
        ),
        Covariate(
            "polyarchy_index",
            read_state_years(democracy, "gwcode", "v2x_polyarchy"),
            "democracy",
            3,
        ),
        Covariate("polity_score", read_state_years(democracy, "gwcode", "polity2"), "democracy", 0),
        Covariate(
            "capability_share",
            read_state_years(file("cow_capabilities"), "ccode", "cinc"),
            "cow_capabilities",
            6,
        ),
        Covariate(
            "ethnic_fractionalization",
            read_state_years(file("hief"), "gwcode", "efindex"),
            "hief",
            3,
        ),
        Covariate("excluded_share", read_excluded_shares(file("epr")), "epr", 4),
    ]
    return host_states_from(
        bench.episodes,
        covariates,
        read_terrain(file("ruggedness")),
        bench.system,
        (bench.acd, "gw_system", "ruggedness"),
    )


def links_of_resolutions(bench: Workbench) -> pd.DataFrame:
    """Resolutions and the conflicts that they concern."""
    agenda = read_agenda_conflicts(bench.coded / "agenda_conflicts.csv")
    return resolution_conflicts(bench.resolutions, agenda, bench.episodes, bench.acd)


def sanctions(bench: Workbench) -> pd.DataFrame:
    """Sanctions regimes and the conflicts that they concern."""
    file = bench.upstream.file
    agenda = read_agenda_conflicts(bench.coded / "agenda_conflicts.csv")
    return un_sanctions_from(
        bench.resolutions, agenda, bench.episodes, file("gsdb"), file("eusanct"), bench.acd
    )


def regional_arrangements(bench: Workbench) -> pd.DataFrame:
    """Defense pacts of hosts within their region before onset."""
    pacts, last_year = defense_pacts(bench.upstream.file("atop"))
    return regional_arrangements_from(
        bench.episodes, pacts, last_year, bench.system, (bench.acd, "atop", "gw_system")
    )


def crosswalk(bench: Workbench) -> pd.DataFrame:
    """Episodes of both releases side by side."""
    new, old = VINTAGES.values()
    return crosswalk_from(
        bench.first_episodes, bench.named_like_first(old.name), (new.source, old.source)
    )


def authorized_strength(bench: Workbench) -> pd.DataFrame:
    """Authorized strength of UN operations over time."""
    return authorized_strength_from(bench.monthly_counts, bench.resolutions)


def mandate_tasks(bench: Workbench) -> pd.DataFrame:
    """Kinds of tasks of UN operations over time."""
    return mandate_tasks_from(
        bench.upstream.file("tamm"), bench.operations, bench.resolutions, bench.founded
    )


UCDP = ("ucdp_acd", "ucdp_termination")
STATES = ("gw_system", "ideal_points", "ucdp_acd")
COUNTS = ("bara_hultman", "personnel_shortfall")
COUNCIL = ("un_library", "resolution_dates", "tamm", "eusanct")
RECIPES: dict[str, Recipe] = {
    "episodes": Recipe(UCDP, lambda bench: bench.episodes),
    "episode_crosswalk": Recipe((*UCDP, "ucdp_acd_201"), crosswalk),
    "outcomes": Recipe(UCDP, outcomes),
    "states": Recipe(STATES, lambda bench: bench.states),
    "state_positions": Recipe(
        ("gw_capitals", *STATES),
        lambda bench: state_positions_from(
            bench.states,
            read_capitals(bench.upstream.file("gw_capitals")),
            ("gw_capitals", "gw_system"),
        ),
    ),
    "p5_ties": Recipe(
        (
            *UCDP,
            *STATES,
            "atop",
            "cow_trade",
            "coldat",
            "colonial_dummies",
            "cow_contiguity",
            "gw_capitals",
            "us_troops",
        ),
        ties,
    ),
    "host_states": Recipe(
        (
            *UCDP,
            *STATES,
            "gdp_population",
            "democracy",
            "cow_capabilities",
            "hief",
            "epr",
            "ruggedness",
        ),
        host_states,
    ),
    "mission_milestones": Recipe(
        COUNTS,
        lambda bench: compile_mission_milestones(bench.upstream.folder),
    ),
    "mission_strength": Recipe(
        (*COUNTS, "geo_pko"),
        lambda bench: mission_strength_from(
            bench.monthly_counts, bench.upstream.file("geo_pko"), bench.operations
        ),
    ),
    "authorized_strength": Recipe((*COUNTS, *COUNCIL), authorized_strength),
    "monthly_strength": Recipe(
        (*COUNTS, *COUNCIL),
        lambda bench: monthly_strength_from(bench.monthly_counts, authorized_strength(bench)),
    ),
    "mandate_tasks": Recipe(COUNCIL, mandate_tasks),
    "troop_contributors": Recipe(
        (*COUNTS, "troop_contributors"),
        lambda bench: troop_contributors_from(
            bench.upstream.file("troop_contributors"), bench.operations, bench.monthly_counts
        ),
    ),
    "resolutions": Recipe(COUNCIL, lambda bench: bench.resolutions),
    "resolution_conflicts": Recipe((*COUNCIL, *UCDP), links_of_resolutions),
    "council_members": Recipe(
        ("council_members",),
        lambda bench: compile_council_members(
            bench.upstream.folder, bench.coded / "council_terms.csv"
        ),
    ),
    "un_sanctions": Recipe((*COUNCIL, "gsdb", *UCDP), sanctions),
    "peace_agreements": Recipe(
        ("peace_agreements", *UCDP),
        lambda bench: peace_agreements_from(
            bench.upstream.file("peace_agreements"),
            bench.episodes,
            ("peace_agreements", bench.acd),
        ),
    ),
    "external_support": Recipe(
        ("ucdp_esd", *UCDP),
        lambda bench: external_support_from(
            bench.upstream.file("ucdp_esd"), bench.episodes, ("ucdp_esd", bench.acd)
        ),
    ),
    "regional_arrangements": Recipe((*UCDP, *STATES, "atop"), regional_arrangements),
    "world_power": Recipe(
        ("cow_capabilities",),
        lambda bench: world_power_from(bench.upstream.file("cow_capabilities")),
    ),
}
