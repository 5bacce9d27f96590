"""The study at a glance: which claims have a line, and with which estimate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from collsec.evidence.claims import NOT_IN_STUDY
from collsec.evidence.overview import KEPT, answers


def record(hypothesis: str, *estimates: str) -> Any:
    rows = pd.DataFrame({name: [None] * len(estimates) for name in KEPT})
    rows["estimate_id"] = [f"{hypothesis}.{name}" for name in estimates]
    rows["role"] = ["primary", *["secondary"] * (len(estimates) - 1)]
    return SimpleNamespace(
        hypothesis=hypothesis,
        estimates=rows,
        spec={"estimand": {"expected": "above_one"}},
        verdict=SimpleNamespace(code="inconclusive"),
    )


def claim(name: str, hypothesis: str, tests: str, standing: str) -> dict[str, str]:
    return {
        "claim_id": name,
        "statement": f"Statement of {name}",
        "hypothesis": hypothesis,
        "tests": tests,
        "standing": standing,
        "verdict_class": "tested",
        "expected": "below one",
    }


def test_a_claim_whose_hypothesis_is_not_in_the_study_has_no_line() -> None:
    ledger = pd.DataFrame(
        [
            claim("C03", "h9", "h9.primary", NOT_IN_STUDY),
            claim("C02", "h1", "h1.other", "secondary"),
        ]
    )
    found = answers(
        ledger, {"h2": record("h2", "primary"), "h1": record("h1", "primary", "other")}, {}, ["h1"]
    )
    # In the order of the study; a primary that no claim names stands for itself.
    assert found["hypothesis"].tolist() == ["h2", "h1", "h1"]
    assert found["claim"].tolist() == ["", "C02", ""]
    assert found["estimate_id"].tolist() == ["h2.primary", "h1.other", "h1.primary"]
    assert found["side"].tolist() == ["above", "below", "above"]
    assert found["is_primary"].tolist() == [False, False, True]
