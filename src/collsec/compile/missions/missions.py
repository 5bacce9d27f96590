"""When each UN operation reached its strength, from real monthly counts, 1990–2016.

Two publications hold the counts of the UN's own monthly reports: the `IPI_*` columns of Bara and
Hultman, and the personnel shortfall data of Passmore, Shannon and Hart. Columns that are filled
backwards or imputed (`*_backward`, `*_iepo`) are never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from collsec.compile.missions.mission_labels import (
    COUNTED_OPERATIONS,
    NOT_OPERATIONS,
    mission_id_of,
)
from collsec.core.errors import BadTable
from collsec.upstream.stata import read_stata

BARA_HULTMAN = "bara_hultman"
SHORTFALL = "personnel_shortfall"
FILES = {
    BARA_HULTMAN: Path("un_missions") / "UN and Non-UN Peacekeeping_v2-2019.dta",
    SHORTFALL: Path("un_missions") / "Personnel_shortfall_data.dta",
}
# People authorized: of all kinds, soldiers and military observers, police.
AUTHORIZED = ("authorized", "authorized_military", "authorized_police")
COMPANY = 100  # troops; fewer are staff officers, guards or medical staff
FIRST_REPORT = pd.Period("1990-11", "M")  # the earliest monthly report with a total
LAST_REPORT = {BARA_HULTMAN: pd.Period("2016-12", "M"), SHORTFALL: pd.Period("2015-05", "M")}


@dataclass(frozen=True)
class Share:
    """Months of one label that belong to another mission than the label says."""

    label: str
    mission_id: str
    first: str
    last: str = "2016-12"


# Labels that run on over a predecessor or a successor, cut where the mandate changed.
SHARES = {
    SHORTFALL: (
        Share("UNAVEM", "unavem-i", "1990-01", "1991-05"),
        Share("UNAVEM", "unavem-ii", "1991-06", "1995-01"),
        Share("UNAVEM", "unavem-iii", "1995-02"),
        Share("UNOSOM", "unosom-i", "1992-04", "1993-04"),
        Share("UNOSOM", "unosom-ii", "1993-05", "1994-05"),
        Share("UNMISET", "untaet", "2001-09", "2002-04"),
        Share("UNMISET", "unmiset", "2002-05"),
        Share("UNOMSIL", "unamsil", "1999-11", "2000-12"),
        Share("UNOMSIL", "unomsil", "1998-07", "1999-10"),
        Share("MONUC", "monuc", "1999-12"),
        Share("UNTAC", "untac", "1992-03"),
    ),
    BARA_HULTMAN: (
        Share("UNAMSIL", "unamsil", "1999-11"),
        Share("MONUC", "monuc", "1999-12"),
    ),
}
# Where the other publication is the better one (see ARTIFACTS).
SHORTFALL_FIRST = frozenset({"unprofor", "unamsil", "unosom-ii"})

# What is known to be wrong in the counts or strengths of a mission, and what is done about it.
ARTIFACTS = {
    "monuc": ("predecessor_months_dropped",),
    "unamsil": ("predecessor_months_dropped", "stale_count"),
    "uncpsg": ("strength_of_predecessor_dropped", "starts_late"),
    "unikom": ("starts_late", "strength_not_deployed"),
    "unisfa": ("starts_late",),
    "unmibh": ("label_of_police_force",),
    "unmiset": ("label_covers_predecessor", "strength_of_predecessor_dropped"),
    "unmiss": ("starts_late",),
    "onumoz": ("starts_late",),
    "onusal": ("starts_late",),
    "unprofor": ("starts_late", "interpolated_counts_not_used"),
    "untac": ("predecessor_months_dropped",),
    "untaes": ("strength_of_predecessor_dropped",),
    "untaet": ("label_of_successor",),
    "unamic": ("strength_doubtful",),
    "unavem-i": ("label_of_three_missions",),
    "unavem-ii": ("label_of_three_missions",),
    "unavem-iii": ("label_of_three_missions", "strength_of_predecessor_dropped"),
    "unosom-i": ("label_covers_successor",),
    "unosom-ii": ("label_of_predecessor",),
    "unomsil": ("label_covers_successor",),
    "untso": ("troops_misreported",),
}
# Authorized strength before this month is the predecessor's.
STRENGTH_FROM = {
    "unavem-iii": "1995-03",
    "untaes": "1996-02",
    "unmiset": "2002-06",
    "untaet": "1999-11",
}
# Authorized strength after this month is the successor's.
STRENGTH_UNTIL = {"unosom-i": "1993-03"}
STRENGTH_UNUSABLE = frozenset({"uncpsg"})


def compile_mission_milestones(upstream: Path) -> pd.DataFrame:
    """Milestones of each UN operation in the monthly counts.

    Parameters
    ----------
    upstream : Path
        Folder of upstream files.

    Returns
    -------
    DataFrame
        One row per operation with a counted month, sorted by mission_id. Months are given as the
        last day of the month. The columns are described in the table's schema.

    Raises
    ------
    MissingInput
        If an upstream file is absent.
    BadTable
        If a column is missing, or a label is neither an operation nor known not to be one.

    Notes
    -----
    The strength reached in a month is people counted over people authorized in that month; where
    no strength stands for the first months, the first one that does.

    References
    ----------
    Bara, C. and Hultman, L. (2020). Just different hats? Comparing UN and non-UN peacekeeping.
    International Peacekeeping 27(3). https://doi.org/10.1080/13533312.2020.1737023

    Passmore, T. J. A., Shannon, M. and Hart, A. F. (2018). Rallying the troops: Collective action
    and self-interest in UN peacekeeping contributions. Journal of Peace Research 55(3).
    https://doi.org/10.1177/0022343317740417
    """
    counts = monthly_counts(upstream)
    rows = [milestones(str(mission), months) for mission, months in counts.groupby("mission_id")]
    table = pd.DataFrame(rows).sort_values("mission_id", ignore_index=True)
    people = ["first_strength", "peak_troops", "peak_total"]
    return table.astype(dict.fromkeys(people, "Int64"))


def monthly_counts(upstream: Path) -> pd.DataFrame:
    """People of each operation at the end of each month.

    Returns
    -------
    DataFrame
        One row per mission_id and month (Period), sorted: total, troops, police and observers
        (people counted), `AUTHORIZED` (people, as published), source. Months without a count are
        left out, unless a strength is authorized.
    """
    parts = {BARA_HULTMAN: read_bara_hultman(upstream), SHORTFALL: read_shortfall(upstream)}
    both = pd.concat(
        [assign_missions(part, source) for source, part in parts.items()], ignore_index=True
    )
    first = both["source"].eq(SHORTFALL) == both["mission_id"].isin(SHORTFALL_FIRST)
    both["rank"] = (~first).astype(int) + 2 * both["total"].isna().astype(int)
    authorized = both.groupby(["mission_id", "month"])[list(AUTHORIZED)].max()
    best = (
        both.sort_values(["mission_id", "month", "rank"], kind="stable")
        .drop_duplicates(["mission_id", "month"])
        .set_index(["mission_id", "month"])
    )
    best[list(AUTHORIZED)] = authorized
    return best.drop(columns=["rank", "label"]).reset_index()


def read_bara_hultman(upstream: Path) -> pd.DataFrame:
    """Label, month and people of each kind of the UN's own operations (`org` 1)."""
    raw = read_stata(
        upstream / FILES[BARA_HULTMAN],
        ["mission", "missionid", "date", "org", *COUNT_COLUMNS[BARA_HULTMAN]],
    )
    raw = raw[raw["org"] == 1].drop_duplicates(["missionid", "date"])
    return (
        pd.DataFrame(
            {
                "label": raw["mission"].str.strip(),
                "month": raw["date"].dt.to_period("M"),
                "troops": raw["IPI_troops"],
                "police": raw["IPI_police"],
                "observers": raw["IPI_observers"],
                "total": raw["IPI_totals"],
                **dict.fromkeys(AUTHORIZED, float("nan")),
            }
        )
        .groupby(["label", "month"], as_index=False)
        .sum(min_count=1)
    )


