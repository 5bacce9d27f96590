"""Keys that other data sets join on, calendar periods, and states as they were known before a row.

Months and years are numbered (``year × 12 + month``, or the year), so that events are counted by
whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from collsec.histories.public.registry import PublicColumn

MONTHS = 12
#: January 1980 is the first month of ViEWS.
VIEWS_BEGINS = 1980 * MONTHS
LIST = ";"

_SPANS = ("states.gwno", "states.valid_from")
CODES = {
    "cow_code": PublicColumn(("states.cow_code", *_SPANS)),
    "iso3": PublicColumn(("states.iso3", *_SPANS)),
}


def listed(of: str, what: str) -> dict[str, PublicColumn]:
    """Declare the codes of a list of states, in its order: ``cow_<what>`` and ``iso3_<what>``."""
    return {
        f"{code}_{what}": PublicColumn(
            (of, f"states.{source}", *_SPANS),
            f"{name} of the states of `{of.partition('.')[2]}`, in their order, `;` between "
            "several; `-` for a state that has none.",
            "string",
            "code",
        )
        for code, source, name in (
            ("cow", "cow_code", "Codes of Correlates of War"),
            ("iso3", "iso3", "ISO 3166-1 alpha-3 codes"),
        )
    }


def period_columns(uses: tuple[str, ...], *, is_monthly: bool) -> dict[str, PublicColumn]:
    """Declare the period of a row."""
    year = {"year": PublicColumn(uses)}
    if not is_monthly:
        return year
    return {
        "month": PublicColumn(uses),
        **year,
        "month_id": PublicColumn(
            uses,
            "Number of the month as in ViEWS: 1 is January 1980; earlier months are below 1.",
            "integer",
            "identifier",
        ),
    }


def spell_columns(uses: tuple[str, ...]) -> dict[str, PublicColumn]:
    """Declare the spell at risk of a row."""
    return {
        "start": PublicColumn(uses, type="number"),
        "stop": PublicColumn(uses, type="number"),
        "event": PublicColumn(uses, type="boolean"),
    }


def codes_on(states: pd.DataFrame, gwno: pd.Series, day: pd.Series) -> pd.DataFrame:
    """``cow_code`` and ``iso3`` of states on some days, aligned with ``gwno``.

    Before a state's first span its first one stands: a territory that is no state yet has the code
    of the later state.
    """
    spans = states[["gwno", "valid_from", "cow_code", "iso3"]].sort_values("valid_from")
    spans = spans.astype({"valid_from": "datetime64[s]"})
    asked = pd.DataFrame({"gwno": gwno.astype("Int64"), "day": day}).reset_index(drop=True)
    asked = asked.astype({"day": "datetime64[s]"})
    first = asked["gwno"].map(spans.groupby("gwno")["valid_from"].first())
    asked["day"] = asked["day"].where(asked["day"] >= first, first).astype("datetime64[s]")
    asked = asked.reset_index(names="_row").dropna(subset=["gwno", "day"]).sort_values("day")
    # A file keeps days in a unit of its own.
    asked = asked.astype({"day": "datetime64[s]"})
    spans = spans.astype({"valid_from": "datetime64[s]"})
    found = pd.merge_asof(asked, spans, left_on="day", right_on="valid_from", by="gwno")
    out = found.set_index("_row")[["cow_code", "iso3"]].reindex(range(len(gwno)))
    return out.astype({"cow_code": "Int64", "iso3": "string"}).set_index(gwno.index)


def list_codes(
    states: pd.DataFrame, lists: pd.Series, day: pd.Series, what: str
) -> dict[str, pd.Series]:
    """The columns of :func:`listed` for lists of state codes on some days."""
    # Codes change only where a state has a further span: lists are looked up once for each.
    further = states.loc[states["gwno"].duplicated(keep=False), "valid_from"].sort_values()
    era = pd.Series(further.searchsorted(day, side="right"), index=lists.index)
    rows = pd.DataFrame({"lists": lists, "era": era, "day": day})
    known = rows.dropna().drop_duplicates(["lists", "era"], ignore_index=True)
    long = known.assign(gwno=known["lists"].str.split(LIST)).explode("gwno")
    codes = codes_on(states, pd.to_numeric(long["gwno"]).astype("Int64"), long["day"])
    key = pd.MultiIndex.from_frame(rows[["lists", "era"]])
    out = {}
    for name, code in (("cow", "cow_code"), ("iso3", "iso3")):
        text = codes[code].astype("string").fillna("-")
        joined = text.groupby(level=0).agg(LIST.join)
        found = joined.set_axis(pd.MultiIndex.from_frame(known[["lists", "era"]]))
        out[f"{name}_{what}"] = found.reindex(key).set_axis(lists.index).astype("string")
    return out


def unpacked(frame: pd.DataFrame, lists: str, name: str) -> pd.DataFrame:
    """One row per member of a list of state codes, with its place in the list (``ordinal``)."""
    out = frame.assign(**{name: frame[lists].str.split(LIST)}).explode(name)
    out["ordinal"] = out.groupby(level=0).cumcount() + 1
    return out.dropna(subset=[name]).astype({name: "Int64"}).reset_index(drop=True)


def number_of(day: pd.Series, *, is_monthly: bool) -> pd.Series:
    """The number of the calendar period of each day."""
    number = day.dt.year * MONTHS + day.dt.month - 1 if is_monthly else day.dt.year
    out: pd.Series = number.astype("Int64")
    return out


def first_days(number: pd.Series, *, is_monthly: bool) -> pd.Series:
    """First day of each numbered period."""
    year, month = (number // MONTHS, number % MONTHS + 1) if is_monthly else (number, 1)
    parts = pd.DataFrame({"year": year.astype(int), "month": month, "day": 1})
    return pd.to_datetime(parts).astype("datetime64[s]")


def repeated(spans: pd.DataFrame) -> pd.DataFrame:
    """One row per number from ``first`` to ``last``, both included, in column ``number``."""
    lengths = (spans["last"] - spans["first"] + 1).clip(lower=0).astype(int)
    out = spans.loc[spans.index.repeat(lengths)]
    step = out.groupby(level=0).cumcount()
    out = out.assign(number=(out["first"] + step).astype("Int64")).drop(columns=["first", "last"])
    return out.reset_index(drop=True)


def with_period(rows: pd.DataFrame, *, is_monthly: bool) -> pd.DataFrame:
    """Add to numbered rows their ``first_day``, ``last_day``, and the columns of the period."""
    first = first_days(rows["number"], is_monthly=is_monthly)
    following = first_days(rows["number"] + 1, is_monthly=is_monthly)
    last = (following - pd.Timedelta(days=1)).astype("datetime64[s]")
    out = rows.assign(first_day=first, last_day=last, year=first.dt.year.astype("Int64"))
    if is_monthly:
        out["month"] = last
        out["month_id"] = (out["number"] - VIEWS_BEGINS + 1).astype("Int64")
    return out


def known_before(
    timeline: pd.DataFrame,
    unit: str,
    rows: pd.DataFrame,
    columns: Sequence[str],
    *,
    day: str = "first_day",
    is_strict: bool = True,
) -> pd.DataFrame:
    """States of several columns of a timeline as known before each row; zero before the first step.

    Parameters
    ----------
    timeline : DataFrame
    unit : str
        Key column of both frames.
    rows : DataFrame
        With ``unit`` and ``day``.
    columns : sequence of str
    day : str
        PublicColumn of the day before which the state was known.
    is_strict : bool
        Whether what became known on that very day is left out.
    """
    asked = rows[[unit, day]].astype({day: "datetime64[s]", unit: "int64"})
    asked = asked.reset_index(drop=True).reset_index(names="_row").sort_values(day, kind="stable")
    known = timeline[[unit, "known_from", *columns]].astype(
        {"known_from": "datetime64[s]", unit: "int64"}
    )
    found = pd.merge_asof(
        asked,
        known.sort_values("known_from", kind="stable"),
        left_on=day,
        right_on="known_from",
        by=unit,
        allow_exact_matches=not is_strict,
    )
    out = found.sort_values("_row")[list(columns)].fillna(0).astype("Int64")
    return out.set_index(rows.index)


def counted(
    events: pd.DataFrame, unit: str, rows: pd.DataFrame, sums: Mapping[str, str]
) -> pd.DataFrame:
    """Sums of events by unit and numbered period, zero where there are none.

    Parameters
    ----------
    events : DataFrame
        With ``unit``, ``number``, and the columns to be summed.
    unit : str
    rows : DataFrame
        With ``unit`` and ``number``.
    sums : mapping of str to str
        New column → column of the events.
    """
    by = events.astype({unit: "Int64", "number": "Int64"}).groupby([unit, "number"])
    total = by[list(dict.fromkeys(sums.values()))].sum()
    index = pd.MultiIndex.from_frame(rows[[unit, "number"]].astype("Int64"))
    found = total.reindex(index, fill_value=0)
    return pd.DataFrame(
        {new: found[old].to_numpy() for new, old in sums.items()}, index=rows.index
    ).astype("Int64")
