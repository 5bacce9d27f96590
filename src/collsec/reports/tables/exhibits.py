"""Tables of a hypothesis page: each function takes a tidy frame and returns its `Exhibit`.

Numbers are formatted in `collsec.pipetables` and `collsec.wording`; nothing is estimated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from collsec.reports.tables.pipetables import (
    NONE,
    Exhibit,
    count,
    in_unit,
    interval,
    number,
    p_value,
    pipe_table,
    with_unit,
)

# Conflicts and missions named where the sign turns; the record of the estimates has all.
_MOST_NAMED = 3


def regression(estimates: pd.DataFrame, *, hypothesis: str) -> Exhibit:
    """Return the regression table: models as columns, with counts, clusters and errors named.

    Parameters
    ----------
    estimates : pandas.DataFrame
        Rows of an estimates table with hazard ratios, one a model: the primary and its lags.
    hypothesis : str
        Identifier, such as `h1`.
    """
    models = [row for _, row in estimates.iterrows()]
    names = [f"({place}) {row['label']}" for place, row in enumerate(models, 1)]

    def line(label: str, *cells: str) -> list[str]:
        return [label, *cells]

    def each(column: str, format_: Any) -> list[str]:
        return [format_(model[column]) for model in models]

    ratio = "hazard_ratio"
    rows = [
        line("Lag, months", *each("lag_months", count)),
        line("Hazard ratio of the end", *(in_unit(m["estimate"], ratio) for m in models)),
        line("Interval", *(interval(m["ci_low"], m["ci_high"], ratio) for m in models)),
        line(
            "Interval, cluster sandwich",
            *(interval(m["cluster_low"], m["cluster_high"], ratio) for m in models),
        ),
        line("Level of the intervals, %", *(number(100 * m["level"], 1) for m in models)),
        line("Inference", *each("inference", _inference)),
        line("*p*", *each("p_value", p_value)),
        line("Standard error of the log", *each("std_error", lambda v: number(v, 3))),
        line("Detectable if above", *each("mde_high", number)),
        line("Detectable if below", *each("mde_low", number)),
        line("Rejects under the null, %", *(number(100 * m["null_rejection"], 1) for m in models)),
        line("Units", *each("n_units", count)),
        line("Ends", *each("n_events", count)),
        line("Clusters", *each("n_clusters", count)),
        line("Exposed units", *each("exposed_units", count)),
        line("Exposed ends", *each("exposed_events", count)),
        line("Exposed clusters", *each("exposed_clusters", count)),
        line("Start–stop rows", *each("nobs", count)),
        line("Validity", *each("validity", str)),
    ]
    caption = (
        "Cox models of the end of a war on start–stop rows, ties by Efron's method. A hazard "
        "ratio above one means that wars end sooner. The first interval is that of the "
        "inference named below. Detectable: the smallest effect that would show at the study's "
        "power. Rejects under the null: how often the test, at a level of 5 %, rejects when the "
        "exposure is random. Exposed ends: ends while exposed."
    )
    markdown = pipe_table(
        ["", *names],
        rows,
        caption=caption,
        identifier=f"tbl-{hypothesis}-regression",
        align="l" + "r" * len(models),
        widths=[30] + [20] * len(models),
    )
    return Exhibit(markdown, estimates)


def _inference(name: str) -> str:
    return name.removeprefix("risk_set_").replace("rerandom", "re-random").replace("_", " ")


def estimate_list(estimates: pd.DataFrame, *, hypothesis: str) -> Exhibit:
    """Return every estimate of a hypothesis, one a row, whatever its estimand."""
    rows = [
        [
            with_unit(str(row["label"]), str(row["estimand"])),
            str(row["role"]).replace("_", " "),
            in_unit(row["estimate"], row["estimand"]),
            interval(row["ci_low"], row["ci_high"], row["estimand"]),
            p_value(row["p_value"]),
            count(row["exposed_events"]),
            str(row["validity"]),
        ]
        for _, row in estimates.iterrows()
    ]
    markdown = pipe_table(
        ["Estimate", "Role", "Value", "Interval", "*p*", "Exposed ends", "Validity"],
        rows,
        caption="All estimates, with the interval of each one's own inference, at "
        f"{_levels(estimates)}: hazard ratios, unless a unit is named. No interval makes allowance "
        "for the number of rows. Variants change one choice of the primary, with intervals of the "
        "cluster sandwich.",
        identifier=f"tbl-{hypothesis}-estimates",
        align="llrrrrl",
        widths=[44, 15, 8, 20, 9, 10, 14],
    )
    return Exhibit(markdown, estimates)


def _levels(estimates: pd.DataFrame) -> str:
    """The commonest level of the intervals, and whose level is another."""
    levels = estimates["level"].round(6)
    common = levels.mode().iloc[0]
    others = estimates[levels != common]
    told = f"{number(100 * common, 1).removesuffix('.0')} %"
    for level, rows in others.groupby(levels, sort=False):
        roles = ", ".join(dict.fromkeys(str(r).replace("_", " ") for r in rows["role"]))
        told += f", {number(100 * float(str(level)), 1)} % for some rows of role {roles}"
    return told


def checks(diagnostics: Mapping[str, Any], *, hypothesis: str) -> Exhibit:
    """Return what was asked of the primary estimate and what came of it.

    Parameters
    ----------
    diagnostics : mapping
        `engine_gap` (text), `null_calibration` (`rejection_rate`, `draws`), `falsification`
        (`label`, `outcome`), `sign_flips`, `principled_agreement` (share),
        `proportional_hazards_p`.
    """
    calibration = diagnostics["null_calibration"]
    flips = diagnostics["sign_flips"]
    without = "the sign never turns"
    if flips:
        others = len(flips) - _MOST_NAMED
        without = (
            "the sign turns without "
            + ", ".join(flips[:_MOST_NAMED])
            + (f" and {count(others)} more" if others > 0 else "")
        )
    lines = [
        ("A second engine gives the same coefficient", f"gap {diagnostics['engine_gap']}"),
        (
            "Random exposure, at the actual counts and dates",
            f"rejects in {_percent(calibration['rejection_rate'])} of "
            f"{count(calibration['draws'])} draws",
        ),
        *((f"Placebo: {p['label']}", str(p["outcome"])) for p in diagnostics["falsification"]),
        ("One conflict or mission left out at a time", without),
        (
            "Principled specifications that agree in sign",
            _percent(diagnostics["principled_agreement"]),
        ),
        (
            "The effect is the same at every age of a war (proportional hazards)",
            f"*p* {p_value(_or_nan(diagnostics['proportional_hazards_p']))}",
        ),
    ]
    markdown = pipe_table(
        ["Check of the primary estimate", "Outcome"],
        lines,
        caption="Checks. A placebo that could not have found an effect worth the name is "
        "uninformative, not passed.",
        identifier=f"tbl-{hypothesis}-checks",
        align="ll",
        widths=[55, 45],
    )
    return Exhibit(markdown, pd.DataFrame(lines, columns=["check", "outcome"]))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{number(100 * share, 1)} %"


def multiverse(summary: Mapping[str, Any], *, hypothesis: str) -> Exhibit:
    """Return the specifications of the multiverse by validity.

    Parameters
    ----------
    summary : mapping
        By tag (`principled`, `plausible`, `known_biased`) and for principled and plausible ones
        together (`summarized`): `n`, `n_estimable`, `share_positive`,
        `share_positive_excluding_zero`, `share_negative_excluding_zero`, and `lowest`, `median`,
        `highest` as log hazard ratios.
    """
    names = {
        "principled": "Principled",
        "plausible": "Plausible",
        "summarized": "Both together",
        "known_biased": "Known to be biased",
    }
    parts = [(name, summary[tag]) for tag, name in names.items() if summary[tag]["n"]]
    rows = [
        [
            name,
            count(part["n"]),
            count(part["n_estimable"]),
            _percent(part["share_positive"]),
            _percent(part["share_positive_excluding_zero"]),
            _percent(part["share_negative_excluding_zero"]),
            *(in_unit(_ratio(part[k]), "hazard_ratio") for k in ("lowest", "median", "highest")),
        ]
        for name, part in parts
    ]
    markdown = pipe_table(
        [
            "Specifications",
            "Declared",
            "Estimable",
            "Above 1",
            "Interval above 1",
            "Interval below 1",
            "Lowest",
            "Median",
            "Highest",
        ],
        rows,
        caption="Hazard ratios of all declared specifications, by the weakest of their choices.",
        identifier=f"tbl-{hypothesis}-multiverse-summary",
        align="l" + "r" * 8,
        widths=[22, 10, 11, 9, 12, 12, 9, 9, 9],
    )
    data = pd.DataFrame([{"specifications": name, **part} for name, part in parts])
    return Exhibit(markdown, data)


def _ratio(log: float | None) -> float:
    return math.nan if log is None else math.exp(log)


def attrition(steps: pd.DataFrame, *, hypothesis: str) -> Exhibit:
    """Return the attrition table: each step, why, who is left and who was dropped."""
    rows = [
        [
            str(row["step"])[:1].upper() + str(row["step"])[1:],
            str(row["rule"]),
            count(row["n_units"]),
            count(row["n_events"]),
            count(row["dropped"]),
        ]
        for _, row in steps.iterrows()
    ]
    markdown = pipe_table(
        ["Step", "Rule", "Units left", "Ends left", "Dropped"],
        rows,
        caption="From all episodes to those followed.",
        identifier=f"tbl-{hypothesis}-attrition",
        align="llrrr",
        widths=[26, 44, 10, 10, 10],
    )
    return Exhibit(markdown, steps)


def amendments(entries: Sequence[Mapping[str, str]], *, hypothesis: str) -> Exhibit:
    """Return what was changed after estimates had been seen: the day, the change, the reason."""
    rows = [[entry["day"], entry["change"], entry["reason"]] for entry in entries]
    markdown = pipe_table(
        ["Day", "What was changed", "Why"],
        rows or [[NONE, "Nothing", NONE]],
        caption="Changes of the specification and of its inference after first estimates.",
        identifier=f"tbl-{hypothesis}-amendments",
        align="lll",
        widths=[12, 44, 44],
    )
    return Exhibit(markdown, pd.DataFrame(rows, columns=["day", "change", "reason"]))


def links(report: pd.DataFrame, *, identifier: str) -> Exhibit:
    """Return the link report: how much of each family found its conflict."""
    names = {"n_rows": "Rows", "n_none": "To none"}
    columns = [c for c in report.columns if c.startswith("n_")]
    header = [names.get(c, c.removeprefix("n_").replace("_", " ").capitalize()) for c in columns]
    rows = [
        [str(row["family"]).replace("_", " ").capitalize(), *(count(row[c]) for c in columns)]
        for _, row in report.iterrows()
    ]
    markdown = pipe_table(
        ["Family", *header],
        rows,
        caption="Rows of the record, and how many are linked to a conflict by a coded key. To "
        "none: coded as concerning no conflict. Unmatched: a key that no conflict has. Recalled: "
        "links that rest on general knowledge alone, kept out of primary analyses.",
        identifier=identifier,
        align="l" + "r" * len(columns),
        widths=[30] + [14] * len(columns),
    )
    return Exhibit(markdown, report)


def sources(table: pd.DataFrame) -> Exhibit:
    """Return the data sources: what each is, its version, its years and its license.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `title`, `producer`, `version`, `coverage`, `license`.
    """
    columns = ["title", "producer", "version", "coverage", "license"]
    rows = [[str(row[c]) for c in columns] for _, row in table.iterrows()]
    markdown = pipe_table(
        ["Source", "Producer", "Version", "Years", "License"],
        rows,
        caption="Sources of the study's tables of facts.",
        identifier="tbl-sources",
        align="lllll",
        widths=[32, 26, 9, 13, 20],
    )
    return Exhibit(markdown, table)


def exhibit_list(entries: Sequence[tuple[str, str, str, str]], *, hypothesis: str) -> str:
    """Return the table that maps each exhibit to its rule and its file.

    Parameters
    ----------
    entries : sequence of (identifier, rule, input, output)
        Cross-reference identifier, the rule that made its numbers, the file those stand in, and
        the file of the exhibit.
    """
    return pipe_table(
        ["Exhibit", "Rule", "Numbers from", "File"],
        [[f"@{i}", f"`{rule}`", f"`{source}`", f"`{out}`"] for i, rule, source, out in entries],
        caption="Where each exhibit comes from.",
        identifier=f"tbl-{hypothesis}-exhibits",
        align="llll",
        widths=[12, 12, 38, 38],
    )
