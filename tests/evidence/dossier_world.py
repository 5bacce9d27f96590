"""A made-up study of two conflicts, with all that a dossier shows of them."""

from __future__ import annotations

from pathlib import Path

from by_hand import rows
from collsec.core.project import Project

#: A page that asks of troops.
PAGE = """\
---
title: "Do troops shorten wars?"
hypothesis: q1
design: time_varying
cohort: {types: [intrastate]}
exposure: {measure: un_troops, lag_months: 6}
outcome: episode_end
estimand: {expected: above_one, no_effect: [0.8, 1.25]}
cluster: gwno_host
inference: {method: cluster_jackknife}
multiverse:
  cohort: {as_declared: {validity: principled, label: "Wars within states"}}
---
"""
EPISODES = rows(
    "episode_id conflict_id onset_date exit_date is_ended onset_precision last_year location "
    "incompatibility territory_name type_at_onset region gwno_loc gwno_host side_a side_b source",
    ("2-1", 2, "2003-01-01", "2005-12-31", False, "month", 2005, "Two", "government", None,
     "interstate", 4, "20", 20, "A", "B", "s"),
    ("1-2", 1, "2002-01-01", "2002-12-31", True, "day", 2002, "One;Uno", "territory", "Rock",
     "internationalized", 1, "10", 10, "C", "D", "s"),
    ("1-1", 1, "2000-01-01", "2001-01-01", True, "year", 2001, "One", "territory", "Rock",
     "intrastate", 1, "10;20", 10, "A", "B", "s"),
)  # fmt: skip
ACTS = rows(
    "item_id conflict_id act date action_class basis confidence "
    "cast_china cast_france cast_uk cast_russia cast_usa",
    ("r1", 1, "resolution", "2000-02-01", "arms_embargo", "file", 2, *[False] * 5),
    ("r2", 1, "resolution", "2000-02-02", "unclassified", "file", 1, *[False] * 5),
    ("r3", 1, "resolution", "2000-02-03", "sanctions", "recalled", 3, *[False] * 5),
    ("v1", 1, "veto", "2000-03-04", "sanctions", "file", 3, True, False, False, True, False),
)
SITTINGS = rows(
    "conflict_id sitting_id from_date to_date convened_by",
    (1, "s1", "2000-04-01", "2000-04-05", "council"),
    (1, "s2", "2000-05-01", None, "resumed"),
)
_LINK = {
    "mission_id": "m",
    "conflict_id": 1,
    "from_date": None,
    "to_date": None,
    "has_troops": True,
    "link_basis": "document",
    "link_confidence": 2,
    "acronym": "UNX",
    "sponsor": "un",
    "resolution": "S/RES/1",
    "authorized_date": "2000-06-01",
    "authorized_basis": "file",
    "authorized_source": "a",
    "first_personnel_date": "2000-06-10",
    "first_personnel_basis": "file",
    "first_personnel_source": "b",
    "first_troops_date": "2000-06-20",
    "first_troops_basis": "file",
    "first_troops_source": "c",
    "last_troops_date": "2001-06-01",
    "last_troops_basis": "file",
    "last_troops_source": "d",
    "end_date": "2001-07-01",
    "end_basis": "file",
    "end_source": "e",
}
TIES = rows(
    "episode_id power is_p5 host_ordinal is_host_itself has_defense_pact trade_share was_colony "
    "is_contiguous ideal_point_distance",
    ("1-1", "usa", True, 1, False, True, 0.5, False, False, 1.0),
    ("1-1", "uk", True, 2, False, True, 0.5, False, False, 1.0),
    ("1-1", "china", True, 1, True, True, 0.5, False, False, 1.0),
    ("1-1", "india", False, 1, False, True, 0.5, False, False, 1.0),
    ("1-2", "russia", True, 1, False, None, None, False, True, 2.0),
)
TABLES = {
    "peace_agreements": rows(
        "conflict_id name signed_date kind has_peacekeeping source",
        (1, "Pact", "2000-10-01", "full", True, "p"),
        (1, "Accord", "2000-11-01", "partial", False, "p"),
        (None, "Elsewhere", "2000-11-01", "partial", False, "p"),
    ),
    "negotiations": rows(
        "conflict_id month is_mediated source",
        (1, "2000-09-30", True, "n"),
        (1, "2000-12-31", None, "n"),
    ),
    "violence_months": rows(
        "gwno_host from_month to_month deaths is_shared",
        (10, "1997-12-31", "1997-12-31", 1, False),
        (10, "1998-01-31", "1998-01-31", 2, False),
        (10, "2000-03-31", "2000-05-31", None, False),
        (20, "2000-03-31", "2000-05-31", 3, True),
        (10, "2004-12-31", "2004-12-31", 4, False),
        (10, "2005-01-31", "2005-01-31", 5, False),
        (20, "2005-12-31", "2005-12-31", 6, False),
        (20, "2006-01-31", "2006-01-31", 7, False),
        (30, "2000-03-31", "2000-03-31", 8, False),
    ),
    "violence_years": rows(
        "conflict_id year ucdp_deaths_best prio_deaths_best source",
        (1, 2000, 100, 90, "v"),
        (1, 2001, None, 80, "v"),
        (1, 2002, None, None, "v"),
    ),
    "resolution_conflicts": rows("item_id conflict_id source", ("r1", 1, "l"), ("r2", 2, "m")),
    "draft_conflicts": rows("item_id conflict_id source", ("v1", 1, "k")),
}


def project_of(folder: Path, *links: dict[str, object]) -> Project:
    """Return a study of these tables and of missions like the one above, but for what is said."""
    made = [_LINK | link for link in links]
    frames = {
        "episodes/episodes": EPISODES,
        "episodes/acts": ACTS,
        "episodes/assembly": SITTINGS,
        "episodes/missions": rows(" ".join(_LINK), *(tuple(row.values()) for row in made)),
        "episodes/ties": TIES,
        **{f"tables/{name}": frame for name, frame in TABLES.items()},
    }
    for name, frame in frames.items():
        path = folder / "data" / "processed" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path)
    return Project(folder)
