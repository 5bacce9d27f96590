"""Text that is generated for a report: verdict, provenance, availability, links to files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collsec.core.errors import BadSpec
from collsec.evidence.citation import Used, reference_of
from collsec.evidence.record import Record, Synthesis
from collsec.evidence.verdict import further_tests
from collsec.evidence.withheld import PRIMARY
from collsec.hypothesis.study import Study
from collsec.reports.pages import citation
from collsec.reports.pages.source import near
from collsec.reports.words import claims, overview, quantities, verdicts, wording
from collsec.reports.words.wording import harmless
from collsec.upstream.sources import Source

DO_NOT_EDIT = (
    "This folder is generated from analyses/, reports/ and data/processed/. "
    "Edits are lost at the next run.\n"
)
_REPLICATION = """\
# README of the replication package

Authors: {authors}. Code: {license}. Text and tables: {text_license}.

## Overview

One command makes every figure, table, and number from the study's own tables of facts, without a
network connection. These files come from collsec {version}, data vintage `{vintage}`, profile
{profile}.

## Data availability and provenance

The tables of facts in `data/raw/` are part of the package; each row names its source. The
publishers' files, from which the compiled tables follow by rules, are not redistributed.

| Source | Version | Terms | In the package |
| --- | --- | --- | --- |
{sources}

## Computational requirements

Python 3.11 to 3.13 with {packages}; no other software. Two cores and 4 GB
of memory suffice. Random numbers have fixed seeds (`analyses/_study.yml`).

## Instructions

1. {install}
2. {run} makes everything with few draws; `collsec run --profile full` with those of the
   published numbers.
3. {check}

## Figures and tables

| Exhibit | Rule | Numbers from | File |
| --- | --- | --- | --- |
{exhibits}
"""
#: What the folder of the package itself says, and that of a study made with the package.
_IN_REPOSITORY = {
    "packages": "the packages of `requirements.lock`",
    "install": "`make .venv/.ready` installs the locked packages.",
    "run": "`make study`",
}
_IN_OWN_FOLDER = {
    "packages": "the package `collsec` and what it needs",
    "install": "`pip install 'collsec[study]=={version}'` in an environment of its own.",
    "run": "`collsec run` in this folder",
}
_PUBLISHED = "`collsec release --check` compares the results with the published ones."
_UNPUBLISHED = (
    "`collsec release`, after a run of profile full, keeps what is published, so that "
    "`collsec release --check` can compare."
)
_HTML_ONLY = '::: {{.content-visible when-format="html"}}\n{}\n:::\n'


def variables(records: Sequence[Record], synthesis: Synthesis, study: Study) -> dict[str, str]:
    """Return every variable that text may use: the records' own, and who and what they are."""
    names = {
        "study.level": wording.level(1 - study.alpha),
        "study.family_level": overview.family_level(study.alpha, len(study.primaries)),
    }
    for record in records:
        h = record.hypothesis
        names |= {
            f"{h}.result_id": record.result_id,
            f"{h}.verdict.label": verdicts.answer(record.verdict),
            f"{h}.profile": str(record.provenance["profile"]),
        }
        names |= quantities.variables(record)
        for name, column in quantities.ADJUSTED.items():
            if h in (known := getattr(synthesis, column)):
                is_withheld = PRIMARY in record.withheld
                p = wording.p_value(known[h])
                names[f"{h}.{name}"] = wording.missing(record.primary) if is_withheld else p
        if h in synthesis.families:
            # What is withheld is no test of the family.
            of_shown = further_tests(record.estimates) if record.withheld else None
            names[f"{h}.multiplicity"] = verdicts.multiplicity(of_shown or synthesis.families[h])
    if records:
        names["study.version"] = _agreed(records, "collsec_version")
        names["study.vintage"] = _agreed(records, "data_vintage")
        names["study.profile"] = _agreed(records, "profile")
    return dict(sorted(names.items()))


def _agreed(records: Sequence[Record], key: str) -> str:
    """Return what all records say, or all that they say where they differ."""
    return ", ".join(sorted({str(r.provenance[key]) for r in records}))


def verdict(record: Record) -> str:
    """Return the verdict at the head of a report, marked where the profile is quick."""
    return f"{_quick_mark(record) if record.is_quick else ''}{overview.box(record)}"


def _quick_mark(record: Record) -> str:
    return (
        "::: {.callout-warning}\n## Quick profile\n"
        "These numbers come from fewer draws than the published ones. "
        "They show that the study runs; do not cite them.\n:::\n\n"
    )


