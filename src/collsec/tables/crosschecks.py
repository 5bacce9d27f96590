"""Cross-checks: do the facts of the raw tables fit one another?

A schema judges a cell by itself. Here each check is a pure function of the typed tables that gives
what contradicts something else; the first contradiction ends the tables step as one error with
file, row, column, value and what to do. The checks of this module are about the facts; those that
hold of any table stand in `collsec.tables.consistency`, those of state codes in
`collsec.tables.statecodes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import pandas as pd

from collsec.compile.missions.strength import MOST_OVER_AUTHORIZED
from collsec.core.errors import BadTable
from collsec.tables import consistency, statecodes
from collsec.tables.issues import Issue, Tables, issues

# The People's Republic holds China's seat from this day on (resolution 2758 of the Assembly).
CHINA_SEAT_DAY = pd.Timestamp("1971-10-25")
# The government that holds it has the code of Taiwan from this day on.
TAIWAN_DAY = pd.Timestamp("1949-12-08")
ONE_DAY = pd.Timedelta(days=1)
COUNCIL_SIZE = 15  # members since 1966
NO_PART = "took no part"  # in the note of a vote that not all members cast
# A first day of people that lies before the authorization must be flagged with this word.
BEFORE = "precede"
# More people than a multiple of those authorized need a note, which begins with these words.
COUNTED_TOO = "The counts include"
# An end that Termination dates further off, in days, must be listed with a reason.
END_TOLERANCE_DAYS = 31


class Contradiction(BadTable):
    """Two facts of the raw tables that cannot both be true.

    Parameters
    ----------
    check : str
        Name of the cross-check that found it.
    file : str
        Path of the table, relative to the project.
    issue : Issue
    """

    def __init__(self, check: str, file: str, issue: Issue) -> None:
        self.check = check
        super().__init__(
            file,
            issue.problem,
            row=issue.position + 2,
            column=issue.column,
            value=issue.value,
            remedy=issue.remedy,
        )


@dataclass(frozen=True, slots=True)
class Check:
    """A cross-check: its name and the pure function behind it."""

    name: str
    function: Callable[[Tables], Iterator[Issue]]


def check(
    tables: Tables,
    files: dict[str, str],
    sources: Collection[str],
    encyclopedias: consistency.Encyclopedias,
) -> None:
    """Raise the first contradiction among the raw tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The typed raw tables, rows in the order of their files.
    files : dict of str to str
        Path of each table, for the message.
    sources : collection of str
        Keys of ``sources.toml``.
    encyclopedias : Encyclopedias

    Raises
    ------
    Contradiction
        Naming file, row, column, value and remedy.
    """
    declared = Check("sources are declared", lambda t: consistency.sources_are_declared(t, sources))
    marked = Check(
        "encyclopedias are marked",
        lambda t: consistency.encyclopedias_are_marked(t, encyclopedias),
    )
    for one in (*CHECKS, declared, marked):
        for issue in one.function(tables):
            raise Contradiction(one.name, files[issue.table], issue)


def people_come_after_authorization(tables: Tables) -> Iterator[Issue]:
    """No people before the operation was authorized, unless the row says so.

    The authorization is taken at its earliest: the first day of its month or year where no more
    is known.
    """
    frame = tables["missions"]
    authorized, precision = frame["authorized_date"], frame["authorized_precision"]
    month = authorized.dt.to_period("M").dt.start_time
    year = authorized.dt.to_period("Y").dt.start_time
    earliest = authorized.where(precision != "month", month).where(precision != "year", year)
    is_flagged = frame["rehatted_from"].notna() | frame["note"].fillna("").str.contains(BEFORE)
    for column in (
        "first_personnel_date",
        "first_troops_date",
        "strength_10pct_date",
        "strength_50pct_date",
    ):
        yield from issues(
            tables,
            "missions",
            column,
            (frame[column] < earliest) & ~is_flagged,
            "lies before the authorization of {}.",
            "Correct the date; if people did come first, name the force they came from in "
            f"`rehatted_from`, or write in `note` what they {BEFORE}.",
            authorized,
        )


def strength_stays_within_what_was_authorized(tables: Tables) -> Iterator[Issue]:
    """People counted are at most half as many again as authorized, or the reason is given.

    Over a year a known fault of the counts (``artifacts``) explains it, or the note of the
    operation; month by month ``over_reason``.
    """
    frame, missions = tables["mission_strength"], tables["missions"].set_index("mission_id")
    is_explained = frame["mission_id"].map(missions["note"]).fillna("").str.contains(COUNTED_TOO)
    over = frame["mean_total"] > MOST_OVER_AUTHORIZED * frame["mean_authorized"]
    yield from issues(
        tables,
        "mission_strength",
        "mean_total",
        over & frame["artifacts"].isna() & ~is_explained,
        f"more than {MOST_OVER_AUTHORIZED} times the people authorized, {{}}.",
        f"Say in the note of the operation in missions who else is counted (“{COUNTED_TOO} …”), "
        "or correct the source of the counts.",
        frame["mean_authorized"],
    )
    months = tables["monthly_strength"]
    over = months["total"] > MOST_OVER_AUTHORIZED * months["authorized"]
    yield from issues(
        tables,
        "monthly_strength",
        "total",
        over & months["over_reason"].isna(),
        f"more than {MOST_OVER_AUTHORIZED} times the people authorized, {{}}.",
        "Say why in data/raw/rules/mission_counts.toml (over), or correct the source of the "
        "counts.",
        months["authorized"],
    )


def vetoes_are_of_permanent_members(tables: Tables) -> Iterator[Issue]:
    """Each veto is cast by a member that held a permanent seat on its day; China's by date."""
    vetoes, members = tables["vetoes"], tables["council_members"]
    day = vetoes["veto_date"]
    holder = pd.Series("roc", index=vetoes.index).where(day < CHINA_SEAT_DAY, "prc")
    yield from issues(
        tables,
        "vetoes",
        "china_seat",
        vetoes["china_seat"] != holder,
        "held no seat on {}.",
        f"`roc` before {CHINA_SEAT_DAY:%Y-%m-%d}, `prc` from then on.",
        day,
    )
    casts = [c for c in vetoes.columns if c.startswith("cast_")]
    yield from issues(
        tables,
        "vetoes",
        "veto_id",
        ~vetoes[casts].fillna(False).any(axis=1),
        "nobody cast this veto.",
        f"Set one of {', '.join(casts)} to true.",
    )
    seats = members[members["is_permanent"]]
    for cast in casts:
        codes = statecodes.PERMANENT[cast.removeprefix("cast_")]
        own = seats[seats["gwno"].isin(codes)]
        days = day.to_numpy()[:, None]
        sat = (own["from_date"].to_numpy() <= days) & (days <= own["to_date"].to_numpy())
        is_seated = pd.Series(sat.any(axis=1), index=vetoes.index)
        yield from issues(
            tables,
            "vetoes",
            cast,
            vetoes[cast].fillna(False) & ~is_seated,
            "had no permanent seat on {}.",
            "Correct the vote, or council_members.",
            day,
        )


