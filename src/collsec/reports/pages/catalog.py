"""Which figures and tables a hypothesis has, and the rule and file that each comes from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

import pandas as pd

from collsec.core.project import Project
from collsec.evidence import claims
from collsec.evidence.record import Record
from collsec.measures import MEASURES
from collsec.reports import figures
from collsec.reports.figures import Drawing
from collsec.reports.pages import cases
from collsec.reports.tables import claim_tables, deployment_tables, exhibits, part_tables
from collsec.reports.tables.pipetables import Exhibit
from collsec.reports.words import case_words

_MODEL_ROLES = ("primary", "lag", "known_biased")
_ROWS_OF_A_FOREST = {
    "forest": ("primary", "secondary", "model", "falsification", "known_biased"),
    "outcomes": ("primary", "outcome"),
    "vetoes-apart": ("primary", "action_class", "casting_state"),
}
#: Families of rising curves: what the shares are of, and what the months are counted from.
_INCIDENCES = {
    "next_resolution": ("Votes followed by a resolution", "the vote"),
    "next_measure": ("Votes followed by a measure", "the vote"),
    "first_resolution": ("Wars with a first resolution", "onset"),
    "first_mission": ("Wars with a first UN operation", "onset"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One exhibit of a report.

    Attributes
    ----------
    name : str
        Such as `h1-forest`; the stem of its files.
    rule : str
        The rule of the Snakefile that made its numbers.
    numbers : str
        The file that its numbers stand in.
    content : Drawing or Exhibit
    """

    name: str
    rule: str
    numbers: str
    content: Drawing | Exhibit


def catalog(record: Record) -> dict[str, Entry]:
    """Draw and tabulate everything that the record has the numbers for, by name.

    Figures: `lags`, `forest`, `outcomes` (hazard ratios by role), `survival` and
    `standardized-survival`, `incidence`, `null-calibration`, `leave-one-out`, `multiverse`,
    `options`, `functional-form`. Tables: `regression`, `estimates`, `checks`,
    `multiverse-summary`, `attrition`.
    Each name begins with the hypothesis.
    """
    h = record.hypothesis
    table, curve_table, document = (
        f"data/processed/estimates/{h}{end}" for end in (".parquet", "-curves.parquet", ".json")
    )
    attrition_table = f"data/processed/panels/{h}-attrition.parquet"
    found: list[tuple[str, str, str, Drawing | Exhibit]] = [
        *(("estimate", table, name, drawing) for name, drawing in _forests(record)),
        *(("estimate", curve_table, name, drawing) for name, drawing in _curves(record)),
        *(("estimate", document, name, drawing) for name, drawing in _influence(record)),
        *(("estimate", table, name, exhibit) for name, exhibit in _estimates(record)),
        ("estimate", document, "checks", exhibits.checks(record.diagnostics, hypothesis=h)),
        *(
            ("estimate", document, name, exhibit)
            for name, exhibit in deployment_tables.exhibits(record.parts, hypothesis=h).items()
        ),
        *(
            ("estimate", table, name, exhibit)
            for name, exhibit in part_tables.exhibits_of(record.estimates, hypothesis=h).items()
        ),
    ]
    if "veto_table" in record.parts:
        counted = part_tables.vetoes_by_state(record.parts["veto_table"], hypothesis=h)
        found.append(("estimate", document, "vetoes-by-state", counted))
    multiverse_table = f"data/processed/estimates/{h}-multiverse.parquet"
    if record.specifications is not None and record.multiverse:
        ratio = float(record.primary["estimate"])
        drawing = figures.specification_curve(
            record.specifications, ratio, no_effect=record.no_effect
        )
        summary = exhibits.multiverse(record.multiverse, hypothesis=h)
        options = figures.options(
            pd.DataFrame(record.multiverse["options"]), ratio, no_effect=record.no_effect
        )
        found += [
            ("estimate", multiverse_table, "multiverse", drawing),
            ("estimate", document, "options", options),
        ]
        found.append(("estimate", document, "multiverse-summary", summary))
    amended = exhibits.amendments(record.spec["amendments"], hypothesis=h)
    found.append(("panel", f"data/processed/specs/{h}.json", "amendments", amended))
    if record.attrition is not None:
        exhibit = exhibits.attrition(record.attrition, hypothesis=h)
        found.append(("panel", attrition_table, "attrition", exhibit))
    return {f"{h}-{n}": Entry(f"{h}-{n}", rule, file, content) for rule, file, n, content in found}


def alternatives(entries: dict[str, Entry]) -> dict[str, str]:
    """Return the variables that hold what each figure shows in words, such as `h1.alt.lags`."""
    texts = {}
    for name, entry in entries.items():
        if isinstance(entry.content, Drawing):
            hypothesis, _, figure = name.partition("-")
            texts[f"{hypothesis}.alt.{figure.replace('-', '_')}"] = entry.content.alternative
    return texts


def case_catalog(project: Project) -> tuple[dict[str, Entry], dict[str, str]]:
    """Draw the declared cases, and say in words what each shows, as `case.rwanda.sentence`."""
    found, texts = {}, {}
    for case, events in cases.shown(project):
        name = f"case-{case.name}"
        drawing = figures.case_timeline(events, first=case.first_day, last=case.last_day)
        found[name] = Entry(name, "timelines", "data/processed/timelines/war.parquet", drawing)
        texts[f"case.{case.name}.title"] = case.title
        texts[f"case.{case.name}.sentence"] = case_words.sentence(case, events)
    return found, texts | alternatives(found)


