"""When the Council first acts on a war: by nuclear parties and patrons, and by who began."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from collsec.core.schema import Role
from collsec.designs.curves import incidence_of_act
from collsec.designs.estimate import Estimate, Quantity, Unit
from collsec.designs.fixed_at_onset import FixedAtOnset
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.parts import Context, Part, part
from collsec.designs.printed import Column, RecordTable
from collsec.designs.registry import design
from collsec.histories.panels import DAYS_PER_MONTH
from collsec.hypothesis.specification import ExposureSpec
from collsec.measures.registry import measure

_ACTS = ("council.conflict_id", "council.known_from", "council.acts")
_PARTIES = ("episodes.gwno_a", "episodes.gwno_b", "episodes.onset_date")
_NUCLEAR = ("nuclear_states.gwno", "nuclear_states.from_date", "nuclear_states.to_date")


def _first(episodes: pd.DataFrame, council: pd.DataFrame, column: str) -> pd.DataFrame:
    """The first rise of a running count during each war; its end otherwise."""
    steps = council.sort_values(["conflict_id", "known_from"])
    rises = steps.groupby("conflict_id")[column].diff().fillna(steps[column]) > 0
    acts = steps.loc[rises, ["conflict_id", "known_from"]].astype({"conflict_id": "int64"})
    wars = episodes[["unit_id", "conflict_id", "onset_date", "exit_date"]]
    pairs = wars.astype({"conflict_id": "int64"}).merge(acts, on="conflict_id")
    during = (pairs["known_from"] > pairs["onset_date"]) & (
        pairs["known_from"] <= pairs["exit_date"]
    )
    first = pairs[during].groupby("unit_id")["known_from"].min()
    day = episodes["unit_id"].map(first)
    return pd.DataFrame(
        {
            "exit_date": day.fillna(episodes["exit_date"]).astype("datetime64[s]"),
            "is_event": day.notna().to_numpy(),
        },
        index=episodes.index,
    )


@measure(
    "outcome",
    "First act of the Council on the war",
    uses=(*_ACTS, "episodes.conflict_id", "episodes.onset_date", "episodes.exit_date"),
    known_until="resolutions",
    noun="a first act",
)
def first_act(episodes: pd.DataFrame, council: pd.DataFrame) -> pd.DataFrame:
    """A draft on the conflict is adopted or vetoed during the war; its end is censoring."""
    return _first(episodes, council, "acts")


@measure(
    "outcome",
    "First resolution of the Council on the war",
    uses=(
        *_ACTS[:2],
        "council.resolutions",
        "episodes.conflict_id",
        "episodes.onset_date",
        "episodes.exit_date",
    ),
    known_until="resolutions",
    noun="a first resolution",
)
def first_resolution(episodes: pd.DataFrame, council: pd.DataFrame) -> pd.DataFrame:
    """A resolution on the conflict is adopted during the war; its end is censoring."""
    return _first(episodes, council, "resolutions")


def _states(cell: Any) -> set[int]:
    if cell is None or pd.isna(cell):
        return set()
    return {int(code) for code in str(cell).split(";") if code.strip()}


def _nuclear_on(nuclear: pd.DataFrame, day: pd.Timestamp) -> set[int]:
    known = (nuclear["from_date"] < day) & ~(nuclear["to_date"] < day)
    return {int(code) for code in nuclear.loc[known, "gwno"]}


@measure(
    "covariate",
    "A party has nuclear weapons",
    uses=(*_PARTIES, *_NUCLEAR),
)
def nuclear_party(episodes: pd.DataFrame, nuclear_states: pd.DataFrame) -> pd.Series:
    """A state that fights at onset had nuclear weapons before it."""
    found = [
        bool((_states(a) | _states(b)) & _nuclear_on(nuclear_states, day))
        for a, b, day in zip(
            episodes["gwno_a"], episodes["gwno_b"], episodes["onset_date"], strict=True
        )
    ]
    return pd.Series(np.array(found, dtype=float), index=episodes.index)


@measure(
    "covariate",
    "A party, or an ally of the host, has nuclear weapons",
    uses=(
        *_PARTIES,
        *_NUCLEAR,
        "ties.episode_id",
        "ties.gwno_power",
        "ties.has_defense_pact",
    ),
    contrast=(
        "wars in which a party or an ally of the host has nuclear weapons",
        "other wars",
    ),
)
def nuclear_party_or_patron(
    episodes: pd.DataFrame, ties: pd.DataFrame, nuclear_states: pd.DataFrame
) -> pd.Series:
    """A party had nuclear weapons, or an ally of the host by a defense pact, before onset."""
    party = nuclear_party(episodes, nuclear_states)
    allies = ties[ties["has_defense_pact"].fillna(False).astype(bool)]
    by_war = {
        war: {int(code) for code in codes}
        for war, codes in allies.groupby("episode_id")["gwno_power"]
    }
    patron = [
        bool(by_war.get(unit, set()) & _nuclear_on(nuclear_states, day))
        for unit, day in zip(episodes["unit_id"], episodes["onset_date"], strict=True)
    ]
    return pd.Series(np.maximum(party.to_numpy(), np.array(patron, dtype=float)), episodes.index)


@measure(
    "covariate",
    "A permanent member fights at onset",
    uses=("episodes.has_p5_party",),
)
def permanent_member_fights(episodes: pd.DataFrame) -> pd.Series:
    """A permanent member of the Council is a party in the first year."""
    return episodes["has_p5_party"].astype(float)


@measure(
    "covariate",
    "It is contested who began",
    uses=("disputes.episode_ids", "disputes.is_contested", "episodes.episode_id"),
)
def contested_initiator(episodes: pd.DataFrame, disputes: pd.DataFrame) -> pd.Series:
    """Both sides were revisionist, or sides and initiators differ, in a dispute of the war.

    Known only for wars that a militarized dispute is linked to: wars between states to 2014.
    """
    linked = disputes[disputes["episode_ids"].notna()]
    pairs = linked.assign(episode_id=linked["episode_ids"].str.split(";")).explode("episode_id")
    by_war = pairs.groupby("episode_id")["is_contested"].max().astype(float)
    return episodes["episode_id"].map(by_war).astype(float)


@design
class FirstAct(FixedAtOnset):
    """As any covariate that is known before onset; the event is an act of the Council."""

    name = "first_act_by_covariate"
    estimand = "hazard_ratio_of_action"
    exposed_outcome = "first act"

    def estimate(
        self,
        inputs: Inputs,
        prepared: Prepared,
        exposure: ExposureSpec,
        *,
        estimate_id: str,
        role: Role,
        level: float,
        draws: int,
        label: str = "",
    ) -> Estimate:
        """The ratio, under its own name."""
        found = super().estimate(
            inputs,
            prepared,
            exposure,
            estimate_id=estimate_id,
            role=role,
            level=level,
            draws=draws,
            label=label,
        )
        return dataclasses.replace(found, estimand=self.estimand)

    def without_draws(self, inputs: Inputs, prepared: Prepared, level: float) -> Estimate:
        """The primary's ratio, under its own name."""
        found = super().without_draws(inputs, prepared, level)
        return dataclasses.replace(found, estimand=self.estimand)


