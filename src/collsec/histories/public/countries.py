"""Public tables of states by month and year: wars, violence, troops, Council, talks, ties."""

from __future__ import annotations

import pandas as pd

from collsec.histories.extents import Days, last_day_followed, troop_counts
from collsec.histories.processes import agreements, negotiations
from collsec.histories.public.keys import (
    CODES,
    LIST,
    codes_on,
    counted,
    known_before,
    number_of,
    period_columns,
    repeated,
    unpacked,
    with_period,
)
from collsec.histories.public.periods import (
    AGREEMENTS,
    COUNCIL,
    council_counts,
    covers,
    dated,
    during,
    hosts_of,
    months_of,
)
from collsec.histories.public.registry import PublicColumn, When, carried, public
from collsec.histories.public.wars import tie_columns, ties_with_five
from collsec.histories.registry import Frames
from collsec.histories.timelines import ONE_DAY

_SPANS = ("states.gwno", "states.valid_from", "states.valid_to")
_RELEASE = ("episodes.first_year", "episodes.last_year")
_WARS = tuple(
    f"episodes.{c}" for c in ("episode_id", "conflict_id", "gwno_loc", "onset_date", "exit_date")
)
_VIOLENCE = ("violence_months.gwno_host", "violence_months.from_month", "violence_months.to_month")
_YEAR = tuple(f"violence.{c}" for c in ("gwno_host", "known_from", "deaths_in_year"))
_PEOPLE = (
    *(f"monthly_strength.{c}" for c in ("mission_id", "from_month", "to_month")),
    "missions.mission_id",
    "missions.host_gwno",
)
_SANCTIONS = tuple(
    f"un_sanctions.{c}" for c in ("regime_id", "gwno_target", "from_date", "to_date")
)
_TALKS = ("negotiations.conflict_id", "negotiations.month", "negotiation_coverage.conflict_id")


def _country_columns(is_monthly: bool) -> dict[str, PublicColumn]:
    deaths = (
        {
            name: PublicColumn((*_VIOLENCE, f"violence_months.{name}"), when=When.DURING)
            for name in ("deaths", "conflicts", "is_shared")
        }
        if is_monthly
        else {"deaths_in_year": PublicColumn(_YEAR, type="number", when=When.DURING)}
    )
    before = (
        {"deaths_in_year": PublicColumn(_YEAR, type="number", when=When.BEFORE)}
        if is_monthly
        else {}
    )
    people = {
        column if is_monthly else f"most_{what}": PublicColumn(
            (*_PEOPLE, f"monthly_strength.{column}"),
            "" if is_monthly else f"Largest number of UN {text} at the end of a month of the year.",
            "" if is_monthly else "integer",
            "" if is_monthly else "people",
            When.DURING,
        )
        for column, what, text in (
            ("total", "people", "people in uniform in the state"),
            ("troops", "troops", "troops in the state"),
        )
    }
    return {
        **carried("states", ("gwno", "name")),
        **CODES,
        **period_columns((*_SPANS, *_RELEASE), is_monthly=is_monthly),
        "active_episodes": during(
            _WARS, "Episodes that run on the territory, on any day of the period.", "episodes"
        ),
        "active_episode_ids": during(
            _WARS, "Their ids, `;` between several.", "identifier", "string"
        ),
        "active_conflict_ids": during(
            _WARS, "UCDP ids of their conflicts, `;` between several.", "identifier", "string"
        ),
        "onsets": during(_WARS, "Episodes on the territory that begin.", "episodes"),
        "ends": during(
            (*_WARS, "episodes.is_ended"), "Episodes on the territory that end.", "episodes"
        ),
        **deaths,
        **COUNCIL,
        **AGREEMENTS,
        "conflicts_in_talks": during(
            _TALKS,
            "Conflicts of the state with negotiations; missing where the record covers none of its "
            "conflicts, or not the time. Secondary use only.",
            "conflicts",
        ),
        **people,
        "un_troops": PublicColumn(
            tuple(f"host_deployment.{c}" for c in ("gwno_host", "known_from", "un_troops")),
            type="integer",
            when=When.BEFORE,
        ),
        **before,
        "sanctions_on_state": PublicColumn(
            _SANCTIONS,
            "Sanctions regimes of the Council in force against the state.",
            "integer",
            "regimes",
            When.BEFORE,
        ),
        "latest_episode_id": PublicColumn(
            _WARS,
            "The episode on the territory that began last.",
            "string",
            "identifier",
            When.BEFORE,
        ),
        **{
            name: PublicColumn(column.uses, column.text, column.type, column.unit, When.BEFORE)
            for name, column in tie_columns(*_WARS).items()
        },
    }


