"""What a figure shows, in words, for those who cannot see it."""

from __future__ import annotations

import math

import pandas as pd

from collsec.designs.estimate import Estimate
from collsec.reports.words import wording


def texts(estimates: list[Estimate], curves: pd.DataFrame, without: pd.DataFrame) -> dict[str, str]:
    """Alternative text of each figure of a hypothesis, by the figure's name."""
    primary = estimates[0]
    written = {
        "alt.lags": _forest("Hazard ratios by lag", [e for e in estimates if e.role == "lag"]),
        "alt.forest": _forest(
            "Hazard ratios of the primary and the secondary estimates",
            [
                e
                for e in estimates
                if e.role in {"primary", "secondary", "known_biased"}
                and e.estimand == "hazard_ratio"
            ],
        ),
        "alt.outcomes": _forest(
            "Hazard ratios by how the war ended", [e for e in estimates if e.role == "outcome"]
        ),
        "alt.leave_one_out": _range(without, primary),
        "alt.survival": _survival(curves, "survival"),
    }
    if (curves["curve"] == "standardized_survival").any():
        written["alt.standardized_survival"] = _survival(curves, "standardized_survival")
    if curves["curve"].str.startswith("cumulative_incidence").any():
        written["alt.incidence"] = _incidence(curves)
    kinds = curves[curves["curve"] == "ends_by_kind"]
    if len(kinds):
        written["alt.ends_by_kind"] = _kinds(kinds)
    return written


def _forest(title: str, rows: list[Estimate]) -> str:
    listed = "; ".join(
        f"{e.label}, {wording.number(e.estimate)} ({wording.interval(e.ci_low, e.ci_high)})"
        for e in rows
        if not math.isnan(e.estimate)
    )
    return f"{title}, with intervals: {listed}."


def _range(without: pd.DataFrame, primary: Estimate) -> str:
    parts = [
        f"each of {len(own)} {kind}s, between {wording.number(own['hazard_ratio'].min())} and "
        f"{wording.number(own['hazard_ratio'].max())}"
        for kind, own in without.groupby("kind")
    ]
    return (
        f"Hazard ratio with one left out in turn: without {'; without the wars of '.join(parts)}; "
        f"with all of them {wording.number(primary.estimate)}."
    )


def _at_end(rows: pd.DataFrame) -> pd.DataFrame:
    last: pd.DataFrame = rows[rows["time_months"] == rows["time_months"].max()]
    return last


def _survival(curves: pd.DataFrame, name: str) -> str:
    last = _at_end(curves[curves["curve"] == name])
    listed = "; ".join(
        f"{group}, {wording.percent(share)}"
        for group, share in zip(last["group"], last["estimate"], strict=True)
    )
    return (
        f"Share of wars still going on over {int(last['time_months'].iloc[0])} months. At the end: "
        f"{listed}."
    )


def _incidence(curves: pd.DataFrame) -> str:
    last = _at_end(curves[curves["curve"].str.startswith("cumulative_incidence")])
    share = last.set_index("curve")["estimate"]
    first = share["cumulative_incidence_deployment"]
    ended = share["cumulative_incidence_end"]
    return (
        f"Stacked areas over {int(last['time_months'].iloc[0])} months. At the end "
        f"{wording.percent(first)} of wars had seen the act, {wording.percent(ended)} had ended "
        f"without it, and {wording.percent(1 - first - ended)} went on without it."
    )


def _kinds(curves: pd.DataFrame) -> str:
    last = _at_end(curves)
    listed = "; ".join(
        f"{group}, {wording.percent(share)}"
        for group, share in zip(last["group"], last["estimate"], strict=True)
    )
    return (
        f"Stacked areas over {int(last['time_months'].iloc[0])} months: how wars had ended. "
        f"At the end: {listed}; {wording.percent(1 - last['estimate'].sum())} went on."
    )