def chinas_seat_changes_hands_once(tables: Tables) -> Iterator[Issue]:
    """China's seat is the Republic's on Taiwan until, and the People's Republic's from, its day."""
    frame = tables["council_members"]
    taiwan, mainland = statecodes.TAIWAN, statecodes.MAINLAND
    for code, column, is_wrong in (
        (taiwan, "to_date", frame["to_date"] >= CHINA_SEAT_DAY),
        (taiwan, "from_date", frame["from_date"] < TAIWAN_DAY),
        (mainland, "to_date", frame["to_date"].between(TAIWAN_DAY, CHINA_SEAT_DAY - ONE_DAY)),
        (mainland, "from_date", frame["from_date"].between(TAIWAN_DAY, CHINA_SEAT_DAY - ONE_DAY)),
    ):
        yield from issues(
            tables,
            "council_members",
            column,
            (frame["gwno"] == code) & is_wrong,
            f"state {code} did not hold China's seat on that day.",
            f"{mainland} before {TAIWAN_DAY:%Y-%m-%d}, {taiwan} until {CHINA_SEAT_DAY:%Y-%m-%d}, "
            f"{mainland} from then on.",
        )


def sittings_follow_what_convened_them(tables: Tables) -> Iterator[Issue]:
    """An emergency special session follows its resolution or request, and the vetoed draft."""
    frame, resolutions = tables["assembly_sittings"], tables["resolutions"]
    by, begins = frame["convened_by"], frame["from_date"]
    for column, convener in (("resolution_id", "council"), ("requested_by", "members")):
        yield from issues(
            tables,
            "assembly_sittings",
            column,
            frame[column].notna() != (by == convener),
            f"must be given where the session is convened by `{convener}`, and only there.",
            "Correct the one or the other.",
        )
    days = {
        "resolution_id": resolutions.set_index("resolution_id")["resolution_date"],
        "veto_id": tables["vetoes"].set_index("veto_id")["veto_date"],
    }
    for column, known in days.items():
        day = frame[column].map(known)
        yield from issues(
            tables,
            "assembly_sittings",
            column,
            day > begins,
            "is later than the sitting, {}.",
            "Correct the key, or the day of the sitting.",
            begins,
        )