def _countries(frames: Frames, is_monthly: bool) -> pd.DataFrame:
    """What the tables of states by month and by year have in common."""
    episodes, states = frames["episodes"], frames["states"]
    rows = _grid(states, episodes, is_monthly)
    wars = unpacked(
        episodes[["episode_id", "conflict_id", "gwno_loc", "onset_date", "exit_date", "is_ended"]],
        "gwno_loc",
        "gwno",
    )
    rows = rows.join(_running(rows, wars, is_monthly))
    begun = dated(wars.assign(one=1), "onset_date", is_monthly)
    rows["onsets"] = counted(begun, "gwno", rows, {"onsets": "one"})["onsets"]
    over = dated(wars[wars["is_ended"].astype(bool)].assign(one=1), "exit_date", is_monthly)
    rows["ends"] = counted(over, "gwno", rows, {"ends": "one"})["ends"]
    hosts = hosts_of(episodes)
    acts = council_counts(frames["acts"]).merge(hosts, on="conflict_id")
    acts = dated(acts.drop_duplicates(["item_id", "gwno"]), "date", is_monthly)
    rows = rows.join(counted(acts, "gwno", rows, {c: c for c in COUNCIL}))
    agreed = frames["peace_agreements"]
    signed = agreed.assign(one=1).merge(hosts, on="conflict_id")
    signed = dated(signed.drop_duplicates(["agreement_id", "gwno"]), "signed_date", is_monthly)
    found = counted(signed, "gwno", rows, {"n": "one"})["n"]
    rows["agreements_signed"] = found.where(covers(rows, agreements(agreed)))
    rounds, coverage = frames["negotiations"], frames["negotiation_coverage"]
    talks = dated(rounds.assign(one=1).merge(hosts, on="conflict_id"), "month", is_monthly)
    talks = talks.drop_duplicates(["conflict_id", "gwno", "number"])
    in_talks = counted(talks, "gwno", rows, {"n": "one"})["n"]
    told = hosts.loc[hosts["conflict_id"].isin(coverage["conflict_id"]), "gwno"]
    known = rows["gwno"].isin(told) & covers(rows, negotiations(rounds))
    rows["conflicts_in_talks"] = in_talks.where(known)
    people = _people(rows, frames["monthly_strength"], frames["missions"], is_monthly)
    rows = rows.join(people)
    deployed = frames["host_deployment"].rename(columns={"gwno_host": "gwno"})
    rows["un_troops"] = known_before(deployed, "gwno", rows, ["un_troops"])["un_troops"]
    rows["sanctions_on_state"] = _sanctions(rows, frames["un_sanctions"])
    latest = _latest(rows, wars)
    ties = ties_with_five(frames["p5_ties"])
    at = pd.MultiIndex.from_arrays(
        [latest["episode_id"].fillna(""), latest["ordinal"].fillna(0).astype("int64")]
    )
    rows["latest_episode_id"] = latest["episode_id"].astype("string")
    return rows.join(ties.reindex(at).set_index(rows.index))


