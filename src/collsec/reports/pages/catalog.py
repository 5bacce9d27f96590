"""Which figures and tables a page can show, and the rule and file that each comes from.

A hypothesis has those of its primary, whatever it is, and those that its parts declare.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from collsec.core.project import Project
from collsec.core.schema import Role
from collsec.designs.parts import PARTS, CurveKind, CurveOf, Declaration, TableOf
from collsec.designs.printed import Column, EventStudyOf, ForestOf, RecordTable, ResponseOf
from collsec.designs.registry import is_timed
from collsec.evidence import cases, claims, overview, release
from collsec.evidence.dossiers import Dossier
from collsec.evidence.exposed import exposed_wars
from collsec.evidence.record import Record
from collsec.evidence.withheld import PRIMARY
from collsec.hypothesis.study import load_study
from collsec.measures import MEASURES
from collsec.replications import LEDGER, STUDIES, recorded
from collsec.reports import figures
from collsec.reports.figures import Drawing
from collsec.reports.figures.world import Outline
from collsec.reports.tables import results, study
from collsec.reports.tables.study import Cards
from collsec.reports.tables.table import Table, of_record
from collsec.reports.words import cases as case_words
from collsec.reports.words import claims as claim_words
from collsec.reports.words import quantities, verdicts, wording
from collsec.tables.clean import LITERATURE, read_raw
from collsec.upstream.sources import Source, read_sources

#: Roles whose hazard ratios stand side by side as models.
_MODELS = (Role.PRIMARY, Role.LAG, Role.KNOWN_BIASED)
#: Forest plots that every hypothesis has, where there is more than the primary to draw.
_FORESTS = (
    ForestOf(
        "forest",
        (Role.PRIMARY, Role.SECONDARY, Role.MODEL, Role.FALSIFICATION, Role.KNOWN_BIASED),
    ),
    ForestOf("outcomes", (Role.PRIMARY, Role.OUTCOME)),
)
#: Decimals of a number of ours that no printed one stands beside.
OWN_DECIMALS = 3
#: Curves that every hypothesis has.
_CURVES = (CurveOf("survival", CurveKind.SURVIVAL, "Wars still going on"),)
#: Figures of the ratio of a primary.
_OF_PRIMARY = ("null-calibration", "leave-one-out", "multiverse", "options")
PLACES = ["latitude", "longitude"]
_BY_KIND = "ends_by_kind"
_FIRST, _ENDED = "cumulative_incidence_exposure", "cumulative_incidence_end"


@dataclass(frozen=True, slots=True)
class Item:
    """One figure or table of a page.

    Attributes
    ----------
    name : str
        Such as `h1-forest`; the stem of its files.
    rule : str
        The rule of the Snakefile that made its numbers.
    numbers : str
        The file that its numbers stand in.
    content : Drawing, Table or Cards
    """

    name: str
    rule: str
    numbers: str
    content: Drawing | Table | Cards

    @property
    def file(self) -> str:
        """The file that readers are pointed to."""
        if isinstance(self.content, Drawing):
            return f"figures/{self.name}.svg"
        return f"tables/{self.name}.csv"


def catalog(record: Record) -> dict[str, Item]:
    """Draw and tabulate everything that the record has the numbers for, by name.

    Figures: `lags`, `forest`, `outcomes` (hazard ratios by role), `survival`, `incidence`,
    `ends-by-kind`, `null-calibration`, `leave-one-out`, `multiverse`, `options`. Tables:
    `regression`, `estimates`, `checks`, `multiverse-summary`, `attrition`, `amendments`. Further
    ones as the parts declare. Each name begins with the hypothesis.
    """
    h = record.hypothesis
    estimates, curves, grid, document = (
        f"data/processed/estimates/{h}{end}"
        for end in (".parquet", "-curves.parquet", "-multiverse.parquet", ".json")
    )
    specification, steps = f"data/processed/specs/{h}.json", f"{h}-attrition.parquet"
    parts = [PARTS[name] for name in record.spec.get("parts", ()) if name in PARTS]
    groups: list[tuple[str, str, Iterator[tuple[str, Drawing | Table]]]] = [
        ("estimate", estimates, _forests(record, parts)),
        ("estimate", curves, _curves(record, parts)),
        ("estimate", document, _diagnostics(record, parts)),
        ("estimate", estimates, _estimates(record, parts)),
        ("estimate", document, _records(record, parts)),
        ("estimate", grid, _specifications(record)),
        ("estimate", document, _options(record)),
        ("panel", specification, _amendments(record)),
        ("panel", f"data/processed/panels/{steps}", _attrition(record)),
    ]
    made = {
        f"{h}-{name}": Item(f"{h}-{name}", rule, file, content)
        for rule, file, found in groups
        for name, content in found
    }
    absent = {
        f"{h}-{name}": Item(f"{h}-{name}", "estimate", document, content)
        for name, content in _withheld(record, parts)
    }
    return absent | made


def _withheld(
    record: Record, parts: Sequence[Declaration]
) -> Iterator[tuple[str, Drawing | Table]]:
    """What stands in the place of figures and tables whose numbers are withheld: the reason."""
    why = record.withheld.get(PRIMARY)
    if why:
        for name in _OF_PRIMARY:
            yield name, figures.withheld(why)
        if "multiverse" in record.withheld:
            yield "multiverse-summary", _reason(record, "multiverse-summary", why)
    for part in parts:
        for declared in (*part.figures, *part.tables):
            if not isinstance(declared, ResponseOf | EventStudyOf | RecordTable):
                continue
            why = record.withheld.get(declared.record)
            if why and isinstance(declared, RecordTable):
                yield declared.name, _reason(record, declared.name, why)
            elif why:
                yield declared.name, figures.withheld(why)


def _reason(record: Record, name: str, why: str) -> Table:
    rows = pd.DataFrame({"withheld": [f"{wording.begun(why)}."]})
    columns = (Column("No numbers", "withheld", width=100),)
    return Table(columns, rows, "Why there is no table.", f"tbl-{record.hypothesis}-{name}")


def exposed_catalog(
    project: Project, record: Record, known: Mapping[int, Dossier], outline: Outline
) -> dict[str, Item]:
    """Draw and tabulate the exposed wars, where exposure is a matter of time.

    Figures `swimmer` and `delays` (a map), table `exposed`; each name begins with the hypothesis.
    """
    found = exposed_wars(project, record, known)
    if found is None:
        return {}
    (wars, events), h = found, record.hypothesis
    contents: dict[str, Drawing | Table] = {
        "swimmer": figures.swimmer(wars, events),
        "exposed": results.exposed(wars, hypothesis=h),
    }
    if project.stage("tables", "state_positions").exists():
        places = project.read("tables", "state_positions").set_index("gwno")
        at = {c: [float(places[c].get(g, math.nan)) for g in wars["gwno_host"]] for c in PLACES}
        contents["delays"] = figures.delays(wars.assign(**at).dropna(subset=PLACES), outline)
    file = f"data/processed/panels/{h}.parquet"
    return {f"{h}-{name}": Item(f"{h}-{name}", "panel", file, c) for name, c in contents.items()}


def exposed_of(items: Mapping[str, Item]) -> dict[str, pd.DataFrame]:
    """Return the exposed wars of each hypothesis that has any, from the items of all."""
    return {
        name.removesuffix("-exposed"): item.content.data
        for name, item in items.items()
        if name.endswith("-exposed")
    }


def alternatives(items: Mapping[str, Item]) -> dict[str, str]:
    """Return the variables that hold what each figure shows in words, such as `h1.alt.lags`."""
    texts = {}
    for name, item in items.items():
        if isinstance(item.content, Drawing):
            owner, _, figure = name.partition("-")
            owner, figure = (owner, figure) if figure else ("study", owner)
            texts[f"{owner}.alt.{figure.replace('-', '_')}"] = item.content.alternative
    return texts


def case_catalog(project: Project) -> tuple[dict[str, Item], dict[str, str]]:
    """Draw the declared cases, and say in words what each shows, as `case.rwanda.sentence`."""
    found, texts = {}, {}
    for case, events in cases.shown(project):
        name = f"case-{case.name}"
        drawing = figures.case_timeline(events, first=case.first_day, last=case.last_day)
        found[name] = Item(name, "timelines", "data/processed/timelines/war.parquet", drawing)
        texts[f"case.{case.name}.title"] = case.title
        texts[f"case.{case.name}.sentence"] = case_words.sentence(case, events)
    return found, texts | alternatives(found)


def shared_catalog(
    project: Project, hypotheses: Sequence[str], ledger: pd.DataFrame | None
) -> dict[str, Item]:
    """Tabulate what all pages share: the link report, the sources, the claims."""
    found = {}
    if project.stage("episodes", "links").exists():
        report = project.read("episodes", "links")
        file = "data/processed/episodes/links.parquet"
        # A table has one identifier a page; a report may show this one under its own name.
        for name in ("links", *(f"{h}-links" for h in hypotheses)):
            table = study.links(report, identifier=f"tbl-{name}")
            found[name] = Item(name, "episodes", file, table)
    declared = sources_of(project)
    if declared:
        table = study.sources(_sources(declared))
        found["sources"] = Item("sources", "committed", "data/raw/sources.toml", table)
    if ledger is not None:
        pages = {h: project.spec_file(h).stem for h in hypotheses}
        for name, listed in study.claims(ledger, pages).items():
            found[name] = Item(name, "estimate", claims.FILE, listed)
    return found


def comparison_catalog(
    project: Project, records: Mapping[str, Record], variables: Mapping[str, str]
) -> dict[str, Item]:
    """Tabulate the results alongside those of other studies, and of earlier releases."""
    found = {}
    if (project.raw / LITERATURE["path"]).exists():
        table = study.literature(claim_words.literature(project, variables))
        found["literature"] = Item(
            "literature", "committed", f"data/raw/{LITERATURE['path']}", table
        )
    if (project.raw / LEDGER["path"]).exists():
        table = study.replications(_replications(read_raw(project, LEDGER)))
        found["replications"] = Item(
            "replications", "committed", f"data/raw/{LEDGER['path']}", table
        )
    if project.manifest.exists() and release.history(project):
        rows = release.primaries_over_time(project, records)
        # A manifest keeps the verdict without its reason.
        rows["verdict"] = [verdicts.label(code).partition(":")[0] for code in rows["verdict"]]
        rows["hypothesis"] = [h.upper() for h in rows["hypothesis"]]
        file = project.relative(project.manifest)
        found["changes"] = Item("changes", "committed", file, study.changes(rows))
    return found


def _replications(ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger of replications in words."""
    parts = []
    for name, rows in ledger.groupby("replication_id", sort=False):
        each = recorded(rows)
        parts.append(
            rows.assign(
                who=STUDIES[str(name)].title.partition(":")[0],
                printed=[
                    "" if one.agrees is None else f"{one.published:.{one.decimals}f}"
                    for one in each
                ],
                computed=[
                    f"{one.ours:.{0 if one.ours.is_integer() else one.decimals or OWN_DECIMALS}f}"
                    for one in each
                ],
                difference=["" if one.agrees is None else f"{one.difference:g}" for one in each],
                where=rows["published_where"].fillna("not available"),
            )
        )
    return pd.concat(parts, ignore_index=True)


