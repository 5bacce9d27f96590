"""One timeline of peacemaking in each conflict: agreements, talks, ceasefires, and what is covered.

Three records of different reach stand side by side. Where a record does not cover a conflict at a
time, that it has nothing is no fact: the cell is missing, and a flag says so.
"""

from __future__ import annotations

import pandas as pd

from collsec.histories.extents import Days, first_day_of, last_day_of
from collsec.histories.registry import extent, timeline

#: First and last year of the record of agreements. A constant, since the last year with an
#: agreement of a table cut at a day is not the last year of the record.
AGREEMENT_YEARS = (1975, 2021)
AGREEMENTS = {"process": 1, "partial": 2, "full": 3}
CEASEFIRES = {"none": 0, "partial": 1, "full": 2}
# Value of the timeline → flag that says whether a zero of it is one.
COVERED_BY = {
    "agreement_level": "are_agreements_covered",
    "is_talking": "are_talks_covered",
    "ceasefire_level": "are_ceasefires_covered",
    "mutual_ceasefire_level": "are_ceasefires_covered",
}
STEP = ["conflict_id", "from_date", "name", "value"]


def next_month(days: pd.Series) -> pd.Series:
    """Last day of the month after each day."""
    return days + pd.offsets.MonthEnd(0) + pd.offsets.MonthEnd(1)


def on_and_off(spells: pd.DataFrame, name: str, off: pd.Series) -> pd.DataFrame:
    """Steps to a value where a spell begins, and to zero where it is over.

    Where the next spell begins on the day on which one is over, it takes the place.
    """
    on = spells.assign(name=name)[STEP]
    over = spells.assign(from_date=off, name=name, value=0)[STEP]
    both = pd.concat([over[over["from_date"].notna()], on])
    return both.drop_duplicates(["conflict_id", "from_date", "name"], keep="last")


def coverage_steps(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Steps of a flag over runs of years, known at the end of their first month."""
    years = rows[["first_year", "last_year"]].astype(int)
    first = pd.to_datetime(years["first_year"].astype(str) + "-01-31")
    off = pd.to_datetime((years["last_year"] + 1).astype(str) + "-01-31")
    spells = rows[["conflict_id"]].assign(from_date=first, value=1)
    return on_and_off(spells, name, off)


def agreement_steps(peace_agreements: pd.DataFrame) -> pd.DataFrame:
    """Furthest-reaching agreement of the conflict so far, from the day of each signature."""
    signed = peace_agreements[["conflict_id"]].assign(
        from_date=peace_agreements["signed_date"],
        value=peace_agreements["kind"].map(AGREEMENTS).astype(int),
    )
    signed = signed.sort_values(["conflict_id", "from_date"], kind="stable")
    signed["value"] = signed.groupby("conflict_id")["value"].cummax()
    last = signed.drop_duplicates(["conflict_id", "from_date"], keep="last")
    return last.assign(name="agreement_level")[STEP]


@timeline(
    uses=(
        "episodes.conflict_id",
        *(f"peace_agreements.{c}" for c in ("conflict_id", "signed_date", "kind")),
        *(f"negotiations.{c}" for c in ("conflict_id", "month")),
        *(f"negotiation_coverage.{c}" for c in ("conflict_id", "first_year", "last_year")),
        *(
            f"ceasefires.{c}"
            for c in (
                "conflict_id",
                "from_month",
                "to_month",
                "ceasefire_status",
                "mutual_ceasefire",
            )
        ),
        *(
            f"ceasefire_coverage.{c}"
            for c in ("conflict_id", "first_year", "last_year", "is_followed")
        ),
    )
)
def peace_status(
    episodes: pd.DataFrame,
    peace_agreements: pd.DataFrame,
    negotiations: pd.DataFrame,
    negotiation_coverage: pd.DataFrame,
    ceasefires: pd.DataFrame,
    ceasefire_coverage: pd.DataFrame,
) -> pd.DataFrame:
    """How far peacemaking in each conflict has come, by three records.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from`` and

        - ``agreement_level``: furthest-reaching agreement so far, 0 none, 1 on the process, 2 on a
          part, 3 on the whole, known on the day of the signature;
        - ``is_talking``: 1 if there was a round of talks in the month, known at its end;
        - ``ceasefire_level``, ``mutual_ceasefire_level``: 0 none, 1 partial, 2 full, what surely
          held in the month (of two parties or more), known at its end;
        - ``are_agreements_covered``, ``are_talks_covered``, ``are_ceasefires_covered``: 1 where
          nothing on record means nothing. Elsewhere a value of nothing is missing.

    Notes
    -----
    That the record of a war's ceasefires reaches to the last of its active years is known with that
    year's count of deaths; flags are of the record, not of what was known of the war. A reader that
    takes a missing cell for zero (`collsec.histories.timelines.as_of`) has to ask the flag first.
    """
    conflicts = episodes[["conflict_id"]].drop_duplicates()
    first, last = AGREEMENT_YEARS
    talks = negotiations[["conflict_id"]].assign(from_date=negotiations["month"], value=1)
    followed = ceasefire_coverage[ceasefire_coverage["is_followed"].astype(bool)]
    held = ceasefires[["conflict_id"]].assign(from_date=ceasefires["from_month"])
    steps = [
        agreement_steps(peace_agreements),
        on_and_off(talks, "is_talking", next_month(talks["from_date"])),
        *(
            on_and_off(
                held.assign(value=ceasefires[column].map(CEASEFIRES).astype(int)),
                name,
                next_month(ceasefires["to_month"]),
            )
            for column, name in (
                ("ceasefire_status", "ceasefire_level"),
                ("mutual_ceasefire", "mutual_ceasefire_level"),
            )
        ),
        coverage_steps(
            conflicts.assign(first_year=first, last_year=last), COVERED_BY["agreement_level"]
        ),
        coverage_steps(negotiation_coverage, COVERED_BY["is_talking"]),
        coverage_steps(followed, COVERED_BY["ceasefire_level"]),
    ]
    names = list(dict.fromkeys([*COVERED_BY, *COVERED_BY.values()]))
    wide = (
        pd.concat(steps, ignore_index=True)
        .pivot_table(
            index=["conflict_id", "from_date"], columns="name", values="value", aggfunc="last"
        )
        .reindex(columns=names)
        .sort_index()
    )
    out = wide.groupby(level=0).ffill().fillna(0).astype("float64")
    for value, flag in COVERED_BY.items():
        out[value] = out[value].where((out[value] > 0) | (out[flag] == 1))
    same = out.eq(out.groupby(level=0).shift()) | (
        out.isna()
        & out.groupby(level=0).shift().isna()
        & (out.groupby(level=0).cumcount() > 0).to_numpy()[:, None]
    )
    out = out[~same.all(axis=1)].reset_index()
    out.columns.name = None
    out = out.astype({flag: "int64" for flag in set(COVERED_BY.values())})
    out = out.astype({"conflict_id": "int64", "from_date": "datetime64[s]"})
    out.insert(2, "known_from", out["from_date"])
    return out


@extent(uses=("ceasefire_coverage.first_year", "ceasefire_coverage.last_year"))
def ceasefires(ceasefire_coverage: pd.DataFrame) -> Days:
    """The record of ceasefires: whole years, where `ceasefire_coverage` follows the war."""
    years = ceasefire_coverage[["first_year", "last_year"]].astype(int)
    return first_day_of(int(years["first_year"].min())), last_day_of(int(years["last_year"].max()))
