"""When each UN operation reached its strength, from real monthly counts, 1990–2016.

Two publications hold the counts of the UN's own monthly reports: the `IPI_*` columns of Bara and
Hultman, and the personnel shortfall data of Passmore, Shannon and Hart. Columns that are filled
backwards or imputed (`*_backward`, `*_iepo`) are never read.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pandas as pd

from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import RuleFile, Strict
from collsec.core.errors import BadTable, nearest
from collsec.core.models import Whole
from collsec.upstream.readers import read_columns

BARA_HULTMAN = "bara_hultman"
SHORTFALL = "personnel_shortfall"
# People authorized: of all kinds, soldiers and military observers, police.
AUTHORIZED = ("authorized", "authorized_military", "authorized_police")
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
ALWAYS = ("1900-01", "2100-01")  # months before and after every count


class LabelSpan(Strict):
    """Months of one label that belong to another operation than the label says."""

    source: str
    label: str
    mission_id: str
    first: str
    last: str = ALWAYS[1]


class StrengthWindow(Strict):
    """Months between which the authorized strength is that of the operation itself."""

    mission_id: str
    first: str = ALWAYS[0]
    last: str = ALWAYS[1]


class Artifact(Strict):
    """What is known to be wrong in the counts or strengths of an operation."""

    mission_id: str
    kinds: tuple[str, ...]


class KnownStrength(Strict):
    """A decision on strength that the publication lacks, misdates or misreads."""

    mission_id: str
    first: str
    last: str
    military: Whole
    police: Whole | None = None  # None: as published
    resolution: str
    reason: str


class DoubtfulStrength(Strict):
    """Months whose strength looks wrong, with no text at hand that gives the right one."""

    mission_id: str
    first: str
    last: str
    reason: str


class OverAuthorized(Strict):
    """Why an operation may have more people than were authorized, apart from a cut."""

    mission_id: str
    kind: str
    reason: str


class KnownDecision(Strict):
    """The resolution of a strength that the rule cannot find."""

    mission_id: str
    month: str
    resolution: str
    reason: str


class CountRules(RuleFile):
    """How the two publications of the UN's monthly counts are read.

    Attributes
    ----------
    company : int
        Fewest troops that are a contingent.
    first_report : str
        Month of the earliest report with a total.
    last_reports : dict
        Source → month of its last report.
    shortfall_first : tuple of str
        Operations for which the shortfall data are the better publication.
    strength_unusable : tuple of str
        Operations whose strength is not their own in any month.
    """

    file: ClassVar[str] = "mission_counts.toml"
    company: Whole
    company_reason: str
    first_report: str
    last_reports: dict[str, str]
    shortfall_first: tuple[str, ...]
    strength_unusable: tuple[str, ...]
    label_span: tuple[LabelSpan, ...]
    strength_window: tuple[StrengthWindow, ...]
    artifact: tuple[Artifact, ...]
    artifact_reasons: dict[str, str]
    strength: tuple[KnownStrength, ...]
    doubtful: tuple[DoubtfulStrength, ...]
    over: tuple[OverAuthorized, ...]
    decision: tuple[KnownDecision, ...]

    def artifacts_of(self, mission: str) -> list[str]:
        """Known faults of the counts of an operation."""
        return [kind for one in self.artifact if one.mission_id == mission for kind in one.kinds]

    def windows(self) -> tuple[dict[str, str], dict[str, str]]:
        """Operation → first month, and last month, of its own authorized strength."""
        return (
            {w.mission_id: w.first for w in self.strength_window},
            {w.mission_id: w.last for w in self.strength_window},
        )


def mission_milestones_from(counts: pd.DataFrame, rules: CountRules) -> pd.DataFrame:
    """Milestones of each UN operation in the monthly counts.

    Parameters
    ----------
    counts : DataFrame
        As `monthly_counts` gives it.
    rules : CountRules

    Returns
    -------
    DataFrame
        One row per operation with a counted month, sorted by mission_id. Months are given as the
        last day of the month. The columns are described in the table's schema.

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
    rows = [
        milestones(str(mission), months, rules) for mission, months in counts.groupby("mission_id")
    ]
    table = pd.DataFrame(rows).sort_values("mission_id", ignore_index=True)
    people = ["first_strength", "peak_troops", "peak_total"]
    return table.astype(dict.fromkeys(people, "Int64"))