def read_shortfall(upstream: Path) -> pd.DataFrame:
    """Label, month, people of each kind and people authorized of the shortfall data."""
    raw = read_stata(
        upstream / FILES[SHORTFALL], ["mission", "year", "month", *COUNT_COLUMNS[SHORTFALL]]
    )
    return pd.DataFrame(
        {
            "label": raw["mission"].str.strip(),
            "month": pd.to_datetime(raw[["year", "month"]].assign(day=1)).dt.to_period("M"),
            "troops": raw["troop"],
            "police": raw["police"],
            "observers": raw["milobs"],
            "total": raw["total"],
            "authorized": raw["totalauth"].where(raw["totalauth"] > 0),
            "authorized_military": raw["authtroop"] + raw["authmilobs"],
            "authorized_police": raw["authpolice"],
        }
    )


COUNT_COLUMNS = {
    BARA_HULTMAN: ("IPI_troops", "IPI_police", "IPI_observers", "IPI_totals"),
    SHORTFALL: (
        "troop",
        "police",
        "milobs",
        "total",
        "authtroop",
        "authpolice",
        "authmilobs",
        "totalauth",
    ),
}


def assign_missions(part: pd.DataFrame, source: str) -> pd.DataFrame:
    """Give each label and month its operation; drop what belongs to none."""
    part = part[~part["label"].isin(NOT_OPERATIONS)].copy()
    part["mission_id"] = part["label"].map(mission_id_of)
    shares = SHARES[source]
    shared = part["label"].isin({share.label for share in shares})
    part.loc[shared, "mission_id"] = pd.NA
    for share in shares:
        since = part["month"] >= pd.Period(share.first, "M")
        until = part["month"] <= pd.Period(share.last, "M")
        part.loc[part["label"].eq(share.label) & since & until, "mission_id"] = share.mission_id
    unknown = sorted(set(part["mission_id"].dropna()) - COUNTED_OPERATIONS)
    if unknown:
        raise BadTable(
            FILES[source].as_posix(),
            "unknown mission label.",
            column="mission",
            value=unknown[0],
            remedy="Add it to COUNTED_OPERATIONS or NOT_OPERATIONS in "
            "collsec/compile/missions/mission_labels.py.",
        )
    strength_from = part["mission_id"].map(STRENGTH_FROM).fillna("1900-01")
    strength_until = part["mission_id"].map(STRENGTH_UNTIL).fillna("2100-01")
    early = part["month"] < pd.PeriodIndex(strength_from, freq="M")
    late = part["month"] > pd.PeriodIndex(strength_until, freq="M")
    unusable = part["mission_id"].isin(STRENGTH_UNUSABLE)
    for column in AUTHORIZED:
        part[column] = part[column].mask(early | late | unusable)
    part["source"] = source
    return part.dropna(subset=["mission_id"]).dropna(subset=["total", "authorized"], how="all")