@part(
    roles=(),
    uses=("battle_deaths.conflict_id", "battle_deaths.known_from", "battle_deaths.deaths_of_year"),
)
def months_and_deaths_before(context: Context) -> Part:
    """Months from onset to the first act, and deaths of the years of war before that of the act."""
    prepared, inputs = context.prepared, context.inputs
    units, outcome = prepared.units, prepared.outcome
    acted = outcome["is_event"].to_numpy(bool)
    months = (outcome["exit_date"] - units["onset_date"]).dt.days.to_numpy(float) / DAYS_PER_MONTH
    ended = (outcome["exit_date"] == units["exit_date"]) & units["is_ended"].astype(bool)
    data = pd.DataFrame(
        {
            "stop": np.maximum(months * DAYS_PER_MONTH, 0.5),
            "cause": np.where(acted, "act", np.where(ended, "end", "")),
            "event": acted,
            "cluster": units["gwno_host"].to_numpy(),
        }
    )
    at = incidence_of_act(data, np.array([12.0, 60.0]), "cluster", is_held=True)
    deaths = inputs.timelines["battle_deaths"]
    before = []
    wars = units.loc[acted, ["conflict_id", "onset_date"]]
    for war, onset, day in zip(
        wars["conflict_id"], wars["onset_date"], outcome.loc[acted, "exit_date"], strict=True
    ):
        own = deaths[deaths["conflict_id"] == war]
        years = own["from_date"].dt.year
        during = (years >= onset.year) & (years < day.year)
        if own.loc[during, "deaths_of_year"].notna().any():
            before.append(float(own.loc[during, "deaths_of_year"].sum()))
    return Part(
        quantities={
            "first_act.wars": Quantity(len(units), Unit.COUNT),
            "first_act.acted": Quantity(int(acted.sum()), Unit.COUNT),
            "first_act.share_12": Quantity(float(at["incidence"].iloc[0]), Unit.SHARE),
            "first_act.share_60": Quantity(float(at["incidence"].iloc[1]), Unit.SHARE),
            "first_act.median_months": Quantity(float(np.median(months[acted])), Unit.MONTHS),
            "first_act.deaths_known": Quantity(len(before), Unit.COUNT),
            "first_act.median_deaths": Quantity(
                float(np.median(before)) if before else float("nan"), Unit.COUNT
            ),
        }
    )