def monthly_counts(
    bara_hultman: Path, shortfall: Path, labels: LabelRules, rules: CountRules
) -> pd.DataFrame:
    """People of each operation at the end of each month.

    Parameters
    ----------
    bara_hultman, shortfall : Path
        The two publications (``.dta``).
    labels : LabelRules
    rules : CountRules

    Returns
    -------
    DataFrame
        One row per mission_id and month (Period), sorted: total, troops, police and observers
        (people counted), `AUTHORIZED` (people), strength_status (`published`, `text` where a
        rule of `rules` sets it, `doubtful`), source. Months without a count are left out, unless
        a strength is authorized.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If a column is missing, or a label is neither an operation nor known not to be one.
    """
    parts = [
        assign_missions(read_bara_hultman(bara_hultman), BARA_HULTMAN, labels, rules),
        assign_missions(read_shortfall(shortfall), SHORTFALL, labels, rules),
    ]
    both = pd.concat(parts, ignore_index=True)
    first = both["source"].eq(SHORTFALL) == both["mission_id"].isin(rules.shortfall_first)
    both["rank"] = (~first).astype(int) + 2 * both["total"].isna().astype(int)
    authorized = both.groupby(["mission_id", "month"])[list(AUTHORIZED)].max()
    best = (
        both.sort_values(["mission_id", "month", "rank"], kind="stable")
        .drop_duplicates(["mission_id", "month"])
        .set_index(["mission_id", "month"])
    )
    best[list(AUTHORIZED)] = authorized
    counts = best.drop(columns=["rank", "label"]).reset_index()
    counts["strength_status"] = "published"
    for known in rules.strength:
        own = months_of(known, counts)
        police = counts.loc[own, "authorized_police"] if known.police is None else known.police
        counts.loc[own, "authorized_military"] = known.military
        counts.loc[own, "authorized_police"] = police
        counts.loc[own, "authorized"] = known.military + police
        counts.loc[own, "strength_status"] = "text"
    for doubt in rules.doubtful:
        counts.loc[months_of(doubt, counts), "strength_status"] = "doubtful"
    return counts


def months_of(rule: KnownStrength | DoubtfulStrength, counts: pd.DataFrame) -> pd.Series:
    """Which rows are of the operation and the months of a rule."""
    since, until = pd.Period(rule.first, "M"), pd.Period(rule.last, "M")
    month = counts["month"]
    return counts["mission_id"].eq(rule.mission_id) & (month >= since) & (month <= until)


def read_bara_hultman(path: Path) -> pd.DataFrame:
    """Label, month and people of each kind of the UN's own operations (`org` 1)."""
    raw = read_columns(path, ["mission", "missionid", "date", "org", *COUNT_COLUMNS[BARA_HULTMAN]])
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


def read_shortfall(path: Path) -> pd.DataFrame:
    """Label, month, people of each kind and people authorized of the shortfall data."""
    raw = read_columns(path, ["mission", "year", "month", *COUNT_COLUMNS[SHORTFALL]])
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


def assign_missions(
    part: pd.DataFrame, source: str, labels: LabelRules, rules: CountRules
) -> pd.DataFrame:
    """Give each label and month its operation; drop what belongs to none."""
    part = part[~part["label"].isin(labels.not_operations)].copy()
    part["mission_id"] = part["label"].map(labels.mission_id)
    spans = [span for span in rules.label_span if span.source == source]
    part.loc[part["label"].isin({span.label for span in spans}), "mission_id"] = pd.NA
    for span in spans:
        since = part["month"] >= pd.Period(span.first, "M")
        until = part["month"] <= pd.Period(span.last, "M")
        part.loc[part["label"].eq(span.label) & since & until, "mission_id"] = span.mission_id
    unknown = sorted(set(part["mission_id"].dropna()) - set(labels.counted_operations))
    if unknown:
        raise BadTable(
            source,
            f"unknown mission label.{nearest(unknown[0], list(labels.counted_operations))}",
            column="mission",
            value=unknown[0],
            remedy="Add it to counted_operations or not_operations in "
            f"data/raw/rules/{labels.file}.",
        )
    first, last = (part["mission_id"].map(months) for months in rules.windows())
    early = part["month"] < pd.PeriodIndex(first.fillna(ALWAYS[0]), freq="M")
    late = part["month"] > pd.PeriodIndex(last.fillna(ALWAYS[1]), freq="M")
    unusable = part["mission_id"].isin(rules.strength_unusable)
    for column in AUTHORIZED:
        part[column] = part[column].mask(early | late | unusable)
    part["source"] = source
    return part.dropna(subset=["mission_id"]).dropna(subset=["total", "authorized"], how="all")


def milestones(mission: str, months: pd.DataFrame, rules: CountRules) -> dict[str, object]:
    """One row of `mission_milestones_from`."""
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
        "is_left_truncated": str(first) == rules.first_report,
        "is_right_truncated": str(last) in rules.last_reports.values(),
        "first_personnel_month": month_when(total > 0),
        "first_any_troops_month": month_when(troops > 0),
        "first_troops_month": month_when(troops >= rules.company),
        "last_troops_month": month_when(troops >= rules.company, last=True),
        "last_any_troops_month": month_when(troops > 0, last=True),
        "first_strength": whole_number(authorized.iloc[0]),
        "strength_10pct_month": month_when(strength >= 0.10),
        "strength_50pct_month": month_when(strength >= 0.50),
        "peak_troops": whole_number(troops.max()),
        "peak_total": whole_number(total.max()),
        "artifacts": rules.artifacts_of(mission),
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
