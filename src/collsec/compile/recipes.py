"""What each compiled table is made from, and how: the registry."""

from __future__ import annotations

import pandas as pd

from collsec.compile.conflicts.dyads import (
    dyad_episodes_from,
    dyads_from,
    read_dyad_ends,
    read_dyad_years,
)
from collsec.compile.conflicts.episodes import ContributorRules
from collsec.compile.conflicts.external_support import SupportRules, external_support_from
from collsec.compile.conflicts.negotiations import (
    NegotiationRules,
    negotiation_coverage_from,
    negotiations_from,
)
from collsec.compile.conflicts.peace_agreements import peace_agreements_from
from collsec.compile.conflicts.termination import outcomes_from, read_later_terminations
from collsec.compile.conflicts.vintages import Vintages, crosswalk_from
from collsec.compile.corrections import corrected
from collsec.compile.council.links import resolution_conflicts
from collsec.compile.council.members import council_members_from
from collsec.compile.council.sanctions import SanctionsRules, un_sanctions_from
from collsec.compile.council.votes import VoteRules, VoteSources, council_votes_from
from collsec.compile.disputes.crises import crises_from
from collsec.compile.disputes.disputes import disputes_from
from collsec.compile.further_recipes import FURTHER
from collsec.compile.missions.counts import (
    BARA_HULTMAN,
    SHORTFALL,
    CountRules,
    assign_missions,
    mission_milestones_from,
    read_bara_hultman,
    read_shortfall,
)
from collsec.compile.missions.labels import LabelRules, mission_labels_from
from collsec.compile.missions.mandate_tasks import TaskRules, mandate_tasks_from
from collsec.compile.missions.strength import mission_strength_from, monthly_strength_from
from collsec.compile.missions.troop_contributors import (
    ContributionRules,
    contributor_years_from,
    troop_contributors_from,
)
from collsec.compile.recipe import Recipe
from collsec.compile.states.colonies import ColonialRules, read_colonies
from collsec.compile.states.geography import read_capitals, read_geography, state_positions_from
from collsec.compile.states.host_states import (
    Covariate,
    host_states_from,
    read_excluded_shares,
    read_state_years,
    read_terrain,
)
from collsec.compile.states.pacts import regional_arrangements_from
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateCodes, StateNames
from collsec.compile.states.ties import Ties, ties_from
from collsec.compile.states.world_power import world_power_from
from collsec.compile.states.yearly_ties import ideal_point_distances, trade_shares, us_troops
from collsec.compile.text import records_of
from collsec.compile.violence.country_years import (
    CountryYears,
    country_violence_from,
    read_country_years,
)
from collsec.compile.violence.months import ViolenceRules, read_months, violence_months_from
from collsec.compile.violence.years import YearSources, bridge_from, violence_years_from
from collsec.compile.workbench import Workbench
from collsec.upstream.readers import read_columns


def outcomes(bench: Workbench) -> pd.DataFrame:
    """Outcome of each episode."""
    return outcomes_from(
        bench.episodes,
        bench.terminations,
        read_later_terminations(bench.upstream.file("ucdp_termination_v4")),
        (bench.acd, "ucdp_termination", "ucdp_termination_v4"),
    )


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
    codes, powers = bench.rules(StateCodes), bench.rules(Powers)
    iso3 = {s["gwno"]: s["iso3"] for s in records_of(bench.states) if s["iso3"]}
    return ties_from(
        bench.episodes,
        Ties(
            trade=trade_shares(file(of["trade"]), codes, system, powers),
            votes=ideal_point_distances(file(of["ideal_point"]), codes, system, powers),
            troops=us_troops(file(of["us_troops"]), codes, system, powers),
            pacts=bench.pacts,
            colonies=read_colonies(
                file(of["colony"]),
                file("colonial_dummies"),
                iso3,
                bench.rules(ColonialRules),
                {"dates": of["colony"], "names": "colonial_dummies"},
            ),
            geography=read_geography(
                file(of["distance"]), file(of["contiguity"]), codes, system, powers
            ),
            system=system,
            powers=powers,
            sources=of,
        ),
    )