def ledger_of(project: Project) -> pd.DataFrame | None:
    """The claims with their standings in words; None where the study lists none."""
    is_there = (project.raw / claims.RESOURCE["path"]).exists()
    return claim_words.ledger_of(project) if is_there else None


def answers(
    project: Project,
    records: Sequence[Record],
    titles: Mapping[str, str],
    ledger: pd.DataFrame | None,
) -> dict[str, Item]:
    """Draw every tested claim on one axis."""
    by_name = {record.hypothesis: record for record in records}
    main = load_study(project).primaries
    rows = overview.answers(ledger, by_name, titles, main)
    known = {} if ledger is None else dict(zip(ledger["claim_id"], ledger["answer"], strict=True))
    rows["answer"] = [
        known.get(claim) or verdicts.answer(by_name[h].verdict)
        for claim, h in zip(rows["claim"], rows["hypothesis"], strict=True)
    ]
    drawing = figures.answers(rows, no_effect=records[0].no_effect)
    return {"answers": Item("answers", "estimate", claims.FILE, drawing)}


def sources_of(project: Project) -> dict[str, Source]:
    """Return the declared sources by key; none where the study declares none."""
    path = project.raw / "sources.toml"
    return read_sources(path) if path.exists() else {}


def _sources(declared: Mapping[str, Source]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "source": key,
                "title": source.title,
                "producer": source.producer,
                "version": source.version,
                "coverage": source.coverage.replace("-", "–\u2060"),
                "license": source.licence,
            }
            for key, source in declared.items()
        ]
    )