def _grid(states: pd.DataFrame, episodes: pd.DataFrame, is_monthly: bool) -> pd.DataFrame:
    """States and the periods in which they existed, since the first year of the release."""
    of = {"is_monthly": is_monthly}
    first_day = pd.Timestamp(int(episodes["first_year"].min()), 1, 1)
    last_day = last_day_followed(episodes)
    spans = states[["gwno", "name", "valid_from", "valid_to"]].copy()
    begins, ends = spans["valid_from"], spans["valid_to"]
    spans["valid_from"] = begins.where(begins > first_day, first_day)
    spans["valid_to"] = ends.where(ends < last_day, last_day)
    spans["first"] = number_of(spans["valid_from"], **of)
    spans["last"] = number_of(spans["valid_to"], **of)
    spans = spans[spans["valid_to"] >= spans["valid_from"]].reset_index(drop=True)
    rows = repeated(spans[["gwno", "name", "first", "last"]])
    rows = rows.drop_duplicates(["gwno", "number"], keep="last", ignore_index=True)
    rows = with_period(rows, **of)
    return rows.join(codes_on(states, rows["gwno"], rows["last_day"]))


def _running(rows: pd.DataFrame, wars: pd.DataFrame, is_monthly: bool) -> pd.DataFrame:
    """Episodes that run in each row: their number and ids."""
    spans = wars.assign(
        first=number_of(wars["onset_date"], is_monthly=is_monthly),
        last=number_of(wars["exit_date"], is_monthly=is_monthly),
        conflict=wars["conflict_id"].astype("string"),
    )
    long = repeated(spans[["gwno", "episode_id", "conflict", "first", "last"]])
    by = long.sort_values(["gwno", "number", "episode_id"]).groupby(["gwno", "number"])
    found = pd.DataFrame(
        {
            "active_episodes": by.size(),
            "active_episode_ids": by["episode_id"].agg(LIST.join),
            "active_conflict_ids": by["conflict"].agg(lambda ids: LIST.join(dict.fromkeys(ids))),
        }
    )
    out = found.reindex(pd.MultiIndex.from_frame(rows[["gwno", "number"]])).set_index(rows.index)
    out["active_episodes"] = out["active_episodes"].fillna(0).astype("Int64")
    return out.astype({"active_episode_ids": "string", "active_conflict_ids": "string"})


def _people(
    rows: pd.DataFrame, monthly_strength: pd.DataFrame, missions: pd.DataFrame, is_monthly: bool
) -> pd.DataFrame:
    """UN people in each state by the counts of operations; an operation counts whole in each host.

    Missing outside of the record. Where a count does not distinguish troops, neither does the sum.
    """
    counts = monthly_strength.assign(
        first=number_of(monthly_strength["from_month"], is_monthly=True),
        last=number_of(monthly_strength["to_month"], is_monthly=True),
    )
    months = repeated(counts[["mission_id", "first", "last", "total", "troops"]])
    hosts = missions.drop_duplicates("mission_id")[["mission_id", "host_gwno"]]
    months = unpacked(months.merge(hosts, on="mission_id"), "host_gwno", "gwno")
    by = months.groupby(["gwno", "number"])
    troops = by["troops"].sum().where(by["troops"].count() == by.size())
    sums = pd.DataFrame({"total": by["total"].sum(), "troops": troops}).astype("Int64")
    if not is_monthly:
        year = sums.index.get_level_values("number") // 12
        sums = sums.groupby([sums.index.get_level_values("gwno"), year]).max()
        sums = sums.set_axis(["most_people", "most_troops"], axis=1)
    there = pd.MultiIndex.from_frame(rows[["gwno", "number"]])
    out = sums.reindex(there).set_index(rows.index)
    days: Days = troop_counts(monthly_strength)
    covered = (rows["first_day"] <= days[1]) & (rows["last_day"] >= days[0])
    is_counted = pd.Series(there.isin(sums.index), index=rows.index)
    return out.where(is_counted | ~covered, 0).where(covered)


def _sanctions(rows: pd.DataFrame, un_sanctions: pd.DataFrame) -> pd.Series:
    """Regimes against each state that were in force on the day before the row."""
    own = un_sanctions[un_sanctions["gwno_target"].notna()].drop_duplicates("regime_id")
    own = unpacked(own.astype({"gwno_target": "string"}), "gwno_target", "gwno")
    on = own[["gwno", "from_date"]].assign(n=1)
    over = own[own["to_date"].notna()]
    off = over[["gwno"]].assign(from_date=over["to_date"] + ONE_DAY, n=-1)
    steps = pd.concat([on, off]).groupby(["gwno", "from_date"])["n"].sum().groupby(level=0).cumsum()
    timeline = steps.reset_index().rename(columns={"from_date": "known_from"})
    return known_before(timeline, "gwno", rows, ["n"])["n"]