def resolutions_are_in_order(tables: Tables) -> Iterator[Issue]:
    """Days ascend with the numbers of resolutions; hand-coded numbers have no gap without a note.

    A gap would read as a Council that did nothing, where something was not found.
    """
    for name in ("resolutions", "resolutions_since_2022"):
        frame = tables[name].sort_values("number")
        before = frame["resolution_date"].shift().reindex(tables[name].index)
        yield from issues(
            tables,
            name,
            "resolution_date",
            tables[name]["resolution_date"] < before,
            "lies before the day of the resolution before it, {}.",
            "Correct one of the two days.",
            before,
        )
    coded = tables["resolutions_since_2022"]
    step = coded["number"].diff().fillna(1).astype(int)
    yield from issues(
        tables,
        "resolutions_since_2022",
        "number",
        (step > 1) & coded["note"].isna(),
        "leaves out resolutions.",
        "Code those that lie between, or say in the note why they are missing.",
    )
    cast = coded[["in_favor", "against", "abstaining"]].sum(axis=1)
    is_explained = coded["note"].str.contains(NO_PART, regex=False, na=False).astype(bool)
    yield from issues(
        tables,
        "resolutions_since_2022",
        "in_favor",
        (cast != COUNCIL_SIZE) & ~is_explained,
        f"the votes do not make {COUNCIL_SIZE}.",
        "Correct the votes, or say who took no part.",
    )


def episodes_lie_in_their_years(tables: Tables) -> Iterator[Issue]:
    """Onset falls in the first active year, the end in the last; years of war in between."""
    frame = tables["episodes"]
    for column, year in (("onset_date", "first_year"), ("end_date", "last_year")):
        yield from issues(
            tables,
            "episodes",
            column,
            frame[column].dt.year != frame[year],
            f"does not lie in {year}, {{}}.",
            "Correct the date or the year.",
            frame[year],
        )
    wars = frame["war_years"].str.split(";").explode().dropna().astype(int)
    outside = (wars < frame["first_year"].loc[wars.index]) | (
        wars > frame["last_year"].loc[wars.index]
    )
    yield from issues(
        tables,
        "episodes",
        "war_years",
        pd.Series(frame.index.isin(wars.index[outside]), index=frame.index),
        "a year of war lies outside of the episode.",
        "Correct the years.",
    )
    yield from issues(
        tables,
        "episodes",
        "is_ended",
        frame["is_ended"] != frame["end_date"].notna(),
        "must be true where end_date is given, and only there.",
        "Correct the one or the other.",
    )
    ordered = frame.sort_values(["conflict_id", "onset_date"])
    before = ordered.groupby("conflict_id")["end_date"].shift().reindex(frame.index)
    yield from issues(
        tables,
        "episodes",
        "onset_date",
        frame["onset_date"] <= before,
        "lies before the end of the conflict's episode before, {}.",
        "Correct the dates.",
        before,
    )


def ends_match_termination(tables: Tables) -> Iterator[Issue]:
    """Ends agree with the Termination Dataset within a tolerance, or say why they do not."""
    frame = tables["outcomes"]
    ends = frame["episode_id"].map(tables["episodes"].set_index("episode_id")["end_date"])
    gap = (frame["termination_end_date"] - ends).dt.days
    is_listed = frame["mismatch_reason"].notna()
    yield from issues(
        tables,
        "outcomes",
        "termination_end_date",
        (gap.abs() > END_TOLERANCE_DAYS) & ~is_listed,
        f"lies more than {END_TOLERANCE_DAYS} days from the episode's end, {{}}, without a reason.",
        "Give the reason in mismatch_reason, or correct the date.",
        ends,
    )
    yield from issues(
        tables,
        "outcomes",
        "end_difference_days",
        gap.fillna(0) != frame["end_difference_days"].fillna(0).astype(float),
        "is not the difference between the two ends, {}.",
        "Run `collsec compile`.",
        gap,
    )
    yield from issues(
        tables,
        "outcomes",
        "mismatch_reason",
        ~frame["is_matched"] & ~is_listed,
        "an end without a match needs a reason.",
        "Run `collsec compile`.",
    )


CHECKS = (
    *(Check(name, function) for name, function in consistency.CHECKS.items()),
    Check("people come after authorization", people_come_after_authorization),
    Check("strength stays within what was authorized", strength_stays_within_what_was_authorized),
    Check("vetoes are of permanent members", vetoes_are_of_permanent_members),
    Check("China's seat changes hands once", chinas_seat_changes_hands_once),
    Check("sittings follow what convened them", sittings_follow_what_convened_them),
    Check("resolutions are in order", resolutions_are_in_order),
    Check("copies agree", consistency.copies_agree),
    Check("episodes lie in their years", episodes_lie_in_their_years),
    Check("ends match Termination", ends_match_termination),
    *(Check(name, function) for name, function in statecodes.CHECKS.items()),
)