def _ratios(record: Record, roles: Sequence[Role]) -> pd.DataFrame:
    """Return the ratios on the primary's scale, the primary in its place among its lags."""
    every = record.estimates
    is_again = (every["role"] == Role.LAG) & (every["lag_months"] == record.primary["lag_months"])
    is_shown = (
        (every["estimand"] == record.primary["estimand"]) & every["role"].isin(roles) & ~is_again
    )
    rows: pd.DataFrame = every[is_shown]
    return rows


def _forests(record: Record, parts: Sequence[Declaration]) -> Iterator[tuple[str, Drawing]]:
    """Draw hazard ratios by role, where there is more than the primary to draw."""
    lags = record.estimates[record.estimates["role"] == Role.LAG]
    if len(lags):
        is_primary = lags["lag_months"] == record.primary["lag_months"]
        lags = lags.assign(role=is_primary.map({True: "primary", False: "lag"}))
        yield "lags", figures.forest(lags, no_effect=record.no_effect)
    declared = [figure for part in parts for figure in part.figures if isinstance(figure, ForestOf)]
    for forest in (*_FORESTS, *declared):
        rows = _ratios(record, forest.roles)
        if len(rows) > 1:
            yield forest.name, figures.forest(rows, no_effect=record.no_effect)


def _curves(record: Record, parts: Sequence[Declaration]) -> Iterator[tuple[str, Drawing]]:
    """Draw each declared family of curves, the kinds of end, and what comes first as one stack."""
    curves = record.curves
    if curves is None:
        return
    for declared in (*_CURVES, *(curve for part in parts for curve in part.curves)):
        rows = curves[curves["curve"] == declared.curve]
        if rows.empty:
            continue
        name = declared.curve.replace("_", "-")
        if declared.kind is CurveKind.SURVIVAL:
            yield (
                name,
                figures.survival_curves(
                    rows, shade_between=declared.is_shaded_between, since=declared.since
                ),
            )
        else:
            is_state = declared.kind is CurveKind.STATES
            draw = figures.state_curves if is_state else figures.incidence_curves
            yield name, draw(rows, share=declared.title, since=declared.since)
    kinds = curves[curves["curve"] == _BY_KIND]
    if len(kinds):
        yield _BY_KIND.replace("_", "-"), figures.ends_by_kind(kinds)
    stacked = curves[curves["curve"].isin([_FIRST, _ENDED])]
    if {_FIRST, _ENDED} <= set(stacked["curve"]):
        measure = MEASURES.get(str(record.primary["measure"]))
        act = measure.act if measure is not None and measure.act else "The act"
        yield "incidence", figures.cumulative_incidence(stacked, act=act)


