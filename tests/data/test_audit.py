"""The audit: its table says what its summary says, and every row that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from collsec.upstream.sources import read_sources
from study import raw_tables

AUDIT = Path(__file__).resolve().parents[2] / "data" / "audit"


def audited() -> pd.DataFrame:
    return pd.read_csv(AUDIT / "2026-11-26.csv", dtype=str, keep_default_na=False)


def test_the_summary_counts_the_rows() -> None:
    rows = audited()
    assert len(rows) == 60 and not rows.duplicated(["table", "key"]).any()
    text = (AUDIT / "README.md").read_text(encoding="utf-8")
    told = {m[1]: [int(n) for n in m[2].split("|")] for m in
            re.finditer(r"^\| `?(\w+)`? \| (\d[\d |]+\d) \|$", text, re.MULTILINE)}  # fmt: skip
    for name, own in [*rows.groupby("table"), ("all", rows)]:
        assert told[str(name)] == [
            len(own),
            (own["is_found"] == "true").sum(),
            (own["verdict"] == "right").sum(),
            (own["verdict"] == "wrong").sum(),
            (own["is_mended"] == "true").sum(),
        ], name
    share = (rows["verdict"] == "right").sum() / (rows["is_found"] == "true").sum()
    assert f"{share:.0%}".replace("%", " %") in text


def test_every_row_has_its_document_or_says_why_not() -> None:
    rows = audited()
    found = rows["is_found"] == "true"
    assert (rows["verdict"].ne("") == found).all()
    assert (rows["document"].ne("") == found).all()
    assert rows.loc[~found, "remark"].str.len().gt(10).all()
    assert (rows.loc[rows["verdict"] == "wrong", "is_mended"] == "true").all()
    sources = set(read_sources(AUDIT.parent / "raw" / "sources.toml"))
    for document in rows.loc[found, "document"]:
        assert document.startswith("http") or document in {*sources, "text of the resolution"}


def test_every_row_is_in_its_table() -> None:
    for row in audited().itertuples():
        table = raw_tables()[row.table]
        keys = table.iloc[:, 0].astype(str)
        if row.table == "mission_locations":
            keys = table["mission_id"] + "/" + table["month"].dt.strftime("%Y-%m-%d")
        assert (keys == row.key).any(), (row.table, row.key)