def host_states(bench: Workbench) -> pd.DataFrame:
    """Covariates of the host of each episode before onset."""
    file, codes = bench.upstream.file, bench.rules(StateCodes)
    wealth, democracy = file("gdp_population"), file("democracy")
    covariates = [
        Covariate(
            "gdp_per_capita",
            read_state_years(wealth, "gwcode", "mrgdppc", codes),
            "gdp_population",
            1,
        ),
        Covariate(
            "population_thousands",
            read_state_years(wealth, "gwcode", "pwtpop", codes, scale=1000.0),
            "gdp_population",
            0,
        ),
        Covariate(
            "polyarchy_index",
            read_state_years(democracy, "gwcode", "v2x_polyarchy", codes),
            "democracy",
            3,
        ),
        Covariate(
            "polity_score",
            read_state_years(democracy, "gwcode", "polity2", codes),
            "democracy",
            0,
        ),
        Covariate(
            "capability_share",
            read_state_years(file("cow_capabilities"), "ccode", "cinc", codes),
            "cow_capabilities",
            6,
        ),
        Covariate(
            "ethnic_fractionalization",
            read_state_years(file("hief"), "gwcode", "efindex", codes),
            "hief",
            3,
        ),
        Covariate("excluded_share", read_excluded_shares(file("epr")), "epr", 4),
    ]
    return host_states_from(
        bench.episodes,
        covariates,
        read_terrain(file("ruggedness"), codes),
        bench.system,
        (bench.acd, "gw_system", "ruggedness"),
    )


def links_of_resolutions(bench: Workbench) -> pd.DataFrame:
    """Resolutions and the conflicts that they concern."""
    return resolution_conflicts(bench.resolutions, bench.agenda, bench.episodes, bench.acd)


def sanctions(bench: Workbench) -> pd.DataFrame:
    """Sanctions regimes and the conflicts that they concern."""
    file = bench.upstream.file
    return un_sanctions_from(
        bench.resolutions,
        bench.agenda,
        bench.episodes,
        file("gsdb"),
        file("eusanct"),
        bench.rules(SanctionsRules),
        bench.acd,
    )


def regional_arrangements(bench: Workbench) -> pd.DataFrame:
    """Defense pacts of hosts within their region before onset."""
    return regional_arrangements_from(
        bench.episodes,
        bench.pacts,
        bench.rules(StateCodes),
        bench.system,
        bench.rules(Powers),
        (bench.acd, "atop", "gw_system"),
    )


def crosswalk(bench: Workbench) -> pd.DataFrame:
    """Episodes of two releases side by side."""
    vintages = bench.rules(Vintages)
    new, old = map(vintages.of, vintages.crosswalk)
    return crosswalk_from(bench.episodes_of(new), bench.episodes_of(old), (new, old))


def mandate_tasks(bench: Workbench) -> pd.DataFrame:
    """Kinds of tasks of UN operations over time."""
    return mandate_tasks_from(
        bench.upstream.file("tamm"),
        bench.operations,
        bench.resolutions,
        bench.founded,
        bench.rules(LabelRules),
        bench.rules(TaskRules),
    )


def mission_labels(bench: Workbench) -> pd.DataFrame:
    """Labels of UN operations in the publications about them."""
    file, labels = bench.upstream.file, bench.rules(LabelRules)
    counts = {
        BARA_HULTMAN: read_bara_hultman(file("bara_hultman")),
        SHORTFALL: read_shortfall(file("personnel_shortfall")),
    }
    given = {
        source: assign_missions(part, source, labels, bench.rules(CountRules))
        .drop_duplicates(["mission_id", "label"])
        .set_index("mission_id")["label"]
        for source, part in counts.items()
    }
    plain = {
        "tamm": read_columns(file("tamm"), ["mission"])["mission"],
        "geo_pko": read_columns(file("geo_pko"), ["mission"])["mission"],
        "troop_contributors": read_columns(file("troop_contributors"), ["Mission"])["Mission"],
    }
    return mission_labels_from(
        {
            "tamm_label": ("tamm", plain["tamm"].drop_duplicates()),
            "geo_pko_label": ("geo_pko", plain["geo_pko"].drop_duplicates()),
            "bara_hultman_label": ("bara_hultman", given[BARA_HULTMAN]),
            "shortfall_label": ("personnel_shortfall", given[SHORTFALL]),
            "contributors_label": (
                "troop_contributors",
                plain["troop_contributors"].drop_duplicates(),
            ),
        },
        bench.operations,
        labels,
    )


def dyads(bench: Workbench) -> pd.DataFrame:
    """Dyads of all conflicts."""
    return dyads_from(
        read_dyad_years(bench.upstream.file(bench.dyadic)), bench.rules(StateCodes), bench.dyadic
    )