def _latest(rows: pd.DataFrame, wars: pd.DataFrame) -> pd.DataFrame:
    """The last episode on the territory that had begun before each row."""
    found = pd.merge_asof(
        rows[["gwno", "first_day"]]
        .astype({"first_day": "datetime64[s]"})
        .reset_index(names="_row")
        .sort_values("first_day"),
        wars[["gwno", "onset_date", "episode_id", "ordinal"]]
        .astype({"onset_date": "datetime64[s]"})
        .sort_values(["onset_date", "episode_id"]),
        left_on="first_day",
        right_on="onset_date",
        by="gwno",
        allow_exact_matches=False,
    )
    return found.set_index("_row")[["episode_id", "ordinal"]].reindex(rows.index)


@public("States by month", key=("gwno", "month"), columns=_country_columns(True))
def country_months(
    states: pd.DataFrame,
    episodes: pd.DataFrame,
    acts: pd.DataFrame,
    peace_agreements: pd.DataFrame,
    negotiations: pd.DataFrame,
    negotiation_coverage: pd.DataFrame,
    violence_months: pd.DataFrame,
    violence: pd.DataFrame,
    monthly_strength: pd.DataFrame,
    missions: pd.DataFrame,
    host_deployment: pd.DataFrame,
    un_sanctions: pd.DataFrame,
    p5_ties: pd.DataFrame,
) -> pd.DataFrame:
    """One row per state and month of its independence, from 1946 to the end of the release."""
    frames = {
        "states": states, "episodes": episodes, "acts": acts, "peace_agreements": peace_agreements,
        "negotiations": negotiations, "negotiation_coverage": negotiation_coverage,
        "monthly_strength": monthly_strength, "missions": missions,
        "host_deployment": host_deployment, "un_sanctions": un_sanctions, "p5_ties": p5_ties,
    }  # fmt: skip
    rows = _countries(frames, True)
    killed = months_of(violence_months)
    rows = rows.merge(killed, on=["gwno", "number"], how="left", validate="1:1")
    year = violence[["gwno_host", "known_from", "deaths_in_year"]]
    year = year.assign(gwno=year["gwno_host"].astype("Int64"))
    year["number"] = number_of(year["known_from"], is_monthly=True) + 1
    year = year[["gwno", "number", "deaths_in_year"]]
    rows = rows.merge(year, on=["gwno", "number"], how="left", validate="1:1")
    return rows[list(_country_columns(True))]


@public("States by year", key=("gwno", "year"), columns=_country_columns(False))
def country_years(
    states: pd.DataFrame,
    episodes: pd.DataFrame,
    acts: pd.DataFrame,
    peace_agreements: pd.DataFrame,
    negotiations: pd.DataFrame,
    negotiation_coverage: pd.DataFrame,
    violence: pd.DataFrame,
    monthly_strength: pd.DataFrame,
    missions: pd.DataFrame,
    host_deployment: pd.DataFrame,
    un_sanctions: pd.DataFrame,
    p5_ties: pd.DataFrame,
) -> pd.DataFrame:
    """One row per state and year of its independence, from 1946 to the end of the release."""
    frames = {
        "states": states, "episodes": episodes, "acts": acts, "peace_agreements": peace_agreements,
        "negotiations": negotiations, "negotiation_coverage": negotiation_coverage,
        "monthly_strength": monthly_strength, "missions": missions,
        "host_deployment": host_deployment, "un_sanctions": un_sanctions, "p5_ties": p5_ties,
    }  # fmt: skip
    rows = _countries(frames, False)
    december = violence[violence["known_from"].dt.month == 12]
    year = pd.DataFrame(
        {
            "gwno": december["gwno_host"].astype("Int64"),
            "year": december["known_from"].dt.year.astype("Int64"),
            "deaths_in_year": december["deaths_in_year"],
        }
    )
    rows = rows.merge(year, on=["gwno", "year"], how="left", validate="1:1")
    return rows[list(_country_columns(False))]
