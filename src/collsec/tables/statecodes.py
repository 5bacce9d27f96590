"""Cross-checks of state codes by date: a state is named only while it can be meant.

A territory that is no state yet has the code of the later state (Gleditsch and Ward's list begins
with independence), so a code may precede its state; it may never outlive it. Where a row speaks of
the state itself (a member of the Council, a power, an independent host) it must exist on the day.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from collsec.tables.issues import Issue, Tables, issues

MAINLAND, TAIWAN = 710, 713
# Codes under which each permanent member's votes are cast.
PERMANENT = {
    "china": (MAINLAND, TAIWAN),
    "france": (220,),
    "uk": (200,),
    "russia": (365,),
    "usa": (2,),
}
# Members of the UN from its founding that were republics of the Soviet Union: 369 Ukraine,
# 370 Belarus.
SEATED_BEFORE_INDEPENDENCE = (369, 370)
ONE_DAY = pd.Timedelta(days=1)
# (table, date, columns of codes): the state had not ended on that day.
DATED_CODES = (
    (
        "episodes",
        "onset_date",
        (
            "gwno_loc",
            "gwno_a",
            "gwno_b",
            "gwno_a_secondary",
            "gwno_b_secondary",
            "gwno_b_at_onset",
            "gwno_a_secondary_at_onset",
            "gwno_b_secondary_at_onset",
        ),
    ),
    ("missions", "authorized_date", ("host_gwno",)),
    ("missions", "first_personnel_date", ("host_gwno",)),
    ("un_sanctions", "from_date", ("gwno_target",)),
    ("council_terms", "from_date", ("gwno",)),
    ("nuclear_states", "from_date", ("gwno",)),
    ("mission_contributors", "month", ("gwno",)),
    (
        "disputes",
        "start_date",
        (
            "gwno_initiators",
            "gwno_targets",
            "gwno_joiners_a",
            "gwno_joiners_b",
            "gwno_revisionists_a",
            "gwno_revisionists_b",
        ),
    ),
    ("violence_months", "from_month", ("gwno_host",)),
    ("dyads", "first_death_date", ("gwno_loc", "gwno_a", "gwno_b")),
    (
        "dyad_episodes",
        "onset_date",
        ("gwno_a", "gwno_b", "gwno_a_secondary", "gwno_b_secondary"),
    ),
)


def exists(states: pd.DataFrame, codes: pd.Series, days: pd.Series) -> pd.Series:
    """Whether each state exists on its day.

    Parameters
    ----------
    states : DataFrame
        Spans: ``gwno, valid_from, valid_to`` (both days included; empty if the state exists).
    codes, days : Series
        One code and one day per row.

    Returns
    -------
    Series of bool
        Index of `codes`; missing where code or day is.
    """
    asked = pd.DataFrame({"gwno": codes.astype("Int64").to_numpy(), "day": days.to_numpy()})
    pairs = asked.dropna().drop_duplicates()
    spans = pairs.merge(states[["gwno", "valid_from", "valid_to"]], on="gwno", how="left")
    fits = spans["valid_to"].isna() | (spans["valid_to"] >= spans["day"])
    fits &= spans["valid_from"].notna() & (spans["valid_from"] <= spans["day"])
    known = fits.groupby([spans["gwno"], spans["day"]]).any().rename("fits").reset_index()
    found = asked.merge(known, on=["gwno", "day"], how="left")["fits"].astype("boolean")
    return pd.Series(found.to_numpy(), index=codes.index, dtype="boolean")


def has_not_ended(states: pd.DataFrame, codes: pd.Series, days: pd.Series) -> pd.Series:
    """Whether each state exists on its day or comes into being later; as `exists`."""
    last_days = states["valid_to"].fillna(pd.Timestamp.max.floor("D")).groupby(states["gwno"]).max()
    numbers = codes.astype("Int64")
    has_not = (numbers.map(last_days) >= days).astype("boolean")
    return has_not.mask(numbers.isna() | days.isna())


def states_have_not_ended(tables: Tables) -> Iterator[Issue]:
    """No host or party after the end of its state."""
    for name, date, columns in (row for row in DATED_CODES if row[0] in tables):
        frame = tables[name]
        for column in columns:
            codes = frame[column].astype("string").str.split(";").explode()
            fine = has_not_ended(tables["states"], codes, frame[date].loc[codes.index])
            yield from issues(
                tables,
                name,
                column,
                ~fine.fillna(True).groupby(level=0).all(),
                f"a state had ended before {date}, {{}}.",
                "Use the code that is valid on that day in data/raw/compiled/states.csv.",
                frame[date],
            )


def members_that_voted_had_seats(tables: Tables) -> Iterator[Issue]:
    """A vote is of a member of the Council on the day of the vote."""
    if "council_votes" not in tables:
        return
    votes, members = tables["council_votes"], tables["council_members"]
    pairs = votes[["gwno", "date"]].merge(members[["gwno", "from_date", "to_date"]], how="left")
    sat = (pairs["from_date"] <= pairs["date"]) & (pairs["date"] <= pairs["to_date"])
    known = pd.MultiIndex.from_frame(pairs.loc[sat, ["gwno", "date"]])
    absent = ~pd.MultiIndex.from_frame(votes[["gwno", "date"]]).isin(known)
    yield from issues(
        tables,
        "council_votes",
        "gwno",
        pd.Series(absent, index=votes.index),
        "had no seat on that day, {}.",
        "Run `collsec compile`.",
        votes["date"],
    )


def members_exist(tables: Tables) -> Iterator[Issue]:
    """A member of the Council is a state from the first to the last day of its row."""
    frame = tables["council_members"]
    for date in ("from_date", "to_date"):
        absent = ~exists(tables["states"], frame["gwno"], frame[date])
        yield from issues(
            tables,
            "council_members",
            "gwno",
            absent & ~frame["gwno"].isin(SEATED_BEFORE_INDEPENDENCE),
            f"was no state on {date}, {{}}.",
            "Use the code that is valid on that day.",
            frame[date],
        )
    permanent = {code for codes in PERMANENT.values() for code in codes}
    yield from issues(
        tables,
        "council_members",
        "is_permanent",
        frame["is_permanent"] != frame["gwno"].isin(permanent),
        "state {} holds no permanent seat, or holds one and is not said to.",
        "Correct the code or is_permanent.",
        frame["gwno"],
    )


def powers_exist(tables: Tables) -> Iterator[Issue]:
    """The state that stands for a power exists on the day of the onset."""
    frame = tables["p5_ties"]
    onset = frame["episode_id"].map(tables["episodes"].set_index("episode_id")["onset_date"])
    yield from issues(
        tables,
        "p5_ties",
        "gwno_power",
        ~exists(tables["states"], frame["gwno_power"], onset),
        "was no state on the day of the onset, {}.",
        "Run `collsec compile`.",
        onset,
    )


def hosts_are_independent_when_said(tables: Tables) -> Iterator[Issue]:
    """A host is called independent if and only if its state existed on the day before the onset."""
    frame = tables["host_states"]
    onset = frame["episode_id"].map(tables["episodes"].set_index("episode_id")["onset_date"])
    stood = exists(tables["states"], frame["gwno_host"], onset - ONE_DAY)
    yield from issues(
        tables,
        "host_states",
        "is_independent",
        frame["is_independent"] != stood,
        "does not fit states.csv on the day before the onset, {}.",
        "Run `collsec compile`.",
        onset,
    )


def hosts_are_the_same(tables: Tables) -> Iterator[Issue]:
    """The host whose pacts are counted is the one whose covariates are known."""
    frame = tables["regional_arrangements"]
    host = frame["episode_id"].map(tables["host_states"].set_index("episode_id")["gwno_host"])
    yield from issues(
        tables,
        "regional_arrangements",
        "gwno_host",
        frame["gwno_host"] != host,
        "the host in host_states is {}.",
        "Run `collsec compile`.",
        host,
    )


CHECKS = {
    "states have not ended": states_have_not_ended,
    "members of the Council exist": members_exist,
    "members that voted had seats": members_that_voted_had_seats,
    "powers exist": powers_exist,
    "independent hosts exist": hosts_are_independent_when_said,
    "hosts are the same": hosts_are_the_same,
}
