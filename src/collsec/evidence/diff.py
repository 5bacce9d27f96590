"""Two states of the study side by side: which episodes moved, and which results with them.

A side is a folder of the study, or a registered release of the conflict data by its name. Episodes
have the same id in both, so that a re-dated episode is no new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from collsec.compile.conflicts.vintages import Vintages, moved_dates, number_of
from collsec.compile.rules import read_rules
from collsec.compile.text import records_of
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.designs.estimate import RESULT_DIGITS
from collsec.evidence import withheld
from collsec.hypothesis.study import load_study

EPISODE_COLUMNS = ("episode_id", "onset_date", "end_date", "first_year", "last_year")
NUMBERS = ("estimate", "ci_low", "ci_high", "p_value")
COUNTS = ("n_units", "n_events", "exposed_events")
PRIMARY = "primary"
#: What can have another name than before.
KINDS = ("column", "role", "estimate", "result")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states.

    Attributes
    ----------
    name : str
        As the user gave it.
    episodes : DataFrame
        `EPISODE_COLUMNS`; dates as ISO text, none where an episode goes on.
    locations : dict
        Episode → name of its location, where it is known.
    estimates : DataFrame or None
        All estimates, by ``estimate_id``; None if there are none.
    verdicts : dict
        Hypothesis → code of its verdict.
    results : dict
        Hypothesis → id of its result.
    profiles : dict
        Hypothesis → profile of its run; without those whose record names none.
    """

    name: str
    episodes: pd.DataFrame
    locations: dict[str, str]
    estimates: pd.DataFrame | None
    verdicts: dict[str, str]
    results: dict[str, str]
    profiles: dict[str, str] = field(default_factory=dict)

    @property
    def profile(self) -> str:
        """Such as ``quick``, or ``full and quick``; ``none named`` where no record names one."""
        return " and ".join(sorted({*self.profiles.values()})) or "none named"


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between two sides.

    Attributes
    ----------
    n_old, n_new, n_same : int
        Episodes of each side, and those with the same dates in both.
    episodes : DataFrame
        One row per episode that differs: episode_id, change (``added``, ``dropped``,
        ``re-dated``, or ``ended`` if it went on when the older side ended), location, onset_old,
        onset_new, end_old, end_new.
    estimates : DataFrame or None
        One row per estimate of either side, the primaries first: estimate_id, estimand, is_primary,
        each of `NUMBERS` and `COUNTS` ``_old`` and ``_new``, and is_same (the numbers agree); None
        unless both sides have estimates.
    verdicts : DataFrame or None
        One row per hypothesis: hypothesis, verdict_old, verdict_new, result_old, result_new, and
        result (``same``; ``renamed`` where `reports/RENAMED.csv` says that only names changed;
        ``changed``); None as above.
    profile_old, profile_new : str or None
        Profiles of the runs, where both sides have estimates.
    """

    n_old: int
    n_new: int
    n_same: int
    episodes: pd.DataFrame
    estimates: pd.DataFrame | None
    verdicts: pd.DataFrame | None
    profile_old: str | None = None
    profile_new: str | None = None


def side_of(name: str, project: Project) -> Side:
    """Read one side.

    Parameters
    ----------
    name : str
        A registered release such as ``20.1``, or a folder of the study.
    project : Project
        The present study; its crosswalk names the episodes of a release.

    Raises
    ------
    MissingInput
        If there is no such folder, or it holds no episodes.
    """
    releases = read_rules(project.raw / "rules", Vintages).crosswalk
    if name in releases:
        return side_of_vintage(name, project)
    folder = Path(name)
    if not folder.is_dir():
        raise MissingInput(
            f"{name}: neither a folder nor a release of the conflict data ({', '.join(releases)})."
        )
    own = Project(folder)
    episodes = read_table(own, "episodes", name)
    return Side(
        name,
        episodes[list(EPISODE_COLUMNS)],
        locations_of(episodes),
        *read_results(own, renamed(project), project),
    )


def renamed(project: Project) -> dict[str, dict[str, str]]:
    """Old → new names by kind (column, role, estimate, result) of `reports/RENAMED.csv`.

    Renamed twice, a name leads to the last; without the file nothing was renamed.
    """
    names: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    if not project.renamed.exists():
        return names
    for row in records_of(pd.read_csv(project.renamed, dtype=str)):
        own = names[str(row["kind"])]
        for old, new in own.items():
            if new == row["old"]:
                own[old] = str(row["new"])
        own[str(row["old"])] = str(row["new"])
    return names


def side_of_vintage(name: str, project: Project) -> Side:
    """The episodes of a release, from the committed crosswalk; it has no estimates."""
    crosswalk = read_table(project, "episode_crosswalk", "data/raw")
    suffix = name.replace(".", "")
    present = crosswalk[crosswalk[f"onset_date_{suffix}"].notna()]
    columns = {f"{c}_{suffix}": c for c in EPISODE_COLUMNS[1:]}
    episodes = present[["episode_id", *columns]].rename(columns=columns)
    return Side(
        name, episodes, locations_of(read_table(project, "episodes", "data/raw")), None, {}, {}
    )


def read_table(project: Project, name: str, where: str) -> pd.DataFrame:
    """One compiled raw table, years as numbers, all else as text."""
    path = project.raw / "compiled" / f"{name}.csv"
    if not path.exists():
        raise MissingInput(f"{where}: has no data/raw/compiled/{name}.csv. Is it a study's folder?")
    table = pd.read_csv(path, dtype=str)
    years = [c for c in table.columns if c.startswith(("first_year", "last_year"))]
    return table.astype(dict.fromkeys(years, "Int64"))


def locations_of(episodes: pd.DataFrame) -> dict[str, str]:
    """Episode → location, and conflict → location for episodes that stand elsewhere only."""
    of_episode = dict(zip(episodes["episode_id"], episodes["location"], strict=True))
    of_conflict = dict(zip(episodes["conflict_id"], episodes["location"], strict=True))
    return of_conflict | of_episode


def read_results(
    project: Project, names: dict[str, dict[str, str]], present: Project
) -> tuple[pd.DataFrame | None, dict[str, str], dict[str, str], dict[str, str]]:
    """All estimates, verdicts, result ids and profiles of a folder, by today's names; None if none.

    Numbers that the present study withholds are not among them.
    """
    folder = project.processed / "estimates"
    records = sorted(p for p in folder.glob("*.json") if (folder / f"{p.stem}.parquet").exists())
    if not records:
        return None, {}, {}, {}
    read = {p.stem: project.read_json(p) for p in records}
    declared = withheld.read(present)
    study = load_study(present) if present.study_file.exists() else None
    frames = []
    for h, record in read.items():
        rows = project.read("estimates", h).rename(columns=names["column"])
        for column, kind in (("role", "role"), ("estimate_id", "estimate")):
            rows[column] = rows[column].replace(names[kind])
        if study is None:  # a folder of results alone withholds nothing
            frames.append(rows)
            continue
        withdrawn = withheld.of(h, declared)
        why = withheld.reasons(rows, (), record["verdict"]["code"], withdrawn, study)
        frames.append(withheld.without_numbers(rows, why))
    estimates = pd.concat(frames, ignore_index=True)
    return (
        estimates,
        {h: r["verdict"]["code"] for h, r in read.items()},
        {h: r["result_id"] for h, r in read.items()},
        {h: p for h, r in read.items() if (p := r.get("provenance", {}).get("profile"))},
    )


def _same_result(old: str | None, new: str | None, names: Mapping[str, str]) -> str:
    """How the id of a result moved."""
    if old == new:
        return "same"
    if old is None or new is None:
        return "changed"
    return "renamed" if names.get(old) == new else "changed"


def difference_of(
    old: Side, new: Side, names: Mapping[str, str] | None = None, *, is_mixed: bool = False
) -> Difference:
    """Compare two sides.

    Parameters
    ----------
    old, new : Side
    names : mapping, optional
        Result ids that changed with a name alone, old → new.
    is_mixed : bool
        Compare results of different profiles too.

    Raises
    ------
    CollsecError
        If the two are the same release or the same folder, or if a hypothesis was run in another
        profile on one side: fewer draws alone move its intervals and p-values.
    """
    if old.name == new.name:
        raise CollsecError(f"{old.name} and {new.name} are the same: nothing to compare.")
    common = old.profiles.keys() & new.profiles.keys()
    if not is_mixed and any(old.profiles[h] != new.profiles[h] for h in common):
        raise CollsecError(
            f"{old.name} was run in profile {old.profile}, {new.name} in profile {new.profile}: "
            "the number of draws alone moves intervals and p-values. Run both in one profile, or "
            "compare them all the same with --mixed."
        )
    episodes, n_same = moved_episodes(old, new)
    estimates = verdicts = profile_old = profile_new = None
    if old.estimates is not None and new.estimates is not None:
        estimates = side_by_side(old.estimates, new.estimates)
        profile_old, profile_new = old.profile, new.profile
        verdicts = pd.DataFrame(
            [
                {
                    "hypothesis": h,
                    "verdict_old": old.verdicts.get(h),
                    "verdict_new": new.verdicts.get(h),
                    "result_old": old.results.get(h),
                    "result_new": new.results.get(h),
                    "result": _same_result(old.results.get(h), new.results.get(h), names or {}),
                }
                for h in sorted(old.verdicts | new.verdicts)
            ]
        )
    return Difference(
        len(old.episodes),
        len(new.episodes),
        n_same,
        episodes,
        estimates,
        verdicts,
        profile_old,
        profile_new,
    )


def moved_episodes(old: Side, new: Side) -> tuple[pd.DataFrame, int]:
    """Rows of the episodes that differ, and the number of those that do not."""
    before, after = indexed(old.episodes), indexed(new.episodes)
    last_old, last_new = int(old.episodes["last_year"].max()), int(new.episodes["last_year"].max())
    rows, n_same = [], 0
    for episode_id in sorted(before | after, key=number_of):
        was, now = before.get(episode_id), after.get(episode_id)
        if was and now:
            has_ended = bool(now["is_ended"]) and not was["is_ended"]
            if moved_dates(now, was, last_new, last_old):
                change = "re-dated"
            elif has_ended and last_new > last_old:
                change = "ended"
            else:
                n_same += 1
                continue
        else:
            change = "added" if now else "dropped"
        known = old.locations | new.locations
        rows.append(
            {
                "episode_id": episode_id,
                "change": change,
                "location": known.get(episode_id, known.get(episode_id.split("-")[0], "")),
                "onset_old": was and was["onset_date"],
                "onset_new": now and now["onset_date"],
                "end_old": was and was["end_date"],
                "end_new": now and now["end_date"],
            }
        )
    columns = ["episode_id", "change", "location", "onset_old", "onset_new", "end_old", "end_new"]
    return pd.DataFrame(rows, columns=columns), n_same


def indexed(episodes: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Episodes by id, with whether they have ended."""
    told = episodes.assign(is_ended=episodes["end_date"].notna())
    told["end_date"] = told["end_date"].astype(object).where(told["is_ended"], None)
    return {str(e["episode_id"]): e for e in records_of(told)}


def side_by_side(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Each estimate of either side with the numbers of both, the primaries first."""
    keys = ["estimate_id", "estimand", "is_primary"]
    sides = [
        side.assign(is_primary=side["role"] == PRIMARY)[[*keys, *NUMBERS, *COUNTS]].astype(
            dict.fromkeys(COUNTS, "Int64")
        )
        for side in (old, new)
    ]
    both = (
        sides[0]
        .merge(sides[1], on=keys, how="outer", suffixes=("_old", "_new"), validate="one_to_one")
        .sort_values(["is_primary", *keys[:2]], ascending=[False, True, True], ignore_index=True)
    )
    same = pd.Series(True, index=both.index)
    for number in NUMBERS:
        a, b = both[f"{number}_old"], both[f"{number}_new"]
        agree = (a - b).abs() <= 10.0**-RESULT_DIGITS * a.abs()
        same &= agree | (a.isna() & b.isna())
    return both.assign(is_same=same)
