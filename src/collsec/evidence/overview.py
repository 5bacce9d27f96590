"""The study at a glance: each claim with the estimate that it stands with."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pandas as pd

from collsec.designs.registry import unit_of
from collsec.evidence.claims import NOT_IN_STUDY, is_description, primary_of, row_of
from collsec.evidence.record import Record

#: What is kept of an estimate.
KEPT = (
    "estimate_id",
    "estimand",
    "estimate",
    "ci_low",
    "ci_high",
    "low_95",
    "high_95",
    "level",
    "n_units",
    "n_events",
    "exposed_units",
    "exposed_events",
    "expected_events",
    "withheld",
)


def answers(
    ledger: pd.DataFrame | None,
    records: Mapping[str, Record],
    titles: Mapping[str, str],
    main: Collection[str],
) -> pd.DataFrame:
    """Every claim tested in this study with its first estimate; then primaries without a claim.

    Parameters
    ----------
    ledger : DataFrame or None
        Of the claims, with their standings; None where the study lists none.
    records : mapping of str to Record
    titles : mapping of str to str
        Question of each hypothesis, for the primaries that no claim names.
    main : collection of str
        The hypotheses of the family.

    Returns
    -------
    DataFrame
        `claim` (empty for a primary that no claim names), `label`, `hypothesis`, `standing`,
        `side` (``above`` or ``below``: of no difference, where the claim puts it; or empty),
        `is_primary` (of a hypothesis of the family), `unit` (what a primary compares, in the
        singular; empty for another estimate, which may compare something else), and the columns of
        :data:`KEPT`, missing for a description.
    """
    rows, named = [], set()
    tested = pd.DataFrame() if ledger is None else ledger[ledger["verdict_class"] == "tested"]
    for claim in tested.to_dict(orient="records"):
        if claim["standing"] == NOT_IN_STUDY:
            continue
        record = records[claim["hypothesis"]]
        first = str(claim["tests"]).split(";")[0]
        row = None if is_description(first, record) else row_of(first, record)
        named.add(first)
        side = re.search(r"\b(above|below) (?:one|zero)\b", str(claim["expected"]))
        rows.append(
            _row(
                row,
                main,
                record,
                claim=claim["claim_id"],
                label=claim["statement"],
                hypothesis=claim["hypothesis"],
                standing=claim["standing"],
                side=side[1] if side else "",
            )
        )
    for h, record in records.items():
        row = primary_of(record)
        if row["estimate_id"] not in named:
            expected = str(record.spec["estimand"].get("expected", "")).partition("_")[0]
            rows.append(
                _row(
                    row,
                    main,
                    record,
                    claim="",
                    label=titles.get(h, h),
                    hypothesis=h,
                    standing=record.verdict.code,
                    side=expected,
                )
            )
    order = list(records)
    table = pd.DataFrame(rows)
    place = table["hypothesis"].map(order.index)
    return table.assign(place=place).sort_values("place", kind="stable").drop(columns="place")


def _row(
    row: pd.Series | None, main: Collection[str], record: Record, **known: str
) -> dict[str, object]:
    kept = dict.fromkeys(KEPT) if row is None else {name: row.get(name, "") for name in KEPT}
    carries_verdict = row is not None and row["role"] == "primary"
    is_primary = carries_verdict and known["hypothesis"] in main
    unit = unit_of(record.spec) if carries_verdict else ""
    return {**known, "is_primary": is_primary, "unit": unit, **kept}