def milestones(mission: str, months: pd.DataFrame) -> dict[str, object]:
    """One row of `compile_mission_milestones`."""
    months = months.set_index("month").sort_index()
    authorized = months["authorized"].ffill().bfill()
    counted = months[months["total"].notna()]
    total, troops = counted["total"], counted["troops"]
    strength = total / authorized.reindex(counted.index)
    first, last = counted.index.min(), counted.index.max()
    sources = set(counted["source"]) | ({SHORTFALL} if authorized.notna().any() else set())
    return {
        "mission_id": mission,
        "first_counted_month": first.end_time.date(),
        "last_counted_month": last.end_time.date(),
        "counted_months": len(counted),
        "is_left_truncated": bool(first == FIRST_REPORT),
        "is_right_truncated": bool(last in LAST_REPORT.values()),
        "first_personnel_month": month_when(total > 0),
        "first_any_troops_month": month_when(troops > 0),
        "first_troops_month": month_when(troops >= COMPANY),
        "last_troops_month": month_when(troops >= COMPANY, last=True),
        "last_any_troops_month": month_when(troops > 0, last=True),
        "first_strength": whole_number(authorized.iloc[0]),
        "strength_10pct_month": month_when(strength >= 0.10),
        "strength_50pct_month": month_when(strength >= 0.50),
        "peak_troops": whole_number(troops.max()),
        "peak_total": whole_number(total.max()),
        "artifacts": list(ARTIFACTS.get(mission, ())),
        "source": sorted(sources),
        "basis": "file",
    }


def month_when(condition: pd.Series, *, last: bool = False) -> object:
    """Last day of the first (last) month in which the condition holds; None if in none."""
    months = condition.index[condition.fillna(False).astype(bool)]
    if len(months) == 0:
        return None
    return (months.max() if last else months.min()).end_time.date()


def whole_number(value: float) -> int | None:
    """A count of people, or None where there is none."""
    return None if pd.isna(value) else round(value)
