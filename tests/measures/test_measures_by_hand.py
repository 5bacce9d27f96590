"""Every measure on a case that can be checked by eye: spells, windows, ends, lulls, controls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from collsec import Hypothesis
from collsec.measures import MEASURES, get
from collsec.measures.interest import dispersion_index, divergence_index, tie_strength
from collsec.measures.spells import absorbing, merged, where_positive

pytestmark = pytest.mark.usefixtures("registers")

DAY = pd.Timestamp
ENDLESS = "endless"


def steps(column: str, *changes: tuple[str, int], conflict: int = 1) -> pd.DataFrame:
    """A step function of one conflict: from that day on, that state."""
    frame = pd.DataFrame(changes, columns=["known_from", column])
    frame["known_from"] = pd.to_datetime(frame["known_from"])
    return frame.assign(conflict_id=conflict)


def spells(found: pd.DataFrame) -> list[tuple[int, str, str]]:
    """Conflict, first and last day of each spell, as text."""
    return [
        (int(row.conflict_id), f"{row.on_date:%Y-%m-%d}", _last(row.off_date))
        for row in found.itertuples()
    ]


def _last(day: pd.Timestamp) -> str:
    return ENDLESS if pd.isna(day) else f"{day:%Y-%m-%d}"


def test_a_spell_begins_above_zero_and_ends_at_zero() -> None:
    one = steps("n", ("2000-01-01", 0), ("2001-01-01", 1), ("2002-01-01", 2), ("2003-01-01", 0))
    two = steps("n", ("1999-01-01", 1), conflict=2)
    found = where_positive(pd.concat([two, one[::-1]], ignore_index=True), "n")
    assert spells(found) == [(1, "2001-01-01", "2003-01-01"), (2, "1999-01-01", ENDLESS)]
    again = pd.concat([one, steps("n", ("2004-01-01", 1), ("2005-01-01", 0))], ignore_index=True)
    both = where_positive(again, "n")
    assert spells(both)[1] == (1, "2004-01-01", "2005-01-01")
    assert spells(absorbing(both)) == [(1, "2001-01-01", ENDLESS)]
    assert absorbing(both).index.tolist() == [0]


def test_spells_that_overlap_or_touch_are_one() -> None:
    rows = pd.DataFrame(
        {
            "conflict_id": [1, 1, 1, 1, 2],
            "on_date": pd.to_datetime(
                ["2001-06-01", "2000-01-01", "2000-02-01", "2001-01-01", "2000-06-01"]
            ),
            "off_date": pd.to_datetime(
                ["2002-01-01", "2001-01-01", "2000-03-01", "2001-02-01", "2000-07-01"]
            ),
        }
    )
    found = merged(rows)
    assert spells(found) == [
        (1, "2000-01-01", "2001-02-01"),
        (1, "2001-06-01", "2002-01-01"),
        (2, "2000-06-01", "2000-07-01"),
    ]
    assert found.index.tolist() == [0, 1, 2]


VETO = steps("vetoes", ("2000-03-15", 1))
LATER = steps("vetoes", ("2000-03-15", 1), ("2000-06-15", 2), ("2004-01-31", 3))


@pytest.mark.parametrize(
    ("name", "off"),
    [("veto_6m", "2000-09-15"), ("veto_12m", "2001-03-15"), ("veto_24m", "2002-03-15")],
)
def test_a_veto_holds_for_so_many_months(name: str, off: str) -> None:
    assert spells(get(name)({"council": VETO})) == [(1, "2000-03-15", off)]


def test_a_later_veto_prolongs_and_one_after_the_window_begins_again() -> None:
    found = spells(get("veto_12m")({"council": LATER}))
    assert found == [(1, "2000-03-15", "2001-06-15"), (1, "2004-01-31", "2005-01-31")]
    other = pd.concat([LATER, VETO.assign(conflict_id=2)])
    assert (2, "2000-03-15", "2001-03-15") in spells(get("veto_12m")({"council": other}))
    for name in ("veto_so_far", "ever_vetoed"):
        assert spells(get(name)({"council": LATER})) == [(1, "2000-03-15", ENDLESS)]


#: Measures of an act in the past twelve months, by the timeline and count that they rest on.
TWELVE_MONTHS = {
    "veto_on_other_war_12m": ("council_elsewhere", "vetoes"),
    "resolution_12m": ("council", "resolutions"),
    "veto_russia_12m": ("council", "vetoes_russia"),
    "veto_usa_12m": ("council", "vetoes_usa"),
    "veto_china_12m": ("council", "vetoes_china"),
    "veto_uk_12m": ("council", "vetoes_uk"),
    "veto_france_12m": ("council", "vetoes_france"),
    "veto_on_enforcement_12m": ("council", "vetoes_enforcement_or_mission"),
    "veto_on_sanctions_12m": ("council", "vetoes_sanctions"),
    "veto_on_condemnation_12m": ("council", "vetoes_condemnation"),
    "veto_on_other_action_12m": ("council", "vetoes_other"),
}


@pytest.mark.parametrize("name", TWELVE_MONTHS)
def test_each_kind_of_act_counts_its_own_column(name: str) -> None:
    timeline, column = TWELVE_MONTHS[name]
    acts = steps(column, ("1999-05-01", 0), ("2000-03-15", 1))
    assert spells(get(name)({timeline: acts})) == [(1, "2000-03-15", "2001-03-15")]


def test_a_veto_after_a_resolution_blocks_and_the_order_of_rows_is_no_matter() -> None:
    acts = pd.DataFrame(
        {
            "conflict_id": [1, 1, 1, 2],
            "known_from": pd.to_datetime(["2002-01-01", "2000-01-01", "2001-01-01", "2001-06-01"]),
            "vetoes": [1, 0, 1, 1],
            "resolutions": [2, 1, 1, 0],
        }
    )
    found = spells(get("veto_until_resolution")({"council": acts}))
    assert found == [(1, "2001-01-01", "2002-01-01"), (2, "2001-06-01", ENDLESS)]
    # Before the first act nothing is blocked.
    zero = {"known_from": DAY("1946-01-01"), "vetoes": 0, "resolutions": 0}
    before = pd.DataFrame([{"conflict_id": conflict, **zero} for conflict in (1, 2, 3)])
    acts = pd.concat([before, acts], ignore_index=True)
    assert spells(get("veto_until_resolution")({"council": acts})) == found


#: Measures of who is there, by the count of the timeline that they rest on.
PRESENT = {
    "un_troops": "un_troops",
    "un_troops_with_uncertain": "un_troops_with_uncertain",
    "un_personnel": "un_personnel",
    "peacekeepers": "peacekeepers",
    "ever_un_troops": "un_troops",
    "un_troops_at_end": "un_troops",
    "un_personnel_at_end": "un_personnel",
    "peacekeepers_at_end": "peacekeepers",
}


@pytest.mark.parametrize("name", PRESENT)
def test_who_is_there_is_there_until_the_last_leave(name: str) -> None:
    there = steps(PRESENT[name], ("2000-03-01", 1), ("2000-09-01", 2), ("2003-02-01", 0))
    assert spells(get(name)({"deployment": there})) == [(1, "2000-03-01", "2003-02-01")]


@pytest.mark.parametrize(
    ("name", "timeline", "column"),
    [
        ("un_troops_absorbing", "deployment", "un_troops"),
        ("mission_so_far", "deployment", "un_authorized"),
        ("council_act", "council", "acts"),
        ("resolution_so_far", "council", "resolutions"),
    ],
)
def test_what_has_come_never_goes(name: str, timeline: str, column: str) -> None:
    changes = steps(column, ("2000-03-01", 1), ("2001-01-01", 0), ("2002-01-01", 1))
    assert spells(get(name)({timeline: changes})) == [(1, "2000-03-01", ENDLESS)]


def test_authorized_and_nobody_there_yet_is_waiting() -> None:
    there = steps("un_authorized", ("2000-03-01", 1), ("2000-09-01", 1), ("2001-01-01", 0))
    found = get("authorized_not_deployed")({"deployment": there.assign(un_personnel=[0, 1, 0])})
    assert spells(found) == [(1, "2000-03-01", "2000-09-01")]


def test_troops_to_come_are_six_months_ahead_and_never_while_troops_are_there() -> None:
    there = steps(
        "un_troops",
        *(("2000-09-30", 1), ("2001-01-31", 0)),
        *(("2001-04-30", 1), ("2002-01-01", 0)),
        *(("2002-01-01", 1),),
    )
    found = get("un_troops_to_come")({"deployment": there})
    assert spells(found) == [(1, "2000-03-30", "2000-09-30"), (1, "2001-01-31", "2001-04-30")]
    assert found.index.tolist() == [0, 1]


EPISODES = pd.DataFrame(
    {
        "episode_id": ["1-1", "2-1", "3-1", "4-1"],
        "gdp_per_capita": pd.array([np.e, 1.0, None, 1.0], "Float64"),
        "population_thousands": pd.array([1, None, 1, 1], "Int64"),
        "polyarchy_index": [0.25, 0.5, np.nan, 1.0],
        "incompatibility": ["territory", "government", "both", None],
        "onset_year": [1989, 1990, 1991, 1946],
        "exit_date": pd.to_datetime(["1990-01-01", "1991-01-01", "1992-01-01", "1993-01-01"]),
        "is_ended": [True, True, False, True],
        "outcome": ["peace_agreement", "ceasefire", "peace_agreement", "actor_ceases"],
    },
    index=[4, 5, 6, 7],
)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("log_gdp_per_capita", [1.0, 0.0, np.nan, 0.0]),
        ("log_population", [0.0, np.nan, 0.0, 0.0]),
        ("democracy", [0.25, 0.5, np.nan, 1.0]),
        ("over_territory", [1.0, 0.0, 1.0, 0.0]),
        ("cold_war", [1.0, 0.0, 0.0, 1.0]),
    ],
)
def test_controls_are_of_the_row(name: str, values: list[float]) -> None:
    found = get(name)({"episodes": EPISODES})
    assert found.tolist() == pytest.approx(values, nan_ok=True)
    assert found.index.equals(EPISODES.index)


#: Which of the four rows end in each way; the third goes on, whatever its outcome says.
ENDS = {
    "episode_end": [True, True, False, True],
    "recurrence": [True, True, False, True],
    "end_by_agreement": [True, False, False, False],
    "end_by_ceasefire": [False, True, False, False],
    "end_by_government_victory": [False] * 4,
    "end_by_rebel_victory": [False] * 4,
    "end_by_low_activity": [False, False, False, True],
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_of_another_kind_censors(name: str) -> None:
    found = get(name)({"episodes": EPISODES})
    assert found["is_event"].tolist() == ENDS[name]
    assert found["exit_date"].equals(EPISODES["exit_date"])


def test_ends_by_victory_are_of_their_side() -> None:
    won = EPISODES.assign(outcome=["government_victory", "rebel_victory", "x", "low_activity"])
    by = {name: get(name)({"episodes": won})["is_event"].tolist() for name in ENDS}
    assert by["end_by_government_victory"] == [True, False, False, False]
    assert by["end_by_rebel_victory"] == [False, True, False, False]
    assert by["end_by_low_activity"] == [False, False, False, True]


def deaths(first: str, *counts: float | None, host: int = 20) -> pd.DataFrame:
    """Deaths of one host in the months from the first on."""
    months = pd.date_range(first, periods=len(counts), freq="MS")
    frame = pd.DataFrame({"from_date": months, "deaths_in_month": pd.array(counts, "Float64")})
    return frame.assign(gwno_host=host, known_from=months)


def lull(name: str, onset: str, last: str, violence: pd.DataFrame) -> tuple[str, bool]:
    episodes = pd.DataFrame(
        {
            "gwno_host": [20],
            "onset_date": [DAY(onset)],
            "exit_date": [DAY(last)],
        },
        index=[9],
    )
    found = get(name)({"episodes": episodes, "violence": violence})
    assert found.index.tolist() == [9]
    return f"{found['exit_date'].iloc[0]:%Y-%m-%d}", bool(found["is_event"].iloc[0])


QUIET = deaths("2000-11-01", 5, 2, 0, 0, 3, *[0.0] * 12, 7)


@pytest.mark.parametrize(
    ("name", "last", "expected"),
    [
        # The two quiet months of early 2001 are no lull; from April 2001 it is quiet.
        ("lull_3m", "2002-12-31", ("2001-04-01", True)),
        ("lull_6m", "2002-12-31", ("2001-04-01", True)),
        ("lull_12m", "2002-12-31", ("2001-04-01", True)),
        # A lull that begins on the day of the end counts; after it, the war has ended.
        ("lull_3m", "2001-04-01", ("2001-04-01", True)),
        ("lull_3m", "2001-03-31", ("2001-03-31", False)),
    ],
)
def test_a_lull_is_dated_at_its_first_day(name: str, last: str, expected: tuple[str, bool]) -> None:
    assert lull(name, "2000-11-15", last, QUIET) == expected


@pytest.mark.parametrize("months", [3, 6, 12])
def test_a_lull_is_of_exactly_so_many_months(months: int) -> None:
    enough = deaths("2000-11-01", 5, *[0.0] * months, 7)
    assert lull(f"lull_{months}m", "2000-11-15", "2003-12-31", enough) == ("2000-12-01", True)
    # One month fewer is none: the war is followed to the end of the record.
    fewer = deaths("2000-11-01", 5, *[0.0] * (months - 1), 7)
    last = DAY("2000-11-01") + pd.DateOffset(months=months + 1) - pd.Timedelta(days=1)
    found = lull(f"lull_{months}m", "2000-11-15", "2003-12-31", fewer)
    assert found == (f"{last:%Y-%m-%d}", False)


def test_what_is_not_known_ends_the_follow_up() -> None:
    # Eleven quiet months at the end of the record are no lull of twelve.
    short = deaths("2000-11-01", 5, *[0.0] * 11)
    assert lull("lull_12m", "2000-11-15", "2003-01-01", short) == ("2001-10-31", False)
    # A month without a count ends the record, though later ones are quiet.
    gap = deaths("2000-12-01", 5, 0, None, 0, 0, 0)
    assert lull("lull_3m", "2000-12-15", "2003-01-01", gap) == ("2001-01-31", False)
    # Nor is a war followed whose first month is not known, or whose host is another.
    assert lull("lull_3m", "2000-11-15", "2003-01-01", gap) == ("2000-11-14", False)
    elsewhere = deaths("2000-11-01", 0, 0, 0, 0, host=21)
    assert lull("lull_3m", "2000-11-15", "2003-01-01", elsewhere) == ("2000-11-14", False)
    # The record outlasts the war.
    assert lull("lull_3m", "2000-11-15", "2000-12-10", QUIET) == ("2000-12-10", False)
    assert lull("lull_3m", "2000-11-15", "2000-12-31", short[:2]) == ("2000-12-31", False)


def test_a_lull_of_the_month_of_onset_is_none_but_the_war_s() -> None:
    quiet = deaths("2000-11-01", 0, 0, 0, 4)
    assert lull("lull_3m", "2000-11-15", "2001-06-01", quiet) == ("2000-11-01", False)


def test_months_at_war_and_deaths_are_passed_on_as_they_are() -> None:
    episodes = EPISODES.assign(conflict_id=1, onset_date=DAY("1989-01-01"))
    for name in ("months_at_war_36", "months_at_war_60"):
        found = get(name)({"episodes": episodes})
        assert found.columns.tolist() == ["conflict_id", "onset_date", "exit_date"]
    found = get("deaths_in_host_by_month")({"violence": QUIET.assign(is_shared_month=1)})
    assert found["count"].sum() == 17 and found["is_shared"].eq(1).all()
    assert found.columns.tolist() == ["gwno_host", "from_date", "count", "is_shared"]


TIES = pd.DataFrame(
    {
        "episode_id": ["1-1"] * 6 + ["2-1"] * 3,
        "power": ["usa", "uk", "france", "china", "germany", "usa", "usa", "uk", "russia"],
        "host_ordinal": [1, 1, 1, 1, 1, 2, 1, 1, 1],
        "is_host_itself": [False] * 9,
        "is_belligerent": [False, False, True, False, False, False, False, False, False],
        "has_defense_pact": [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, np.nan],
        "ideal_point_rank": [0.8, 0.4, 0.6, 0.0, 1.0, 1.0, 0.9, 0.1, np.nan],
    }
)


def test_divergence_is_the_range_over_permanent_members_towards_the_first_host() -> None:
    found = divergence_index(TIES)
    # (1 + 0.8) / 2 of the United States against 0 of China; two known powers are too few.
    assert found["1-1"] == pytest.approx(0.9)
    assert np.isnan(found["2-1"])
    spread = dispersion_index(TIES)
    assert spread["1-1"] == pytest.approx(np.std([0.9, 0.2, 0.3, 0.0]))
    assert np.isnan(spread["2-1"])
    three = TIES[(TIES["power"] != "china")]
    assert divergence_index(three)["1-1"] == pytest.approx(0.7)
    assert dispersion_index(three)["1-1"] == pytest.approx(np.std([0.9, 0.2, 0.3]))


def test_a_power_without_half_of_its_components_has_no_tie_nor_one_to_itself() -> None:
    rows = TIES.assign(trade_rank=np.nan)
    of = ("has_defense_pact", "ideal_point_rank", "trade_rank")
    assert tie_strength(rows, of)[0] == pytest.approx(0.9)
    assert np.isnan(tie_strength(rows, (*of[:1], "trade_rank", "trade_rank"))[0])
    half = tie_strength(rows, ("ideal_point_rank", "trade_rank"))
    assert half[0] == pytest.approx(0.8)
    itself = TIES.assign(is_host_itself=[True] + [False] * 8)
    assert np.isnan(tie_strength(itself, of[:2])[0])
    weighed = tie_strength(
        itself.assign(n=[9.0, 1, 2, 3, 4, 5, 6, 7, 8]), ("n",), "principal_component"
    )
    assert np.isnan(weighed[0]) and weighed[1:].mean() == pytest.approx(0.0)


def test_interest_is_standardized_over_the_cohort() -> None:
    episodes = pd.DataFrame({"episode_id": ["2-1", "1-1"]})
    ties = TIES.assign(
        **{c: TIES["ideal_point_rank"] for c in ("trade_rank", "was_colony", "distance_rank")},
        us_troops_rank=TIES["ideal_point_rank"],
    )
    frames = {"episodes": episodes, "ties": ties}
    assert get("salience")(frames).tolist() == pytest.approx([-1.0, 1.0])
    assert get("salience_affinity")(frames).tolist() == pytest.approx([-1.0, 1.0])
    fewer = get("salience").function(episodes, ties, powers=("uk", "france"))
    assert fewer.tolist() == pytest.approx([-1.0, 1.0])
    assert get("p5_party")(frames).tolist() == [0.0, 1.0]
    # A war of which no tie is known is no war of a permanent member.
    unknown = pd.DataFrame({"episode_id": ["9-1", "1-1"]})
    assert get("p5_party")(frames | {"episodes": unknown}).tolist() == [0.0, 1.0]
    three = pd.concat([ties, ties[:4].assign(episode_id="3-1", ideal_point_rank=0.5)])
    frames = {"episodes": pd.DataFrame({"episode_id": ["1-1", "3-1"]}), "ties": three}
    assert get("divergence")(frames).tolist() == pytest.approx([1.0, -1.0])
    others = three.assign(power=three["power"].replace({"usa": "germany", "uk": "japan"}))
    control = get("control_salience")(frames | {"ties": others})
    assert control.tolist() == pytest.approx([1.0, -1.0])


def test_no_measure_is_left_out() -> None:
    """Each shared exposure and outcome on deployments, Council acts, and wars stands above."""
    here = {*TWELVE_MONTHS, *PRESENT, *ENDS, "lull_3m", "lull_6m", "lull_12m"}
    assert here <= set(MEASURES)


def test_troops_of_a_region_are_a_running_count_and_their_placebo_comes_before(
    repository: Path,
) -> None:
    page = repository / "analyses" / "h19" / "h19-regional-troops.qmd"
    module = Hypothesis.from_file(page).module("regional")

    def mission(sponsor: str, first: str, last: str, basis: str = "file") -> dict[str, object]:
        return {
            "sponsor": sponsor,
            "conflict_id": 1,
            "from_date": pd.NaT,
            "to_date": pd.NaT,
            "has_troops": True,
            "first_troops_date": DAY(first),
            "last_troops_date": DAY(last),
            "end_date": DAY(last),
            "first_troops_basis": "file",
            "link_basis": basis,
            "link_confidence": 3,
        }

    missions = pd.DataFrame(
        [
            mission("regional", "1990-05-01", "1991-04-30"),
            mission("regional", "1991-02-01", "1991-12-31"),
            mission("regional", "1992-03-01", "1992-06-30"),
            mission("regional", "1996-01-01", "1997-01-01", basis="recalled"),
            mission("un", "1998-01-01", "1999-01-01"),
        ]
    )
    presence = module.regional_presence(missions)
    assert presence["missions"].tolist() == [1, 2, 1, 0, 1, 0]
    assert spells(module.regional_peacekeepers(presence)) == [
        (1, "1990-05-01", "1992-01-01"),
        (1, "1992-03-01", "1992-07-01"),
    ]
    # The six months before the second presence begin where the first has ended.
    assert spells(module.regional_peacekeepers_to_come(presence)) == [
        (1, "1989-11-01", "1990-05-01"),
        (1, "1992-01-01", "1992-03-01"),
    ]
