"""tables → extents: from which day to which each record reaches, computed from the tables.

What lies after the last day of a record is not absent but unknown: measures name the extent on
which they rest (``known_until``), and follow-up ends with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from collsec.histories.registry import EXTENTS, Declared, Extent, Frames, extent, of_study

Days = tuple[pd.Timestamp, pd.Timestamp]
Extents = Mapping[str, Extent]

NOT_CODED = "not_covered"
UNCLASSIFIED = "unclassified"
NEARLY_ALL = 0.9  # share of the resolutions of a year


def last_day_followed(episodes: pd.DataFrame) -> pd.Timestamp:
    """Last day to which the release of the conflict data follows wars.

    It is the last day of the last year in which any of its conflicts was active; an episode
    without an end is censored then.

    Parameters
    ----------
    episodes : DataFrame
        All episodes of the release, raw or linked: of a part of them, the day may be too early.

    Returns
    -------
    Timestamp
    """
    return last_day_of(int(episodes["last_year"].max()))


def last_day_of(year: int) -> pd.Timestamp:
    """The last day of a year."""
    return pd.Timestamp(year, 12, 31)


def first_day_of(year: int) -> pd.Timestamp:
    """The first day of a year."""
    return pd.Timestamp(year, 1, 1)


@extent(uses=("episodes.first_year", "episodes.last_year"))
def wars(episodes: pd.DataFrame) -> Days:
    """The release of the conflict data: whole years."""
    return first_day_of(int(episodes["first_year"].min())), last_day_followed(episodes)


@extent(uses=("outcomes.outcome", "outcomes.termination_end_date"))
def outcomes(outcomes: pd.DataFrame) -> Days:
    """How wars ended: the years of the ends that were coded."""
    coded = outcomes.loc[outcomes["outcome"] != NOT_CODED, "termination_end_date"].dropna()
    return first_day_of(coded.min().year), last_day_of(coded.max().year)


@extent(uses=("resolutions.resolution_date",))
def resolutions(resolutions: pd.DataFrame) -> Days:
    """The ledger of adopted resolutions: from its first day to its last."""
    return resolutions["resolution_date"].min(), resolutions["resolution_date"].max()


@extent(uses=("resolutions.resolution_date", "resolutions.action_class"))
def action_classes(resolutions: pd.DataFrame) -> Days:
    """What adopted resolutions did: the years of which nearly all are classified.

    Of a year of which fewer are, those that are classified are no sample: reports were found more
    often of missions and sanctions than of the rest.
    """
    classified = resolutions["action_class"].notna() & (resolutions["action_class"] != UNCLASSIFIED)
    share = classified.groupby(resolutions["resolution_date"].dt.year).mean()
    years = share.index[share >= NEARLY_ALL]
    return first_day_of(int(years.min())), last_day_of(int(years.max()))


@extent(uses=("resolutions.resolution_date", "resolutions.is_chapter_vii"))
def chapter_vii(resolutions: pd.DataFrame) -> Days:
    """Whether resolutions name Chapter VII: the years of which most have been read for it."""
    year = resolutions["resolution_date"].dt.year
    share = resolutions["is_chapter_vii"].notna().groupby(year).mean()
    years = share.index[share > 1 / 2]
    return first_day_of(int(years.min())), last_day_of(int(years.max()))


@extent(uses=("council_members.from_date", "council_members.to_date"))
def council_members(council_members: pd.DataFrame) -> Days:
    """Who sits on the Council: from the first day of the first seat to the last of the last."""
    return council_members["from_date"].min(), council_members["to_date"].max()


@extent(uses=("monthly_strength.from_month", "monthly_strength.to_month"))
def troop_counts(monthly_strength: pd.DataFrame) -> Days:
    """Monthly counts of the people of operations."""
    return monthly_strength["from_month"].min(), monthly_strength["to_month"].max()


@extent(uses=("authorized_strength.from_month", "authorized_strength.to_month"))
def authorized_strength(authorized_strength: pd.DataFrame) -> Days:
    """Strength that the Council has authorized, month by month."""
    return authorized_strength["from_month"].min(), authorized_strength["to_month"].max()


def tabulate(tables: Frames, declared: Mapping[str, Declared] | None = None) -> pd.DataFrame:
    """How far each record reaches.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The typed raw tables by name.
    declared : mapping of str to Declared, optional
        Extents; all of the study's own unless given.

    Returns
    -------
    DataFrame
        ``extent, first_day, last_day``.
    """
    extents = of_study(EXTENTS) if declared is None else declared
    rows = [(name, *one(tables)) for name, one in extents.items()]
    out = pd.DataFrame(rows, columns=["extent", "first_day", "last_day"])
    return out.astype({"first_day": "datetime64[s]", "last_day": "datetime64[s]"})


def by_name(table: pd.DataFrame) -> dict[str, Extent]:
    """The extents of :func:`tabulate`, by name."""
    return {
        str(name): Extent(pd.Timestamp(first), pd.Timestamp(last))
        for name, first, last in zip(
            table["extent"], table["first_day"], table["last_day"], strict=True
        )
    }


def whole_years(*extents: Extent) -> tuple[int, int]:
    """First and last calendar year that all of some extents cover whole."""
    begins = max(e.first_day for e in extents)
    ends = min(e.last_day for e in extents)
    first = begins.year + (begins != first_day_of(begins.year))
    last = ends.year - (ends != last_day_of(ends.year))
    return int(first), int(last)