def verdict_list(pages: Sequence[tuple[str, str, Record | None]]) -> str:
    """Return the verdicts of all reports for the overview, each with a link to its report."""
    parts = []
    for stem, title, record in pages:
        if record is None:
            continue
        h, code = record.hypothesis, record.verdict.code
        answer = verdicts.answer(record.verdict)
        parts.append(
            f"::: {{.verdict .verdict-{code}}}\n"
            f"[{answer}]{{.verdict-label}} [{h.upper()}]{{.verdict-number}}\n\n"
            f"**[{title}]({stem}.qmd)**\n\n{verdicts.without_label(record.verdict)}\n\n"
            f"{{{{< var {h}.primary.sentence >}}}}\n:::\n"
        )
    return "::: {.verdicts}\n" + "\n".join(parts) + ":::\n"


def rule_changes(pages: Sequence[tuple[str, str, Record | None]]) -> str:
    """Return every change of a rule after estimates had been seen, for the overview.

    One that several reports name in the same words stands once, with all of them.
    """
    named: dict[tuple[str, str, str], list[str]] = {}
    for stem, _, record in pages:
        for one in record.spec.get("amendments", ()) if record else ():
            if one.get("is_rule"):
                key = (one["day"], one["change"], one["reason"])
                named.setdefault(key, []).append(f"[{record.hypothesis.upper()}]({stem}.qmd)")  # type: ignore[union-attr]
    if not named:
        return "No rule was changed.\n"
    return "".join(
        f"- {day}, {wording.listed(reports)}. {change.strip()} *Why?* {reason.strip()}\n"
        for (day, change, reason), reports in sorted(named.items(), key=lambda one: one[0][0])
    )


def moved(changelog: Path) -> str:
    """Return what the changelog says of results that changed, the latest first."""
    text = changelog.read_text(encoding="utf-8") if changelog.exists() else ""
    parts = re.split(r"^### Results that changed\s*$", text, flags=re.MULTILINE)[1:]
    lists = [re.split(r"^##", part, maxsplit=1, flags=re.MULTILINE)[0].strip() for part in parts]
    return "\n\n".join(lists) + "\n" if lists else "Nothing has changed.\n"


def plain_summary(pages: Sequence[tuple[str, str, Record | None]], minimum: tuple[int, int]) -> str:
    """Return in plain words what each report found, how sure that is, and what would change it.

    Parameters
    ----------
    pages : sequence of (stem, title, record)
    minimum : (int, int)
        Exposed terminations and exposed clusters below which no effect is looked at.
    """
    parts = []
    for stem, title, record in pages:
        if record is not None:
            h, words = record.hypothesis, claims.of_primary(record, minimum)
            parts.append(
                f"[{title}]({stem}.qmd)\n\n"
                f":   {{{{< var {h}.primary.plain >}}}}\n\n"
                f"    *How sure?* {harmless(words.how_sure)}\n\n"
                f"    *What would change it?* {harmless(words.what_would_change)}\n"
            )
    return "\n".join(parts)


def marked(lead: str, records: Sequence[Record]) -> str:
    """Return what is known, marked where the profile is quick."""
    is_quick = any(record.is_quick for record in records)
    return lead + ("\n\n[Quick profile: do not cite.]{.quick}" if is_quick else "")


def manuscript_appendix(records: Sequence[Record]) -> str:
    """Return the appendix of the article: regressions, and who was left out, by hypothesis."""
    tables = [
        f"{{{{< include _tbl-{record.hypothesis}-{name}.md >}}}}"
        for record in records
        for name in ("regression", "attrition")
        if name == "regression" or record.attrition is not None
    ]
    return "\n\n".join(["## Regressions, and who was left out {#sec-tables}", *tables]) + "\n"


def replication(
    imprint: citation.Imprint,
    sources: Mapping[str, Source],
    exhibits: Sequence[tuple[str, str, str, str]],
    variables: Mapping[str, str],
    *,
    has_lock: bool,
    is_released: bool,
) -> str:
    """Return the README of the replication package, after the social-science data editors.

    Parameters
    ----------
    imprint : Imprint
    sources : mapping of str to Source
    exhibits : sequence of (identifier, rule, numbers, file)
        Every figure and table that a page shows.
    variables : mapping of str to str
        Of the pages: version, vintage, profile.
    has_lock : bool
        Whether the folder holds the package's own lock, not a study that uses the package.
    is_released : bool
        Whether a release was published with which results can be compared.
    """
    known = {name: variables.get(f"study.{name}", "") for name in ("version", "vintage", "profile")}
    return _REPLICATION.format(
        authors=", ".join(author.name for author in imprint.authors),
        license=imprint.license,
        text_license=citation.TEXT_LICENSE,
        sources="\n".join(
            f"| {s.title} | {s.version or '–'} | {s.licence} | no: `collsec fetch` gets it |"
            for s in sources.values()
        ),
        exhibits="\n".join(
            f"| {name} | `{rule}` | `{numbers}` | `{file}` |"
            for name, rule, numbers, file in exhibits
        ),
        **{
            key: text.format(**known)
            for key, text in (_IN_REPOSITORY if has_lock else _IN_OWN_FOLDER).items()
        },
        check=_PUBLISHED if is_released else _UNPUBLISHED,
        **known,
    )