def shared_catalog(project: Project, hypotheses: list[str]) -> dict[str, Entry]:
    """Tabulate what all pages share: the link report, the sources, the claims."""
    found = {}
    if project.stage("episodes", "links").exists():
        report = project.read("episodes", "links")
        file = "data/processed/episodes/links.parquet"
        # A table has one identifier a page; a report may show this one under its own name.
        for name in ("links", *(f"{h}-links" for h in hypotheses)):
            exhibit = exhibits.links(report, identifier=f"tbl-{name}")
            found[name] = Entry(name, "episodes", file, exhibit)
    blocks = read_sources(project)
    if blocks:
        table = exhibits.sources(_sources(blocks))
        found["sources"] = Entry("sources", "committed", "data/raw/sources.toml", table)
    if (project.raw / claims.RESOURCE["path"]).exists():
        pages = {h: project.spec_file(h).stem for h in hypotheses}
        for name, listed in claim_tables.exhibits(claims.ledger_of(project), pages).items():
            found[name] = Entry(name, "estimate", claims.FILE, listed)
    return found


def read_sources(project: Project) -> dict[str, dict[str, str]]:
    """Read the blocks of `data/raw/sources.toml`, by key; empty where there is no such file."""
    path = project.raw / "sources.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _sources(blocks: dict[str, dict[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "source": key,
                "title": block["title"],
                "producer": block["producer"],
                "version": block["version"],
                "coverage": block["coverage"].replace("-", "–\u2060"),
                "license": block["licence"],
            }
            for key, block in blocks.items()
        ]
    )


def _ratios(record: Record, roles: tuple[str, ...]) -> pd.DataFrame:
    """Return the hazard ratios of some roles, the primary once and in its place among its lags."""
    every = record.estimates
    is_again = (every["role"] == "lag") & (every["lag_months"] == record.primary["lag_months"])
    is_shown = (every["estimand"] == "hazard_ratio") & every["role"].isin(roles) & ~is_again
    rows: pd.DataFrame = every[is_shown]
    return rows


def _forests(record: Record) -> list[tuple[str, Drawing]]:
    """Draw hazard ratios by role, where there is more than the primary to draw."""
    found = []
    lags = record.estimates[record.estimates["role"] == "lag"]
    if len(lags):
        is_primary = lags["lag_months"] == record.primary["lag_months"]
        lags = lags.assign(role=is_primary.map({True: "primary", False: "lag"}))
        found.append(("lags", figures.forest(lags, no_effect=record.no_effect)))
    for name, roles in _ROWS_OF_A_FOREST.items():
        rows = _ratios(record, roles)
        if len(rows) > 1:
            found.append((name, figures.forest(rows, no_effect=record.no_effect)))
    return found


def _curves(record: Record) -> list[tuple[str, Drawing]]:
    """Draw each family of curves: `*survival` as curves, the incidences as one stack."""
    curves = record.curves
    if curves is None:
        return []
    found = []
    for name in sorted(set(curves["curve"])):
        if name.endswith("survival"):
            rows = curves[curves["curve"] == name]
            since = "the vote" if name == "vote_survival" else "onset"
            drawing = figures.survival_curves(
                rows, shade_between=name == "standardized_survival", since=since
            )
            found.append((name.replace("_", "-"), drawing))
    for name, (share, since) in _INCIDENCES.items():
        rows = curves[curves["curve"] == name]
        if len(rows):
            drawing = figures.incidence_curves(rows, share=share, since=since)
            found.append((name.replace("_", "-"), drawing))
    kinds = curves[curves["curve"] == "ends_by_kind"]
    if len(kinds):
        found.append(("ends-by-kind", figures.ends_by_kind(kinds)))
    stacked = curves[curves["curve"].str.startswith("cumulative_incidence_")]
    if {"cumulative_incidence_deployment", "cumulative_incidence_end"} <= set(stacked["curve"]):
        measure = MEASURES.get(record.primary["measure"])
        act = measure.act if measure else "The act"
        found.append(("incidence", figures.cumulative_incidence(stacked, act=act)))
    return found


def _influence(record: Record) -> list[tuple[str, Drawing]]:
    """Draw what chance alone gives, and what leaving one case out does."""
    found = []
    draws = record.diagnostics["null_calibration"].get("estimates")
    if draws:
        frame = pd.DataFrame({"draw": range(1, len(draws) + 1), "estimate": draws})
        drawing = figures.null_calibration(frame, record.primary, no_effect=record.no_effect)
        found.append(("null-calibration", drawing))
    form = record.parts.get("functional_form")
    if form:
        drawing = figures.response_curves(
            pd.DataFrame(form["curve"]),
            between=(form["low"], form["high"]),
            no_effect=record.no_effect,
        )
        found.append(("functional-form", drawing))
    refits = record.leave_one_out
    if len(refits):
        found.append(("leave-one-out", figures.leave_one_out(refits, record.primary)))
    return found


def _estimates(record: Record) -> list[tuple[str, Exhibit]]:
    h = record.hypothesis
    models = _ratios(record, _MODEL_ROLES)
    return [
        ("regression", exhibits.regression(models, hypothesis=h)),
        ("estimates", exhibits.estimate_list(record.estimates, hypothesis=h)),
    ]