def _diagnostics(
    record: Record, parts: Sequence[Declaration]
) -> Iterator[tuple[str, Drawing | Table]]:
    """Draw what chance alone gives, what leaving one case out does, and the declared responses."""
    draws = record.diagnostics["null_calibration"].get("estimates")
    if draws:
        frame = pd.DataFrame({"draw": range(1, len(draws) + 1), "estimate": draws})
        yield (
            "null-calibration",
            figures.null_calibration(frame, record.primary, no_effect=record.no_effect),
        )
    refits = record.leave_one_out
    if len(refits):
        yield "leave-one-out", figures.leave_one_out(refits, record.primary)
    for part in parts:
        for declared in part.figures:
            if isinstance(declared, ResponseOf) and declared.record in record.parts:
                yield declared.name, _response(record, declared)
            if isinstance(declared, EventStudyOf) and declared.record in record.parts:
                yield declared.name, _event_study(record, declared)
    yield "checks", results.checks(record.diagnostics, hypothesis=record.hypothesis)


def _event_study(record: Record, declared: EventStudyOf) -> Drawing:
    found = record.parts[declared.record]
    return figures.event_study(
        pd.DataFrame(found["periods"]).astype(float),
        pd.DataFrame(found["months"]).astype({"ratio": float}),
        level=float(found["level"]),
        no_effect=record.no_effect,
    )


