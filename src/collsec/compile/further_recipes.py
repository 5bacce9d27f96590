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
from collsec.compile.recipe import Recipe
from collsec.compile.states.states import StateCodes
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


UCDP = ("ucdp_acd", "ucdp_termination", "resolution_texts")
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
        UCDP,
        lambda bench: ceasefire_coverage_from(
            bench.episodes, bench.rules(CeasefireRules), ("ceasefires", bench.acd)
        ),
    ),
    "dyad_ceasefires": Recipe(("ceasefires", "ucdp_dyadic"), dyad_ceasefires),
}
