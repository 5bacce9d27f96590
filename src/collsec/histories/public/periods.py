"""Public tables by calendar month and year: conflicts from their first onset on, and all states.

A column of the row's own period says what happened in it; any other was known before it began. What
a record does not cover is missing, never zero.
"""

from __future__ import annotations

import pandas as pd

from collsec.histories.episodes import HALF_DAY
from collsec.histories.extents import Days, last_day_followed, troop_counts
from collsec.histories.processes import agreements, negotiations
from collsec.histories.public.keys import (
    counted,
    known_before,
    list_codes,
    listed,
    number_of,
    period_columns,
    repeated,
    spell_columns,
    unpacked,
    with_period,
)
from collsec.histories.public.registry import PublicColumn, When, carried, public
from collsec.histories.public.wars import (
    PROCESS,
    STATES_OF_CONFLICTS,
    state_columns,
)
from collsec.histories.registry import Frames
from collsec.histories.timelines import ONE_DAY, counted_acts

_DEATHS_OF_YEARS = (
    "prio_deaths_best", "prio_deaths_low", "prio_deaths_high", "ucdp_deaths_best",
    "ucdp_deaths_low", "ucdp_deaths_high",
)  # fmt: skip

_CLOCK = tuple(
    f"episodes.{c}" for c in ("episode_id", "conflict_id", "onset_date", "exit_date", "last_year")
)
_HOSTS = ("episodes.conflict_id", "episodes.gwno_loc")
_ACTS = tuple(f"acts.{c}" for c in ("item_id", "conflict_id", "date", "basis", "confidence"))
_SIGNED = tuple(f"peace_agreements.{c}" for c in ("agreement_id", "conflict_id", "signed_date"))
_COUNTS = tuple(f"monthly_strength.{c}" for c in ("mission_id", "from_month", "to_month"))
_VIOLENCE = tuple(
    f"violence_months.{c}" for c in ("gwno_host", "from_month", "to_month", "deaths", "is_host")
)
_TALKS = (
    *(f"negotiations.{c}" for c in ("conflict_id", "month")),
    "negotiation_coverage.conflict_id",
)


def during(uses: tuple[str, ...], text: str, unit: str, type_: str = "integer") -> PublicColumn:
    return PublicColumn(uses, text, type_, unit, When.DURING)


COUNCIL = {
    "resolutions_adopted": during(
        (*_ACTS, "acts.act"),
        "Resolutions on the conflict, or on any conflict of the state, that the Council adopted.",
        "resolutions",
    ),
    "chapter_vii_adopted": during(
        (*_ACTS, "acts.act", "acts.is_chapter_vii"),
        "Of `resolutions_adopted`, those known to act under Chapter VII. A resolution that was not "
        "read is not known, and not counted: where the record has not been read, a lower bound.",
        "resolutions",
    ),
    "vetoes_cast": during(
        (*_ACTS, "acts.act"),
        "Drafts on the conflict, or on any conflict of the state, that a veto stopped.",
        "drafts",
    ),
}
AGREEMENTS = {
    "agreements_signed": during(
        _SIGNED,
        "Peace agreements signed in the conflict, or in any conflict of the state; missing outside "
        "of the years of the record.",
        "agreements",
    )
}


def covers(rows: pd.DataFrame, days: Days) -> pd.Series:
    """Whether a record covers the whole period of a row."""
    covered: pd.Series = (rows["first_day"] >= days[0]) & (rows["last_day"] <= days[1])
    return covered


def known_then(first_day: pd.Series, days: Days) -> pd.Series:
    """Whether a record tells the state before a day: it had begun, and goes on to the day."""
    known: pd.Series = (first_day > days[0]) & (first_day <= days[1] + ONE_DAY)
    return known


def council_counts(acts: pd.DataFrame) -> pd.DataFrame:
    """Acts that count, with a column for each of the counts."""
    own = counted_acts(acts)
    adopted = own["act"] == "resolution"
    return own.assign(
        resolutions_adopted=adopted.astype(int),
        chapter_vii_adopted=(adopted & own["is_chapter_vii"].fillna(False).astype(bool)).astype(
            int
        ),
        vetoes_cast=(own["act"] == "veto").astype(int),
    )


