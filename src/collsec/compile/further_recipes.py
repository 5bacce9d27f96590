"""What the tables on ceasefires, contributors, mandates, force and coercion are made from."""

from __future__ import annotations

import pandas as pd

from collsec.compile.conflicts.ceasefires import (
    CeasefireRules,
    ceasefire_coverage_from,
    ceasefires_from,
    dyad_ceasefires_from,
)
from collsec.compile.conflicts.dyads import dyads_from, read_dyad_years
from collsec.compile.conflicts.early_mediation import EarlyMediationRules, early_mediation_from
from collsec.compile.disputes.disputes import disputes_from
from collsec.compile.force.capabilities import (
    dispute_capabilities_from,
    episode_capabilities_from,
    mission_capabilities_from,
)
from collsec.compile.force.interventions import (
    InterventionRules,
    humanitarian_intervention_years_from,
    intervention_years_from,
)
from collsec.compile.force.sanction_coverage import (
    SanctionCoverageRules,
    sanction_coverage_from,
)
from collsec.compile.missions.further_mandates import (
    FurtherMandateRules,
    further_mandates_from,
    mandate_paragraphs_from,
)
from collsec.compile.missions.labels import LabelRules
from collsec.compile.missions.personnel import (
    PersonnelRules,
    contributor_months_from,
    mapped_contributors_from,
    personnel_months_from,
    read_counts,
)
from collsec.compile.recipe import Recipe
from collsec.compile.states.host_states import read_state_years
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateCodes, StateNames
from collsec.compile.workbench import Workbench


def dyad_ceasefires(bench: Workbench) -> pd.DataFrame:
    """Ceasefires by dyad and month."""
    years = read_dyad_years(bench.upstream.file(bench.dyadic))
    return dyad_ceasefires_from(
        bench.upstream.file("ceasefires"),
        dyads_from(years, bench.rules(StateCodes), bench.dyadic),
        bench.rules(CeasefireRules),
        ("ceasefires", bench.dyadic),
    )


def further_counts(bench: Workbench) -> pd.DataFrame:
    """People and contributors of operations by month, of the further publication."""
    files = {f.name: f for f in bench.upstream.files("ipi_peacekeeping")}
    return read_counts(
        files["data_mission.csv"],
        bench.rules(LabelRules),
        bench.rules(PersonnelRules),
        bench.stood,
    )


def mapped_contributors(bench: Workbench) -> pd.DataFrame:
    """Units on the yearly maps by operation and contributor."""
    files = {f.name: f for f in bench.upstream.files("geo_pko_contributors")}
    return mapped_contributors_from(
        files["TCCMap_v.2.3.csv"],
        bench.operations,
        bench.rules(LabelRules),
        bench.rules(PersonnelRules),
        bench.rules(StateNames),
    )


def further_mandates(bench: Workbench) -> pd.DataFrame:
    """Kinds of tasks of operations in the second publication."""
    files = {f.name: f for f in bench.upstream.files("pema")}
    return further_mandates_from(
        files["PEMA_panel_v2.csv"],
        bench.stood,
        bench.rules(LabelRules),
        bench.rules(FurtherMandateRules),
    )


def mandate_paragraphs(bench: Workbench) -> pd.DataFrame:
    """Paragraphs of resolutions that give tasks."""
    files = {f.name: f for f in bench.upstream.files("pema")}
    return mandate_paragraphs_from(
        files["PEMA_raw_v2.csv"],
        bench.operations,
        bench.resolutions,
        bench.rules(LabelRules),
        bench.rules(FurtherMandateRules),
    )


def capabilities(bench: Workbench) -> dict[int, dict[int, float]]:
    """Share of each state in the world's material capabilities, by year."""
    path = bench.upstream.file("cow_capabilities")
    return read_state_years(path, "ccode", "cinc", bench.rules(StateCodes))


def dispute_capabilities(bench: Workbench) -> pd.DataFrame:
    """Capabilities of the sides of disputes."""
    files = {f.name: f for f in bench.upstream.files("mid5")}
    disputes = disputes_from(
        files["MIDA 5.0.csv"],
        files["MIDB 5.0.csv"],
        bench.episodes,
        bench.rules(StateCodes),
        ("mid5", bench.acd),
    )
    return dispute_capabilities_from(disputes, capabilities(bench), "mid5")


UCDP = ("ucdp_acd", "ucdp_termination", "resolution_texts")
COUNCIL = ("un_library", "resolution_dates", "tamm", "eusanct")
FURTHER: dict[str, Recipe] = {
    "ceasefires": Recipe(
        ("ceasefires", *UCDP),
        lambda bench: ceasefires_from(
            bench.upstream.file("ceasefires"),
            bench.episodes,
            bench.rules(CeasefireRules),
            ("ceasefires", bench.acd),
        ),
    ),
    "ceasefire_coverage": Recipe(
        ("ceasefires", *UCDP),
        lambda bench: ceasefire_coverage_from(
            bench.episodes, bench.rules(CeasefireRules), ("ceasefires", bench.acd)
        ),
    ),
    "dyad_ceasefires": Recipe(("ceasefires", "ucdp_dyadic"), dyad_ceasefires),
    "contributor_months": Recipe(
        ("ipi_peacekeeping",), lambda bench: contributor_months_from(further_counts(bench))
    ),
    "personnel_months": Recipe(
        ("ipi_peacekeeping", "bara_hultman", "personnel_shortfall"),
        lambda bench: personnel_months_from(further_counts(bench), bench.monthly_counts),
    ),
    "mapped_contributors": Recipe(("geo_pko_contributors",), mapped_contributors),
    "further_mandates": Recipe(("pema",), further_mandates),
    "mandate_paragraphs": Recipe(("pema", *COUNCIL), mandate_paragraphs),
    "intervention_years": Recipe(
        ("imi", "mip", "resolution_texts", *COUNCIL),
        lambda bench: intervention_years_from(
            bench.upstream.file("imi"),
            bench.upstream.file("mip"),
            bench.resolutions,
            bench.rules(InterventionRules),
            bench.rules(Powers).seats,
        ),
    ),
    "humanitarian_intervention_years": Recipe(
        ("prif_interventions",),
        lambda bench: humanitarian_intervention_years_from(
            bench.upstream.file("prif_interventions"), bench.rules(InterventionRules)
        ),
    ),
    "episode_capabilities": Recipe(
        ("cow_capabilities", *UCDP),
        lambda bench: episode_capabilities_from(
            bench.episodes, capabilities(bench), bench.rules(Powers).seats, bench.acd
        ),
    ),
    "dispute_capabilities": Recipe(("cow_capabilities", "mid5", *UCDP), dispute_capabilities),
    "mission_capabilities": Recipe(
        ("cow_capabilities", "geo_pko_contributors"),
        lambda bench: mission_capabilities_from(
            mapped_contributors(bench), bench.hosts, capabilities(bench), "geo_pko_contributors"
        ),
    ),
    "sanction_coverage": Recipe(
        ("ties", "cow_trade"),
        lambda bench: sanction_coverage_from(
            bench.upstream.file("ties"),
            bench.upstream.file("cow_trade"),
            bench.rules(StateCodes),
            bench.rules(SanctionCoverageRules),
        ),
    ),
    "early_mediation": Recipe(
        ("civil_wars_mediation", *UCDP),
        lambda bench: early_mediation_from(
            next(f for f in bench.upstream.files("civil_wars_mediation") if f.stem == "CWM"),
            bench.episodes,
            bench.rules(EarlyMediationRules),
            ("civil_wars_mediation", bench.acd),
        ),
    ),
}
