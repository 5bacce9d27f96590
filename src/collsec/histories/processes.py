"""Peace processes, violence and sanctions as timelines: what was known of them, and from when.

Agreements and sanctions are known on their day, a month of talks or of deaths at its end, a year of
deaths after the year. What a record does not cover is not a state of peace or quiet: the extents
say how far each record reaches, and cells that are not known are missing.
"""

from __future__ import annotations

import pandas as pd

from collsec.histories.extents import Days, first_day_of, last_day_of
from collsec.histories.registry import extent, timeline

ONE_DAY = pd.Timedelta(days=1)
MONTHS = 12
AGREEMENT_KINDS = ("full", "partial", "process")
# Clauses by which agreements are counted too: column of the table → name of the count.
CLAUSES = {"has_ceasefire": "agreements_ceasefire", "has_peacekeeping": "agreements_peacekeeping"}


def _running(counts: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Running counts by unit from changes at days, known from that day."""
    out = counts.groupby([unit, "from_date"]).sum().groupby(level=0).cumsum()
    out = out.astype("int64").reset_index().astype({unit: "int64"})
    out.insert(2, "known_from", out["from_date"])
    return out


@timeline(
    uses=tuple(f"peace_agreements.{c}" for c in ("conflict_id", "signed_date")),
    columns={
        **{f"agreements_{kind}": ("peace_agreements.kind",) for kind in AGREEMENT_KINDS},
        **{name: (f"peace_agreements.{column}",) for column, name in CLAUSES.items()},
    },
)
def peace_process(peace_agreements: pd.DataFrame) -> pd.DataFrame:
    """Agreements signed in each conflict, as running counts by kind and clause.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, agreements``, and of them those that settle the whole
        (``agreements_full``), a part, or the process, provide for a ceasefire, or for peacekeepers.
        Counted over the life of the conflict, from one episode to the next. An agreement is known
        on the day of its signature; see the extent `agreements` for the years covered.
    """
    counts = peace_agreements[["conflict_id"]].assign(
        from_date=peace_agreements["signed_date"], agreements=1
    )
    for kind in AGREEMENT_KINDS:
        counts[f"agreements_{kind}"] = (peace_agreements["kind"] == kind).astype(int)
    for column, name in CLAUSES.items():
        counts[name] = peace_agreements[column].astype(int)
    return _running(counts, "conflict_id")


@timeline(
    uses=tuple(f"negotiations.{c}" for c in ("conflict_id", "month")),
    columns={"mediated_months": ("negotiations.is_mediated",)},
)
def talks(negotiations: pd.DataFrame) -> pd.DataFrame:
    """Months with negotiations in each conflict so far, known at the end of the month.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, months_of_talks, mediated_months``. Only for
        conflicts of `negotiation_coverage`: of others it is not known whether there were talks.
    """
    counts = negotiations[["conflict_id"]].assign(
        from_date=negotiations["month"],
        months_of_talks=1,
        mediated_months=negotiations["is_mediated"].astype(int),
    )
    return _running(counts, "conflict_id")


@timeline(
    uses=tuple(
        f"violence_months.{c}"
        for c in (
            "gwno_host",
            "from_month",
            "to_month",
            "deaths",
            "scaled_deaths",
            "is_shared",
            "is_host",
            "is_whole",
        )
    ),
    unit="gwno_host",
)
def violence(violence_months: pd.DataFrame) -> pd.DataFrame:
    """State-based deaths in each host, month by month, known at the end of the month.

    Returns
    -------
    DataFrame
        ``gwno_host, from_date, known_from, deaths_in_month, deaths_in_month_scaled,
        deaths_in_year, is_shared_month``: deaths of the month, missing after the last year in which
        the record is whole; the same scaled to the totals of the years after it; deaths of the
        twelve months that end with it (missing unless all twelve are known); and whether they may
        be of several conflicts. Months without a count are missing, countries that were no hosts
        are left out.

    Notes
    -----
    The table keeps the months around episodes, so that a month stands in it at all may follow from
    a war that begins up to two years later: compare values, never presence.
    """
    months = _months(violence_months[violence_months["is_host"].astype(bool)])
    deaths = months["deaths"].astype("float64")
    by_host = deaths.groupby(months["gwno_host"])
    year = by_host.rolling(MONTHS, min_periods=MONTHS).sum().droplevel(0)
    # Twelve rows are twelve months only if none is left out between.
    ordinal = months["month"].dt.year * MONTHS + months["month"].dt.month
    whole = ordinal - ordinal.groupby(months["gwno_host"]).shift(MONTHS - 1) == MONTHS - 1
    return pd.DataFrame(
        {
            "gwno_host": months["gwno_host"].astype("int64"),
            "from_date": months["month"],
            "known_from": months["month"],
            "deaths_in_month": deaths.where(months["is_whole"].astype(bool)),
            "deaths_in_month_scaled": months["scaled_deaths"].astype("float64"),
            "deaths_in_year": year.where(whole),
            "is_shared_month": months["is_shared"].astype(int),
        }
    )


def _months(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per host and month, by its last day, from runs of months."""
    last, first = (runs[c].dt.year * MONTHS + runs[c].dt.month for c in ("to_month", "from_month"))
    lengths = (last - first + 1).astype(int)
    kept = ["gwno_host", "deaths", "scaled_deaths", "is_shared", "is_whole"]
    out = runs.loc[runs.index.repeat(lengths), kept]
    step = out.groupby(level=0).cumcount().to_numpy()
    begins = runs["from_month"].dt.to_period("M").repeat(lengths)
    days = (begins.array + step).to_timestamp(how="end").normalize()
    out = out.assign(month=days.astype("datetime64[s]"))
    return out.sort_values(["gwno_host", "month"]).reset_index(drop=True)


@timeline(
    uses=tuple(
        f"violence_years.{c}"
        for c in ("conflict_id", "year", "ucdp_deaths_best", "prio_deaths_best")
    )
)
def battle_deaths(violence_years: pd.DataFrame) -> pd.DataFrame:
    """Battle-related deaths of each conflict by year: UCDP's, else PRIO's, known after the year.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, deaths_of_year``; missing where neither has an
        estimate.
    """
    year = violence_years["year"].astype(int)
    best = violence_years["ucdp_deaths_best"].astype("float64")
    out = pd.DataFrame(
        {
            "conflict_id": violence_years["conflict_id"].astype("int64"),
            "from_date": pd.to_datetime(year.astype(str) + "-01-01").astype("datetime64[s]"),
            "known_from": pd.to_datetime((year + 1).astype(str) + "-01-01").astype("datetime64[s]"),
            "deaths_of_year": best.fillna(violence_years["prio_deaths_best"].astype("float64")),
        }
    )
    return out.sort_values(["conflict_id", "from_date"]).reset_index(drop=True)


@timeline(uses=tuple(f"un_sanctions.{c}" for c in ("conflict_id", "from_date", "to_date")))
def sanctions(un_sanctions: pd.DataFrame) -> pd.DataFrame:
    """Sanctions regimes of the Council in force on each conflict, known on the day of the act.

    Returns
    -------
    DataFrame
        ``conflict_id, from_date, known_from, sanctions_in_force``: regimes, from the day of the
        founding resolution to the last day of the measures. What measures a regime had is known
        for its whole life alone, and so is none of the columns.
    """
    linked = un_sanctions[un_sanctions["conflict_id"].notna()]
    on = linked[["conflict_id"]].assign(from_date=linked["from_date"], sanctions_in_force=1)
    ended = linked[linked["to_date"].notna()]
    off = ended[["conflict_id"]].assign(from_date=ended["to_date"] + ONE_DAY, sanctions_in_force=-1)
    return _running(pd.concat([on, off], ignore_index=True), "conflict_id")


@extent(uses=("peace_agreements.signed_date",))
def agreements(peace_agreements: pd.DataFrame) -> Days:
    """The record of peace agreements: whole years."""
    years = peace_agreements["signed_date"].dt.year
    return first_day_of(int(years.min())), last_day_of(int(years.max()))


@extent(uses=("negotiations.month",))
def negotiations(negotiations: pd.DataFrame) -> Days:
    """The record of negotiations, for the conflicts that it covers: whole years."""
    years = negotiations["month"].dt.year
    return first_day_of(int(years.min())), last_day_of(int(years.max()))


@extent(uses=("violence_months.from_month", "violence_months.to_month", "violence_months.is_whole"))
def deaths_by_month(violence_months: pd.DataFrame) -> Days:
    """Deaths by month, to the last year in which the record is whole, where a host is covered."""
    whole = violence_months[violence_months["is_whole"].astype(bool)]
    return whole["from_month"].min().replace(day=1), whole["to_month"].max()


@extent(uses=("violence_months.from_month", "violence_months.to_month"))
def scaled_deaths_by_month(violence_months: pd.DataFrame) -> Days:
    """Deaths by month, scaled after the last whole year: whole months, where a host is covered."""
    first = violence_months["from_month"].min()
    return first.replace(day=1), violence_months["to_month"].max()