#: Years for which support is on record: a war counts that began in one of them.
_SUPPORT_YEARS = (1975, 2017)


def supported(episodes: pd.DataFrame, ties: pd.DataFrame, support: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a war within a state and a permanent member that is no party to it.

    Returns
    -------
    DataFrame
        ``episode_id``, ``power``, ``has_defense_pact`` (before onset), ``sent_troops`` (of its
        own, to the government's side), and ``gave_support`` (of any confirmed kind, to it).
    """
    years = episodes["onset_date"].dt.year
    within = episodes["type_at_onset"].isin(["intrastate", "internationalized"])
    wars = episodes.loc[within & years.between(*_SUPPORT_YEARS), "episode_id"]
    is_other = ties["is_p5"] & ties["has_pact_coverage"] & ~ties["is_host_itself"]
    # Sending troops makes a member a party: who was one at onset is not asked.
    pairs = ties[is_other & ~ties["is_belligerent"] & ties["episode_id"].isin(wars)]
    pairs = pairs.groupby(["episode_id", "power"])["has_defense_pact"].max().reset_index()
    given = support[(support["side"] == "government") & ~support["is_alleged_only"].astype(bool)]
    troops = given[given["has_own_troops"].astype(bool)]
    keys = pd.MultiIndex.from_frame(pairs[["episode_id", "power"]])
    return pairs.assign(
        sent_troops=keys.isin(pd.MultiIndex.from_frame(troops[["episode_id", "power"]])),
        gave_support=keys.isin(pd.MultiIndex.from_frame(given[["episode_id", "power"]])),
    )


@part(
    roles=(),
    uses=(
        *("episodes.episode_id", "episodes.onset_date", "episodes.type_at_onset"),
        *("ties.episode_id", "ties.power", "ties.is_p5", "ties.is_host_itself"),
        *("ties.is_belligerent", "ties.has_pact_coverage", "ties.has_defense_pact"),
        *("external_support.episode_id", "external_support.power", "external_support.side"),
        *("external_support.has_own_troops", "external_support.is_alleged_only"),
    ),
)
def support_by_pact(context: Context) -> Part:
    """How often permanent members sent troops to governments with a pact, and to others."""
    inputs = context.inputs
    frames = inputs.following(inputs.episodes)
    pairs = supported(frames["episodes"], frames["ties"], frames["external_support"])
    found: dict[str, Quantity] = {
        "support.first_year": Quantity(_SUPPORT_YEARS[0], Unit.CALENDAR_YEAR),
        "support.last_year": Quantity(_SUPPORT_YEARS[1], Unit.CALENDAR_YEAR),
    }
    has_pact = pairs["has_defense_pact"].astype(bool)
    for name, own in (("pact", pairs[has_pact]), ("other", pairs[~has_pact])):
        found[f"support.{name}_pairs"] = Quantity(len(own), Unit.COUNT)
        found[f"support.{name}_troops"] = Quantity(int(own["sent_troops"].sum()), Unit.COUNT)
        found[f"support.{name}_any"] = Quantity(int(own["gave_support"].sum()), Unit.COUNT)
    return Part(quantities=found)


#: By what a war is exposed, the first that holds.
_WHOSE = {
    "member_fights": "A permanent member with weapons fights",
    "other_fights": "Another nuclear state fights",
    "member_pact": "Nobody of these; the host has a pact with a permanent member with weapons",
    "other_pact": "The host has a pact with another nuclear state alone",
    "nobody": "None of these",
}


def whose_weapons(
    episodes: pd.DataFrame, ties: pd.DataFrame, nuclear_states: pd.DataFrame
) -> pd.DataFrame:
    """Whose weapons expose each war, and which permanent members fight or have a pact there.

    Returns
    -------
    DataFrame
        By war, in the order of `episodes`: ``whose`` (a key of :data:`_WHOSE`), ``members`` (codes
        of the permanent members with weapons that have a pact with the host), ``has_member``
        (whether a permanent member, with weapons or not, fights or has such a pact).
    """
    allies = ties[ties["has_defense_pact"].fillna(False).astype(bool)]
    by_war = {w: {int(c) for c in cs} for w, cs in allies.groupby("episode_id")["gwno_power"]}
    permanent = {int(code) for code in ties.loc[ties["is_p5"], "gwno_power"].dropna()}
    rows = []
    wars = episodes[["unit_id", "onset_date", "gwno_a", "gwno_b"]]
    for war, onset, side_a, side_b in zip(*(wars[name] for name in wars), strict=True):
        nuclear = _nuclear_on(nuclear_states, onset)
        parties = _states(side_a) | _states(side_b)
        pacts = by_war.get(war, set())
        holds = (
            ("member_fights", parties & nuclear & permanent),
            ("other_fights", parties & nuclear),
            ("member_pact", pacts & nuclear & permanent),
            ("other_pact", pacts & nuclear),
            ("nobody", {0}),
        )
        whose = next(name for name, states in holds if states)
        rows.append((whose, pacts & nuclear & permanent, bool((parties | pacts) & permanent)))
    return pd.DataFrame(rows, columns=["whose", "members", "has_member"], index=episodes.index)


@part(
    roles=(),
    tables=(
        RecordTable(
            name="weapons",
            record="nuclear_ties",
            caption="What exposes the wars that are compared: each stands in the first line that "
            "holds. With a first act: a resolution or a vetoed draft while the war went on.",
            columns=(
                Column("Whose weapons", "label", width=40),
                Column("Wars", "wars", Unit.COUNT),
                Column("With a first act", "acts", Unit.COUNT),
            ),
        ),
    ),
    uses=(
        *_PARTIES,
        *_NUCLEAR,
        *("ties.episode_id", "ties.gwno_power", "ties.is_p5", "ties.has_defense_pact"),
    ),
)
def nuclear_ties(context: Context) -> Part:
    """How many wars are exposed by parties and by pacts, and by those of permanent members."""
    prepared, inputs = context.prepared, context.inputs
    units, acted = prepared.units, prepared.outcome["is_event"].to_numpy(bool)
    frames = inputs.following(inputs.episodes)
    found = whose_weapons(units, frames["ties"], frames["nuclear_states"])
    whose, has_member = found["whose"], found["has_member"].to_numpy(bool)
    is_exposed = (whose != "nobody").to_numpy(bool)
    rows = [
        {
            "label": label,
            "wars": int((whose == name).sum()),
            "acts": int((acted & (whose == name).to_numpy(bool)).sum()),
        }
        for name, label in _WHOSE.items()
    ]
    usa = found["members"].map(lambda codes: 2 in codes).to_numpy(bool)
    alone = (whose == "member_pact").to_numpy(bool)
    counts = {
        "exposed": is_exposed,
        "by_pact": alone,
        "by_pact_usa": alone & usa,
        "by_member": is_exposed & has_member,
        "without_member": is_exposed & ~has_member,
        "without_member_acts": is_exposed & ~has_member & acted,
        "member_unexposed": ~is_exposed & has_member,
    }
    return Part(
        quantities={
            f"weapons.{name}": Quantity(int(which.sum()), Unit.COUNT)
            for name, which in counts.items()
        },
        records={"nuclear_ties": rows},
    )