def dated(events: pd.DataFrame, day: str, is_monthly: bool) -> pd.DataFrame:
    return events.assign(number=number_of(events[day], is_monthly=is_monthly))


# Conflicts -------------------------------------------------------------------------------------


def _conflict_columns(is_monthly: bool) -> dict[str, PublicColumn]:
    deaths = (
        {
            "deaths_of_conflict": during(
                (*_HOSTS, *_VIOLENCE, "violence_months.conflicts", "violence_months.is_shared"),
                "State-based deaths of the conflict in its hosts. Missing where several conflicts "
                "killed in a host in that year, where none is named, or outside of the record.",
                "deaths",
            )
        }
        if is_monthly
        else {
            name: PublicColumn(
                tuple(f"violence_years.{c}" for c in ("conflict_id", "year", name)),
                when=When.DURING,
            )
            for name in _DEATHS_OF_YEARS
        }
        | {
            "is_war": PublicColumn(
                ("episodes.war_years", "episodes.conflict_id"), type="boolean", when=When.DURING
            )
        }
    )
    talks = (
        during(
            (*_TALKS, "negotiations.rounds"),
            "Rounds of negotiation that took place or went on; missing where the record does not "
            "cover the conflict or the time. Secondary use only.",
            "rounds",
        )
        if is_monthly
        else during(
            _TALKS,
            "Months of the year with negotiations; missing where the record does not cover the "
            "conflict or the time. Secondary use only.",
            "months",
        )
    )
    return {
        **carried("episodes", ("conflict_id",)),
        **period_columns(_CLOCK, is_monthly=is_monthly),
        "episode_id": PublicColumn(_CLOCK, when=When.DURING),
        "is_active": during(
            _CLOCK,
            "Whether an episode of the conflict runs in the period, on any of its days.",
            "true or false",
            "boolean",
        ),
        "gwno_loc": PublicColumn(("episodes.gwno_loc", *_CLOCK)),
        **listed("episodes.gwno_loc", "loc"),
        **spell_columns((*_CLOCK, "episodes.is_ended")),
        **deaths,
        **COUNCIL,
        **AGREEMENTS,
        ("talk_rounds" if is_monthly else "months_with_talks"): talks,
        **state_columns(),
        "troops": PublicColumn(
            (
                *(f"troop_strength.{c}" for c in ("conflict_id", "known_from", "troops")),
                *(f"monthly_strength.{c}" for c in ("from_month", "to_month")),
            ),
            when=When.BEFORE,
        ),
    }


def _conflicts(frames: Frames, is_monthly: bool) -> pd.DataFrame:
    """What the tables of conflicts by month and by year have in common."""
    episodes, states = frames["episodes"], frames["states"]
    signed, rounds = frames["peace_agreements"], frames["negotiations"]
    of = {"is_monthly": is_monthly}
    onset = number_of(episodes["onset_date"], **of)
    last = number_of(pd.Series([last_day_followed(episodes)]), **of).iloc[0]
    begins = onset.groupby(episodes["conflict_id"]).min().rename("first").reset_index()
    rows = with_period(repeated(begins.assign(last=last)), **of)
    own = episodes.assign(first=onset, last=number_of(episodes["exit_date"], **of))
    running = repeated(own[["conflict_id", "episode_id", "first", "last"]])
    rows = rows.merge(running, on=["conflict_id", "number"], how="left", validate="1:1")
    rows["is_active"] = rows["episode_id"].notna()
    place = pd.merge_asof(
        rows.reset_index(names="_row")
        .astype({"last_day": "datetime64[s]"})
        .sort_values("last_day"),
        episodes[["conflict_id", "onset_date", "gwno_loc"]]
        .astype({"onset_date": "datetime64[s]"})
        .sort_values("onset_date"),
        left_on="last_day",
        right_on="onset_date",
        by="conflict_id",
    ).set_index("_row")
    rows["gwno_loc"] = place["gwno_loc"].reindex(rows.index).astype("string")
    rows = rows.assign(**list_codes(states, rows["gwno_loc"], rows["last_day"], "loc"))
    rows = rows.join(_spells(rows, episodes))
    events = dated(council_counts(frames["acts"]), "date", is_monthly)
    rows = rows.join(counted(events, "conflict_id", rows, {c: c for c in COUNCIL}))
    events = dated(signed.assign(one=1), "signed_date", is_monthly)
    found = counted(events, "conflict_id", rows, {"agreements_signed": "one"})
    recorded = agreements(signed)
    rows["agreements_signed"] = found["agreements_signed"].where(covers(rows, recorded))
    talks = dated(rounds.assign(one=1), "month", is_monthly)
    name, value = ("talk_rounds", "rounds") if is_monthly else ("months_with_talks", "one")
    known = rows["conflict_id"].isin(frames["negotiation_coverage"]["conflict_id"])
    known &= covers(rows, negotiations(rounds))
    rows[name] = counted(talks, "conflict_id", rows, {name: value})[name].where(known)
    for timeline, columns in STATES_OF_CONFLICTS.items():
        rows[list(columns)] = known_before(frames[timeline], "conflict_id", rows, columns)
    process = list(STATES_OF_CONFLICTS[PROCESS])
    rows[process] = rows[process].where(known_then(rows["first_day"], recorded))
    people = known_before(frames["troop_strength"], "conflict_id", rows, ["troops"])["troops"]
    never = (rows["un_troops"] > 0) & (people == 0)
    rows["troops"] = people.where(
        known_then(rows["first_day"], troop_counts(frames["monthly_strength"])) & ~never
    )
    return rows