def dyad_episodes(bench: Workbench) -> pd.DataFrame:
    """Runs of active years of each dyad, and how they ended."""
    years = read_dyad_years(bench.upstream.file(bench.dyadic))
    return dyad_episodes_from(
        # What is corrected of a conflict's year is corrected of its dyads'.
        corrected(years, bench.corrections, bench.dyadic)[0],
        read_dyad_ends(bench.upstream.file("ucdp_termination_dyads")),
        bench.episodes,
        bench.rules(ContributorRules),
        (bench.dyadic, "ucdp_termination_dyads", bench.acd),
    )


def country_years(bench: Workbench) -> CountryYears:
    """Deaths by country and year, with the conflicts that killed."""
    own = dyads(bench)
    conflict_of = dict(zip(own["dyad_id"], own["conflict_id"], strict=True))
    return read_country_years(bench.upstream.file("organized_violence"), conflict_of)


def violence_months(bench: Workbench) -> pd.DataFrame:
    """Deaths by month in the hosts of wars."""
    return violence_months_from(
        bench.upstream.file("violence_country_months"),
        bench.episodes,
        country_years(bench),
        bench.rules(ViolenceRules),
        ("violence_country_months", "organized_violence", bench.acd),
    )


def violence_country_years(bench: Workbench) -> pd.DataFrame:
    """Deaths by country and year, state-based and one-sided, and what the months hold of them."""
    countries, rules = country_years(bench), bench.rules(ViolenceRules)
    months = read_months(bench.upstream.file("violence_country_months"), countries.gwno, rules)
    return country_violence_from(
        months, countries, ("violence_country_months", "organized_violence")
    )


def violence_years(bench: Workbench) -> pd.DataFrame:
    """Deaths by conflict and year."""
    file, rules = bench.upstream.file, bench.rules(ViolenceRules)
    # Ids are the same in every release; names, by which earlier ids are bridged, are not.
    first = bench.conflict_years_of(bench.rules(Vintages).first)
    return violence_years_from(
        file("prio_battle_deaths"),
        file("ucdp_battle_deaths_2016"),
        bridge_from(file("ucdp_acd_2016"), first, rules),
        country_years(bench),
        bench.conflict_years_of(bench.vintage),
        bench.episodes,
        rules,
        YearSources(
            "prio_battle_deaths", "ucdp_battle_deaths_2016", "organized_violence", bench.acd
        ),
    )


def disputes(bench: Workbench) -> pd.DataFrame:
    """Militarized disputes between states."""
    files = {f.name: f for f in bench.upstream.files("mid5")}
    return disputes_from(
        files["MIDA 5.0.csv"],
        files["MIDB 5.0.csv"],
        bench.episodes,
        bench.rules(StateCodes),
        ("mid5", bench.acd),
    )


def crises(bench: Workbench) -> pd.DataFrame:
    """International crises of wars between states."""
    files = {f.name: f for f in bench.upstream.files("icb")}
    return crises_from(
        files["icb2v14.csv"], bench.episodes, bench.rules(StateCodes), ("icb", bench.acd)
    )


def council_members(bench: Workbench) -> pd.DataFrame:
    """Members of the Council by year."""
    return council_members_from(
        bench.upstream.file("council_members"),
        bench.coded / "council_terms.csv",
        bench.rules(Powers),
        bench.rules(StateNames),
    )


def council_votes(bench: Workbench) -> pd.DataFrame:
    """Votes of members that are known one by one."""
    return council_votes_from(
        bench.upstream.file("resolution_texts"),
        [p for p in bench.upstream.files("un_library") if "veto" not in p.name],
        bench.resolutions,
        council_members(bench),
        bench.coded,
        bench.rules(StateNames).gwno | bench.rules(VoteRules).gwno,
        VoteSources("resolution_texts", "un_library", "council_members"),
    )