def _response(record: Record, declared: ResponseOf) -> Drawing:
    form = record.parts[declared.record]
    measure = MEASURES.get(str(record.primary["measure"]))
    exposure = measure.title.partition(":")[0] if measure is not None else "The exposure"
    return figures.response_curves(
        pd.DataFrame(form["curve"]),
        between=(form["low"], form["high"]),
        no_effect=record.no_effect,
        index=declared.title.format(exposure=exposure),
    )


def _estimates(record: Record, parts: Sequence[Declaration]) -> Iterator[tuple[str, Table]]:
    h = record.hypothesis
    yield "regression", results.regression(_ratios(record, _MODELS), hypothesis=h)
    yield "estimates", results.estimate_list(record.estimates, hypothesis=h)
    for part in parts:
        for declared in part.tables:
            if isinstance(declared, TableOf):
                rows = record.estimates[record.estimates["role"].isin(declared.roles)]
                if len(rows):
                    name = f"tbl-{h}-{declared.name}"
                    yield (
                        declared.name,
                        results.of_roles(rows, caption=declared.caption, identifier=name),
                    )


def _records(record: Record, parts: Sequence[Declaration]) -> Iterator[tuple[str, Table]]:
    """Tabulate what parts have put on record, in the columns that they declare."""
    for part in parts:
        for declared in part.tables:
            if isinstance(declared, RecordTable) and declared.record in record.parts:
                name = f"tbl-{record.hypothesis}-{declared.name}"
                yield declared.name, of_record(declared, record.parts[declared.record], name)


def _has_multiverse(record: Record) -> bool:
    """Whether there is a primary, and a multiverse to set it against."""
    return bool(record.multiverse) and math.isfinite(float(record.primary["estimate"]))


def _specifications(record: Record) -> Iterator[tuple[str, Drawing]]:
    if record.specifications is not None and _has_multiverse(record):
        ratio = float(record.primary["estimate"])
        yield (
            "multiverse",
            figures.specification_curve(record.specifications, ratio, no_effect=record.no_effect),
        )


def _options(record: Record) -> Iterator[tuple[str, Drawing | Table]]:
    if record.specifications is not None and _has_multiverse(record):
        ratio = float(record.primary["estimate"])
        options = pd.DataFrame(record.multiverse["options"])
        numbers = ["alone", "low", "median", "high"]
        options[numbers] = options[numbers].astype(float)  # not estimated: null
        yield "options", figures.options(options, ratio, no_effect=record.no_effect)
        yield (
            "multiverse-summary",
            results.multiverse(record.multiverse, hypothesis=record.hypothesis),
        )


def _amendments(record: Record) -> Iterator[tuple[str, Table]]:
    yield (
        "amendments",
        results.amendments(record.spec.get("amendments", ()), hypothesis=record.hypothesis),
    )


def _attrition(record: Record) -> Iterator[tuple[str, Drawing | Table]]:
    if record.attrition is None:
        return
    if record.primary["estimand"] == "hazard_ratio":
        yield (
            "design",
            figures.design_flow(
                record.attrition,
                record.primary,
                contrast=quantities.contrast(record),
                is_timed=is_timed(record.spec),
            ),
        )
    outcome = MEASURES[record.spec["outcome"]]
    cells = {"unit": "-".join(outcome.cell), "counted": outcome.noun} if outcome.cell else {}
    yield "attrition", results.attrition(record.attrition, hypothesis=record.hypothesis, **cells)