def _spells(rows: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """``start, stop, event`` of the running episode in each row, in days since its onset.

    A row without a day at risk, as the month of an onset on its last day, has no spell.
    """
    clock = episodes.set_index("episode_id")[["onset_date", "exit_date", "is_ended"]]
    own = clock.reindex(rows["episode_id"]).set_index(rows.index)
    start = (rows["first_day"] - own["onset_date"]).dt.days.astype("Float64").astype(float) - 1
    until = rows["last_day"].where(rows["last_day"] < own["exit_date"], own["exit_date"])
    stop = (until - own["onset_date"]).dt.days.astype("Float64").astype(float)
    start = start.clip(lower=0.0)
    is_last = own["exit_date"] <= rows["last_day"]
    stop = stop.where(~(is_last & (stop == 0)), HALF_DAY)
    at_risk = stop > start
    event = (is_last & own["is_ended"].fillna(False).astype(bool)).astype("boolean")
    return pd.DataFrame(
        {
            "start": start.where(at_risk),
            "stop": stop.where(at_risk),
            "event": event.where(at_risk),
        }
    )


def _deaths_of_conflicts(
    rows: pd.DataFrame, episodes: pd.DataFrame, violence_months: pd.DataFrame
) -> pd.Series:
    """Deaths in the hosts of each conflict by month, where they can be told to be its own.

    A month of a host counts whole if the conflict alone killed there, not at all if others did, and
    makes the sum unknown if several did, if none is named, or if the host is not covered. Months of
    countries that were no hosts are not asked.
    """
    of_hosts = violence_months[violence_months["is_host"].astype(bool)]
    pairs = hosts_of(episodes).merge(months_of(of_hosts), on="gwno")
    named = pairs["conflicts"].fillna("").str.split(";")
    own = pairs["conflict_id"].astype("string")
    is_among = pd.Series([o in n for o, n in zip(own, named, strict=True)], index=pairs.index)
    is_alone = is_among & ~pairs["is_shared"].astype(bool)
    none_named = pairs["conflicts"].isna() & (pairs["deaths"] > 0)
    deaths = pairs["deaths"].where(is_alone, 0).where(~(is_among & ~is_alone) & ~none_named)
    deaths = deaths.where(pairs["deaths"].notna())
    by = deaths.groupby([pairs["conflict_id"], pairs["number"]])
    hosts = hosts_of(episodes).groupby("conflict_id").size()
    total = by.sum(min_count=1).to_frame("deaths").assign(known=by.count())
    whole = total["known"] == hosts.reindex(total.index.get_level_values(0)).to_numpy()
    key = pd.MultiIndex.from_frame(rows[["conflict_id", "number"]].astype("Int64"))
    found: pd.Series = total["deaths"].where(whole).reindex(key).astype("Int64")
    return found.set_axis(rows.index)


def hosts_of(episodes: pd.DataFrame) -> pd.DataFrame:
    """Conflicts and the states on whose territory any of their episodes was."""
    long = unpacked(episodes[["conflict_id", "gwno_loc"]], "gwno_loc", "gwno")
    return long[["conflict_id", "gwno"]].astype("Int64").drop_duplicates(ignore_index=True)


def months_of(violence_months: pd.DataFrame) -> pd.DataFrame:
    """Runs of months as months, by number."""
    spans = violence_months.assign(
        first=number_of(violence_months["from_month"], is_monthly=True),
        last=number_of(violence_months["to_month"], is_monthly=True),
        gwno=violence_months["gwno_host"],
    )
    return repeated(spans[["gwno", "first", "last", "deaths", "conflicts", "is_shared"]])


@public("Conflicts by month", key=("conflict_id", "month"), columns=_conflict_columns(True))
def conflict_months(
    episodes: pd.DataFrame,
    states: pd.DataFrame,
    acts: pd.DataFrame,
    peace_agreements: pd.DataFrame,
    negotiations: pd.DataFrame,
    negotiation_coverage: pd.DataFrame,
    violence_months: pd.DataFrame,
    monthly_strength: pd.DataFrame,
    deployment: pd.DataFrame,
    council: pd.DataFrame,
    peace_process: pd.DataFrame,
    sanctions: pd.DataFrame,
    troop_strength: pd.DataFrame,
) -> pd.DataFrame:
    """One row per conflict and month, from its first onset to the end of the release, peace too."""
    frames = {
        "episodes": episodes, "states": states, "acts": acts, "peace_agreements": peace_agreements,
        "negotiations": negotiations, "negotiation_coverage": negotiation_coverage,
        "monthly_strength": monthly_strength, "deployment": deployment, "council": council,
        "peace_process": peace_process, "sanctions": sanctions, "troop_strength": troop_strength,
    }  # fmt: skip
    rows = _conflicts(frames, True)
    rows["deaths_of_conflict"] = _deaths_of_conflicts(rows, episodes, violence_months)
    return rows[list(_conflict_columns(True))]


@public("Conflicts by year", key=("conflict_id", "year"), columns=_conflict_columns(False))
def conflict_years(
    episodes: pd.DataFrame,
    states: pd.DataFrame,
    acts: pd.DataFrame,
    peace_agreements: pd.DataFrame,
    negotiations: pd.DataFrame,
    negotiation_coverage: pd.DataFrame,
    violence_years: pd.DataFrame,
    monthly_strength: pd.DataFrame,
    deployment: pd.DataFrame,
    council: pd.DataFrame,
    peace_process: pd.DataFrame,
    sanctions: pd.DataFrame,
    troop_strength: pd.DataFrame,
) -> pd.DataFrame:
    """One row per conflict and year, from its first onset to the end of the release, peace too."""
    frames = {
        "episodes": episodes, "states": states, "acts": acts, "peace_agreements": peace_agreements,
        "negotiations": negotiations, "negotiation_coverage": negotiation_coverage,
        "monthly_strength": monthly_strength, "deployment": deployment, "council": council,
        "peace_process": peace_process, "sanctions": sanctions, "troop_strength": troop_strength,
    }  # fmt: skip
    rows = _conflicts(frames, False)
    deaths = violence_years[["conflict_id", "year", *_DEATHS_OF_YEARS]]
    rows = rows.merge(deaths, on=["conflict_id", "year"], how="left", validate="1:1")
    war = episodes[["conflict_id", "war_years"]].dropna()
    war = war.assign(year=war["war_years"].str.split(";")).explode("year")
    years = pd.MultiIndex.from_arrays([war["conflict_id"], war["year"].astype("Int64")])
    rows["is_war"] = pd.MultiIndex.from_frame(rows[["conflict_id", "year"]]).isin(years)
    return rows[list(_conflict_columns(False))]
