"""Four conflicts in four states, 1990 to 1992, and all that happened: made by hand."""

from __future__ import annotations

import pandas as pd

from by_hand import rows
from collsec.histories.processes import violence
from collsec.histories.public import PUBLIC


def carried(table: str, of: str) -> list[str]:
    """Return the columns that a public table carries along from one table under their names."""
    columns = PUBLIC[table].columns
    return [name for name, column in columns.items() if column.uses == (f"{of}.{name}",)]


STATES = rows(
    "gwno name valid_from valid_to cow_code iso3",
    (10, "Ten", "1900-01-01", None, 1, "TEN"),
    (20, "Twenty", "1990-03-15", None, 2, "TWE"),
    (30, "Thirty", "1950-01-01", "1990-06-30", 3, "THI"),
    (40, "Forty", "1950-01-01", "1990-10-02", 4, "FOR"),
    (40, "Forty again", "1990-10-03", None, 44, "FOR"),
    (50, "Fifty", "1900-01-01", "1989-12-31", 5, "FIF"),
    (60, "Sixty", "1993-01-01", None, 6, "SIX"),
    (70, "Seventy", "1900-01-01", "1990-01-01", 7, "SEV"),
)
_WARS = rows(
    "episode_id conflict_id ordinal gwno_loc gwno_host onset_date exit_date end_date is_ended "
    "duration_days first_year last_year war_years type_at_onset outcome",
    ("1-1", 1, 1, "10;20", 10, "1990-02-10", "1990-05-05", "1990-05-05", True, 84.0, 1990, 1990,
     "1990", "intrastate", "ceasefire"),
    ("1-2", 1, 2, "10", 10, "1992-01-31", "1992-12-31", None, False, 335.0, 1992, 1992,
     None, "intrastate", None),
    ("2-1", 2, 1, "40", 40, "1991-03-31", "1991-03-31", "1991-03-31", True, 0.5, 1991, 1991,
     "1991", "interstate", "ceasefire"),
    ("3-1", 3, 1, "20;10", 20, "1990-04-30", "1991-01-01", "1991-01-01", True, 246.0, 1990, 1991,
     "1990;1991", "intrastate", "peace_agreement"),
    ("4-1", 4, 1, "40", 40, "1992-06-01", "1992-06-30", "1992-06-30", True, 29.0, 1992, 1992,
     None, "intrastate", "ceasefire"),
)  # fmt: skip
#: Columns that are only carried along.
_REST = {
    name: pd.Series([name] * len(_WARS), dtype="string")
    for name in carried("episodes", "episodes")
    if name not in _WARS
}
EPISODES = _WARS.assign(**_REST)