UCDP = ("ucdp_acd", "ucdp_termination", "resolution_texts")
STATES = ("gw_system", "ideal_points", "ucdp_acd")
COUNTS = ("bara_hultman", "personnel_shortfall")
COUNCIL = ("un_library", "resolution_dates", "tamm", "resolution_texts")
RECIPES: dict[str, Recipe] = {
    "episodes": Recipe(UCDP, lambda bench: bench.episodes),
    "episode_crosswalk": Recipe((*UCDP, "ucdp_acd_201"), crosswalk),
    "outcomes": Recipe((*UCDP, "ucdp_termination_v4"), outcomes),
    "states": Recipe(STATES, lambda bench: bench.states),
    "state_positions": Recipe(
        ("gw_capitals", *STATES),
        lambda bench: state_positions_from(
            bench.states,
            read_capitals(bench.upstream.file("gw_capitals"), bench.rules(StateCodes)),
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
        lambda bench: mission_milestones_from(bench.monthly_counts, bench.rules(CountRules)),
    ),
    "mission_strength": Recipe(
        (*COUNTS, "geo_pko"),
        lambda bench: mission_strength_from(
            bench.monthly_counts,
            bench.upstream.file("geo_pko"),
            bench.operations,
            bench.rules(LabelRules),
            bench.rules(CountRules),
        ),
    ),
    "authorized_strength": Recipe((*COUNTS, *COUNCIL), lambda bench: bench.authorized_strength),
    "monthly_strength": Recipe(
        (*COUNTS, *COUNCIL),
        lambda bench: monthly_strength_from(
            bench.monthly_counts, bench.authorized_strength, bench.rules(CountRules)
        ),
    ),
    "mandate_tasks": Recipe(COUNCIL, mandate_tasks),
    "troop_contributors": Recipe(
        (*COUNTS, "troop_contributors"),
        lambda bench: troop_contributors_from(
            bench.upstream.file("troop_contributors"),
            bench.operations,
            bench.monthly_counts,
            bench.rules(LabelRules),
            bench.rules(ContributionRules),
            bench.rules(Powers),
            bench.rules(StateNames),
        ),
    ),
    "mission_labels": Recipe((*COUNTS, "tamm", "geo_pko", "troop_contributors"), mission_labels),
    "resolutions": Recipe(COUNCIL, lambda bench: bench.resolutions),
    "resolution_conflicts": Recipe((*COUNCIL, *UCDP), links_of_resolutions),
    "council_members": Recipe(("council_members",), council_members),
    "un_sanctions": Recipe((*COUNCIL, "eusanct", "gsdb", *UCDP), sanctions),
    "peace_agreements": Recipe(
        ("peace_agreements_complete", "ucdp_dyadic", *UCDP),
        lambda bench: peace_agreements_from(
            bench.upstream.file("peace_agreements_complete"),
            bench.episodes,
            dyads(bench),
            ("peace_agreements_complete", bench.acd, bench.dyadic),
        ),
    ),
    "external_support": Recipe(
        ("ucdp_esd", *UCDP),
        lambda bench: external_support_from(
            bench.upstream.file("ucdp_esd"),
            bench.episodes,
            bench.rules(SupportRules),
            ("ucdp_esd", bench.acd),
        ),
    ),
    "regional_arrangements": Recipe((*UCDP, *STATES, "atop"), regional_arrangements),
    "world_power": Recipe(
        ("cow_capabilities",),
        lambda bench: world_power_from(
            bench.upstream.file("cow_capabilities"),
            bench.rules(StateCodes),
            bench.rules(Powers),
        ),
    ),
    "dyads": Recipe(("ucdp_dyadic",), dyads),
    "dyad_episodes": Recipe(("ucdp_dyadic", "ucdp_termination_dyads", *UCDP), dyad_episodes),
    "violence_months": Recipe(
        ("violence_country_months", "organized_violence", "ucdp_dyadic", *UCDP), violence_months
    ),
    "violence_country_years": Recipe(
        ("violence_country_months", "organized_violence", "ucdp_dyadic"), violence_country_years
    ),
    "violence_years": Recipe(
        (
            "prio_battle_deaths",
            "ucdp_battle_deaths_2016",
            "ucdp_acd_2016",
            "organized_violence",
            "ucdp_dyadic",
            *UCDP,
        ),
        violence_years,
    ),
    "negotiations": Recipe(
        ("negotiations", *UCDP),
        lambda bench: negotiations_from(
            bench.upstream.file("negotiations"),
            bench.episodes,
            bench.rules(NegotiationRules),
            ("negotiations", bench.acd),
        ),
    ),
    "negotiation_coverage": Recipe(
        ("negotiations", *UCDP),
        lambda bench: negotiation_coverage_from(
            bench.upstream.file("negotiations"),
            bench.episodes,
            bench.rules(NegotiationRules),
            ("negotiations", bench.acd),
        ),
    ),
    "disputes": Recipe(("mid5", *UCDP), disputes),
    "crises": Recipe(("icb", *UCDP), crises),
    "contributor_years": Recipe(
        ("troop_contributors",),
        lambda bench: contributor_years_from(
            bench.upstream.file("troop_contributors"),
            bench.operations,
            bench.rules(LabelRules),
            bench.rules(ContributionRules),
            bench.rules(StateNames),
        ),
    ),
    "council_votes": Recipe(("resolution_texts", "council_members", *COUNCIL), council_votes),
    **FURTHER,
}