def provenance(record: Record) -> str:
    """Return the callout that says which code and which data gave the numbers."""
    known = {
        "Result": f"`{record.result_id}`",
        "Code": f"collsec {record.provenance['collsec_version']}",
        "Data vintage": f"`{record.provenance['data_vintage']}`",
        "Profile": str(record.provenance["profile"]),
    }
    items = "\n".join(f"- {name}: {value}" for name, value in known.items())
    return f"::: {{.callout-note .provenance}}\n## Where these numbers come from\n{items}\n:::\n"


def availability(
    record: Record,
    front: Mapping[str, Any],
    imprint: citation.Imprint,
    sources: Mapping[str, Source],
    used: Sequence[Used] = (),
) -> str:
    """Return the section on data and code: what it rests on, and how to cite the report.

    Parameters
    ----------
    used : sequence of Used
        The sources that the hypothesis read; where they are not known, those that its file cites
        are listed.

    Raises
    ------
    BadSpec
        If the specification cites a source that is not declared.
    """
    h = record.hypothesis
    works = []
    for key in record.spec.get("cites", ()):
        if key not in sources:
            raise BadSpec(
                f"the front matter of {h} cites {key!r}, which data/raw/sources.toml does not "
                f"declare.{near(key, sources)}"
            )
        source = sources[key]
        works.append(
            "- "
            + harmless(
                f"{source.title}, version {source.version} ({source.licence}). {source.citation}"
            )
        )
    rests_on = "The main sources are:\n\n" + "\n".join(works) + "\n\n" if works else ""
    if used:
        rests_on = _rests_on(h, used)
    place = f" Its repository is <{imprint.repository}>." if imprint.repository else ""
    downloads = _HTML_ONLY.format(
        f"[All estimates of this report (CSV)](data/{h}-estimates.csv){{.file}}"
    )
    return (
        "## Data and code availability {#sec-availability .unnumbered}\n\n"
        "Every number here is drawn from a file that a rule of the study's Snakefile makes from "
        "the tables of facts in `data/raw/`, offline: `make study` runs all of it. Those tables "
        "name the source of each row; the publishers' own files are not redistributed, and "
        f"`collsec fetch` gets them with their checksums. The code is under the {imprint.license} "
        f"license, the study's own tables and the text are under CC BY 4.0.{place}\n\n"
        f"{rests_on}Cite this report as: {citation.reference(front)}\n\n{downloads}"
    )


def _rests_on(hypothesis: str, used: Sequence[Used]) -> str:
    """List every source that was read, and count the documents."""
    works = [
        f"- {harmless(f'{reference_of(u.source)} ({u.source.licence})')}" for u in used if u.source
    ]
    n_documents = sum(u.source is None for u in used)
    documents = (
        f", and {n_documents} documents at addresses that the rows give" if (n_documents) else ""
    )
    return (
        f"The tables that were read here rest on these sources{documents} (`collsec cite "
        f"{hypothesis}` says which column comes from which):\n\n" + "\n".join(works) + "\n\n"
    )


def numbers(hypothesis: str, table: str) -> str:
    """Return the list of the numbers that a report prints, for pages of HTML."""
    return _HTML_ONLY.format(
        "## Numbers in this report {#sec-numbers .unnumbered}\n\nEach number of the text, the "
        "result that it comes from, and the file that holds it. `collsec trace ID` follows it to "
        f"the raw rows and their documents.\n\n{table}\n{table_link(f'{hypothesis}-numbers')}"
    )


def figure_files(name: str) -> str:
    """Return the links to a figure's files."""
    links = " ".join(
        f"[{label}](figures/{name}.{end}){{.file}}"
        for label, end in (
            ("Data (CSV)", "csv"),
            ("SVG", "svg"),
            ("PNG", "png"),
            ("Page to share", "html"),
            ("All of it (ZIP)", "zip"),
        )
    )
    return _HTML_ONLY.format(f"::: {{.item-files}}\n{links}\n:::")


def table_files(name: str) -> str:
    """Return the link to a table's unrounded rows."""
    return _HTML_ONLY.format(table_link(name))


def table_link(name: str) -> str:
    """Return the link to a table's unrounded rows, for a place that is of HTML already."""
    return f"::: {{.item-files}}\n[Data (CSV)](tables/{name}.csv){{.file}}\n:::"