ACTS = rows(
    "item_id conflict_id act date action_class is_chapter_vii confidence basis "
    "cast_china cast_france cast_uk cast_russia cast_usa",
    ("r1", 1, "resolution", "1990-02-28", "sanctions", True, 3, "file", *[False] * 5),
    ("r1", 3, "resolution", "1990-02-28", "sanctions", True, 3, "file", *[False] * 5),
    ("r2", 1, "resolution", "1990-03-01", None, None, 2, "file", *[False] * 5),
    ("r3", 2, "resolution", "1991-03-31", None, False, 3, "file", *[False] * 5),
    ("v1", 1, "veto", "1990-05-05", "other", None, 3, "file", True, *[False] * 4),
    ("v2", 1, "veto", "1990-05-06", "other", None, 1, "file", True, *[False] * 4),
    ("v3", 1, "veto", "1990-02-09", "other", None, 3, "recalled", *[False] * 4, True),
)
AGREEMENTS = rows(
    "agreement_id conflict_id signed_date kind has_ceasefire has_peacekeeping",
    (7, 1, "1990-05-01", "full", True, False),
    (7, 3, "1990-05-01", "full", True, False),
    (8, 3, "1991-01-01", "partial", False, True),
)
NEGOTIATIONS = rows(
    "conflict_id month rounds is_mediated",
    (1, "1990-04-30", 2, True),
    (1, "1990-05-31", 3, False),
    (3, "1990-04-30", 1, False),
    (3, "1991-12-31", 4, False),
)
COVERAGE = rows("conflict_id", (1,), (3,))
VIOLENCE_MONTHS = rows(
    "gwno_host from_month to_month deaths conflicts is_shared scaled_deaths is_host is_whole",
    (10, "1990-01-31", "1990-01-31", 0, None, False, 0, True, True),
    (10, "1990-02-28", "1990-03-31", 5, "1", False, 5, True, True),
    (10, "1990-04-30", "1990-04-30", 7, "1;3", True, 7, True, True),
    (10, "1990-05-31", "1990-05-31", 9, "3", False, 9, True, True),
    (10, "1990-06-30", "1990-06-30", None, None, False, None, True, True),
    (10, "1990-07-31", "1990-07-31", 4, None, False, 4, True, True),
    (10, "1990-08-31", "1990-08-31", 1, "3", False, 1, True, True),
    (10, "1990-09-30", "1990-09-30", 0, None, False, 0, True, True),
    (10, "1990-10-31", "1990-10-31", 1, None, False, 1, True, True),
    (10, "1990-11-30", "1991-12-31", 1, "3", False, 1, True, True),
    (20, "1990-01-31", "1990-02-28", 2, "1", False, 2, True, True),
    (20, "1990-03-31", "1990-12-31", 3, "13", False, 3, True, True),
    (40, "1991-03-31", "1991-03-31", 6, "2", False, 6, True, True),
)
VIOLENCE_YEARS = rows(
    "conflict_id year prio_deaths_best prio_deaths_low prio_deaths_high ucdp_deaths_best "
    "ucdp_deaths_low ucdp_deaths_high",
    (1, 1990, 100, 90, 110, 120, 115, 130),
    (2, 1991, None, 1, None, 6, 6, 6),
)
MONTHLY = rows(
    "mission_id from_month to_month total troops mean_police mean_observers",
    ("m", "1990-03-31", "1990-04-30", 100, 80, 5, 15),
    ("m", "1990-05-31", "1990-05-31", 50, None, 5, 15),
    ("m", "1990-06-30", "1990-06-30", 120, 70, 5, 15),
    ("n", "1990-05-31", "1990-06-30", 7, 6, None, None),
    ("n", "1991-05-31", "1991-06-30", 8, 8, None, None),
)
HOST_DEPLOYMENT = rows(
    "gwno_host known_from un_troops",
    (10, "1990-03-01", 1),
    (10, "1990-04-30", 2),
    (10, "1991-01-01", 0),
)
SANCTIONS = rows(
    "regime_id conflict_id gwno_target from_date to_date",
    ("s1", 1, "10;20", "1990-03-31", "1990-04-30"),
    ("s1", 3, "10;20", "1990-03-31", "1990-04-30"),
    ("s2", 3, "10", "1990-04-01", None),
    ("s3", 2, None, "1990-04-01", None),
)
_TIE = (
    "episode_id host_ordinal is_p5 is_host_itself has_defense_pact was_colony is_contiguous "
    "trade_share ideal_point_distance distance_km"
)
TIES = rows(
    _TIE,
    ("1-1", 1, True, False, True, True, False, 0.25, 1.5, 900.0),
    ("1-1", 1, True, False, True, False, True, 0.5, 0.5, 700.0),
    ("1-1", 1, True, False, None, True, None, None, None, None),
    ("1-1", 1, True, True, True, True, True, 0.9, 0.0, 0.0),
    ("1-1", 1, False, False, True, True, True, 0.8, 0.1, 1.0),
    ("1-1", 2, True, False, False, None, True, None, 2.5, 300.0),
    ("3-1", 1, True, False, None, False, False, None, 3.5, 400.0),
    ("3-1", 2, True, False, False, False, False, 0.125, 4.5, 500.0),
)
DEPLOYMENT = rows(
    "conflict_id known_from un_authorized un_personnel un_troops peacekeepers",
    (1, "1990-02-10", 1, 0, 0, 0),
    (1, "1990-03-01", 1, 1, 1, 1),
    (1, "1990-05-05", 1, 1, 1, 2),
)
COUNCIL = rows(
    "conflict_id known_from resolutions vetoes",
    (1, "1990-02-28", 1, 0),
    (1, "1990-03-01", 2, 0),
    (2, "1991-03-31", 1, 0),
)
PEACE_PROCESS = rows(
    "conflict_id known_from agreements agreements_full agreements_ceasefire",
    (1, "1990-05-01", 1, 1, 1),
    (3, "1990-05-01", 1, 1, 1),
    (3, "1991-01-01", 2, 1, 1),
)
IN_FORCE = rows(
    "conflict_id known_from sanctions_in_force",
    (1, "1990-03-31", 1),
    (1, "1990-05-31", 0),
    (3, "1990-04-01", 2),
)
STRENGTH = rows(
    "conflict_id known_from troops",
    (1, "1990-03-31", 80),
    (1, "1990-06-30", 70),
    (1, "1990-10-31", 0),
)
_MISSION = {
    "mission_id": "m",
    "conflict_id": 1,
    "host_gwno": "20;10",
    "has_troops_in_mission": True,
    "authorized_date": "1990-02-20",
    "first_personnel_date": "1990-03-01",
    "end_date": "1990-06-30",
}


def _missions() -> pd.DataFrame:
    made = [
        _MISSION | {"conflict_id": 13},
        _MISSION | {"conflict_id": 2},
        _MISSION | {"conflict_id": 13},
        _MISSION
        | {"mission_id": "n", "conflict_id": None, "host_gwno": "10", "end_date": None,
           "has_troops_in_mission": False, "first_personnel_date": "1990-01-31"},
    ]  # fmt: skip
    frame = rows(" ".join(_MISSION), *(tuple(row.values()) for row in made))
    rest = {
        c: pd.Series([c] * len(made), dtype="string")
        for c in carried("missions", "missions")
        if c not in frame
    }
    return frame.assign(**rest)


MISSIONS = _missions()
FRAMES = {
    "states": STATES,
    "episodes": EPISODES,
    "acts": ACTS,
    "peace_agreements": AGREEMENTS,
    "negotiations": NEGOTIATIONS,
    "negotiation_coverage": COVERAGE,
    "violence_months": VIOLENCE_MONTHS,
    "violence": violence(VIOLENCE_MONTHS),
    "violence_years": VIOLENCE_YEARS,
    "monthly_strength": MONTHLY,
    "missions": MISSIONS,
    "host_deployment": HOST_DEPLOYMENT,
    "un_sanctions": SANCTIONS,
    "p5_ties": TIES,
    "deployment": DEPLOYMENT,
    "council": COUNCIL,
    "peace_process": PEACE_PROCESS,
    "sanctions": IN_FORCE,
    "troop_strength": STRENGTH,
}
