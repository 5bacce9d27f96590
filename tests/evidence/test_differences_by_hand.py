"""Two releases of a few wars and estimates side by side, and effects that a test could show."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from by_hand import rows, told
from collsec.cli.main import app
from collsec.core.errors import CollsecError, MissingInput
from collsec.core.project import Project
from collsec.evidence.detectable import ENDS, RATIOS, along, detectable
from collsec.evidence.diff import (
    Side,
    difference_of,
    indexed,
    locations_of,
    moved_episodes,
    read_results,
    renamed,
    side_by_side,
    side_of,
)

# Episodes ---------------------------------------------------------------------------------------


def side(name: str, *episodes: tuple[str, str, str | None, int, int], **more: object) -> Side:
    frame = pd.DataFrame(
        episodes, columns=["episode_id", "onset_date", "end_date", "first_year", "last_year"]
    )
    own = {"locations": {}, "estimates": None, "verdicts": {}, "results": {}} | more
    return Side(name, frame, **own)  # type: ignore[arg-type]


OLD = side(
    "old",
    ("2-1", "1990-01-01", "1991-01-01", 1990, 1991),  # the same
    ("2-2", "1995-01-01", "1996-01-01", 1995, 1996),  # another onset
    ("2-10", "1998-01-01", "1999-01-01", 1998, 1999),  # another end
    ("3-1", "1999-01-01", None, 1999, 2000),  # goes on in both
    ("4-1", "1999-01-01", None, 1999, 2000),  # ends in the year of the older release's last
    ("5-1", "1999-01-01", None, 1999, 2000),  # had ended before it
    ("6-1", "1999-01-01", "1999-02-01", 1999, 1999),  # dropped
    locations={"6-1": "Six", "7": "Seven of old"},
)
NEW = side(
    "new",
    ("7-1", "2001-01-01", None, 2001, 2001),  # added
    ("2-1", "1990-01-01", "1991-01-01", 1990, 1991),
    ("2-2", "1995-01-02", "1996-01-01", 1995, 1996),
    ("2-10", "1998-01-01", "1999-01-02", 1998, 1999),
    ("3-1", "1999-01-01", None, 1999, 2001),
    ("4-1", "1999-01-01", "2000-05-01", 1999, 2000),
    ("5-1", "1999-01-01", "1999-05-01", 1999, 1999),
    locations={"2": "Two", "2-2": "Two and a half", "7": "Seven"},
)


def test_wars_that_moved_are_told_with_both_dates() -> None:
    found, n_same = moved_episodes(OLD, NEW)
    assert n_same == 2
    assert told(found) == [
        ("2-2", "re-dated", "Two and a half", "1995-01-01", "1995-01-02", "1996-01-01",
         "1996-01-01"),
        ("2-10", "re-dated", "Two", "1998-01-01", "1998-01-01", "1999-01-01", "1999-01-02"),
        ("4-1", "ended", "", "1999-01-01", "1999-01-01", None, "2000-05-01"),
        ("5-1", "re-dated", "", "1999-01-01", "1999-01-01", None, "1999-05-01"),
        ("6-1", "dropped", "Six", "1999-01-01", None, "1999-02-01", None),
        ("7-1", "added", "Seven", None, "2001-01-01", None, None),
    ]  # fmt: skip
    assert list(found.columns) == [
        "episode_id", "change", "location", "onset_old", "onset_new", "end_old", "end_new",
    ]  # fmt: skip


def test_an_end_is_news_only_of_a_later_release() -> None:
    same_year = side("b", ("4-1", "1999-01-01", "2000-05-01", 1999, 2000))
    before = side("a", ("4-1", "1999-01-01", None, 1999, 2000))
    for old, new in ((before, same_year), (same_year, before)):
        found, n_same = moved_episodes(old, new)
        assert n_same == 1 and found.empty and len(found.columns) == 7
    later = side(
        "c",
        ("4-1", "1999-01-01", "2000-05-01", 1999, 2000),
        ("5-1", "2001-01-01", None, 2001, 2001),
    )
    assert told(moved_episodes(before, later)[0], "episode_id", "change") == [
        ("4-1", "ended"),
        ("5-1", "added"),
    ]


def test_a_war_without_an_end_goes_on() -> None:
    made = indexed(OLD.episodes)
    assert (made["2-1"]["is_ended"], made["2-1"]["end_date"]) == (True, "1991-01-01")
    assert (made["3-1"]["is_ended"], made["3-1"]["end_date"]) == (False, None)


def test_a_location_is_that_of_the_war_or_of_its_conflict() -> None:
    frame = rows("episode_id conflict_id location", ("1-1", "1", "A"), ("1-2", "1", "B"))
    assert locations_of(frame) == {"1": "B", "1-1": "A", "1-2": "B"}


# Estimates --------------------------------------------------------------------------------------

_NUMBERS = (
    "estimate_id estimand role estimate ci_low ci_high p_value n_units n_events exposed_events"
)
BEFORE = rows(
    _NUMBERS,
    ("h1.b", "hazard_ratio", "secondary", 1.0, 0.5, 2.0, 0.5, 10, 9, 3),
    ("h1.a", "hazard_ratio", "lag", 2.0, 0.5, 8.0, None, 10, 9, 3),
    ("h1.primary", "hazard_ratio", "primary", 3.0, None, None, 0.1, 10, 9, None),
    ("h1.gone", "rate", "secondary", 4.0, None, None, 0.1, 10, 9, 1),
)


def test_estimates_agree_to_six_digits_and_primaries_come_first() -> None:
    after = BEFORE.copy()
    after.loc[0, "estimate"] = 1.0 + 0.9e-6
    after.loc[1, "ci_high"] = 8.0 + 9e-6
    after.loc[3, "estimate_id"] = "h1.new"
    found = side_by_side(BEFORE, after)
    assert told(found, "estimate_id", "is_primary", "estimate_old", "estimate_new", "is_same") == [
        ("h1.primary", True, 3.0, 3.0, True),
        ("h1.a", False, 2.0, 2.0, False),
        ("h1.b", False, 1.0, 1.0 + 0.9e-6, True),
        ("h1.gone", False, 4.0, None, False),
        ("h1.new", False, None, 4.0, False),
    ]
    assert told(found, "n_units_old", "exposed_events_new")[:2] == [(10, None), (10, 3)]
    for column, by in (("estimate", 1.1e-6), ("ci_low", 1e-6), ("p_value", 1e-6)):
        moved = BEFORE.copy()
        moved.loc[0, column] += by
        same = side_by_side(BEFORE, moved).set_index("estimate_id")["is_same"]
        assert not same["h1.b"] and same.sum() == 3, column
    lost = BEFORE.copy()
    lost.loc[0, "p_value"] = math.nan
    assert not side_by_side(BEFORE, lost).set_index("estimate_id").loc["h1.b", "is_same"]


def test_verdicts_stand_side_by_side_where_both_have_estimates() -> None:
    old = side(
        "a",
        ("1-1", "1990-01-01", None, 1990, 1990),
        estimates=BEFORE,
        verdicts={"h1": "mixed", "h2": "void", "h3": "mixed"},
        results={"h1": "h1@1", "h2": "h2@1", "h3": "h3@1"},
    )
    new = side(
        "b",
        ("1-1", "1990-01-01", None, 1990, 1990),
        ("1-2", "1995-01-01", None, 1995, 1995),
        estimates=BEFORE,
        verdicts={"h1": "mixed", "h2": "mixed", "h4": "mixed"},
        results={"h1": "h1@1", "h2": "h2@2", "h4": "h4@1"},
    )
    found = difference_of(old, new, {"h2@1": "h2@2", "h3@1": "h3@9"})
    assert (found.n_old, found.n_new, found.n_same) == (1, 2, 1)
    assert found.verdicts is not None and found.estimates is not None
    assert told(found.verdicts) == [
        ("h1", "mixed", "mixed", "h1@1", "h1@1", "same"),
        ("h2", "void", "mixed", "h2@1", "h2@2", "renamed"),
        ("h3", "mixed", None, "h3@1", None, "changed"),
        ("h4", None, "mixed", None, "h4@1", "changed"),
    ]
    assert len(found.estimates) == 4 and found.estimates["is_same"].all()
    unnamed = difference_of(old, new)
    assert unnamed.verdicts is not None
    assert unnamed.verdicts["result"].tolist() == ["same", "changed", "changed", "changed"]
    for one, other in ((OLD, new), (old, NEW)):
        part = difference_of(one, other)
        assert part.estimates is None and part.verdicts is None
    with pytest.raises(CollsecError, match="old and old are the same"):
        difference_of(OLD, OLD)


# What a test could show -------------------------------------------------------------------------


def test_the_detectable_effect_is_that_of_schoenfeld() -> None:
    found = detectable([20, 80], 0.2, alpha=0.05, power=0.8)
    assert list(found.columns) == [
        "exposed_events", "above", "below", "power_1.5", "power_2", "power_3",
    ]  # fmt: skip
    # Information 20 x 0.8 = 16 on the log ratio: a standard error of a quarter, then an eighth.
    for row, error in zip(found.itertuples(), (0.25, 0.125), strict=True):
        reach = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error
        assert row.above == pytest.approx(math.exp(reach), rel=1e-4)
        assert row.below == pytest.approx(math.exp(-reach), rel=1e-4)
        for ratio, power in zip(RATIOS, row[4:], strict=True):
            z = math.log(ratio) / error
            exact = stats.norm.sf(1.959964 - z) + stats.norm.cdf(-1.959964 - z)
            assert power == pytest.approx(exact, abs=1e-6)
    assert found["exposed_events"].tolist() == [20, 80]
    usual = detectable(ENDS, 0.2, alpha=0.05, power=0.8)
    assert usual["exposed_events"].tolist() == [5, 10, 15, 20, 30, 50, 100]


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(CollsecError, match=f"between 0 and 1, not at {share:g}"):
        detectable([20], share, alpha=0.05, power=0.8)
    assert len(detectable([20], 0.99, alpha=0.05, power=0.8)) == 1


def test_a_number_out_of_bounds_is_refused() -> None:
    for ends, power in ([0], 0.8), ([20], 1.5):
        with pytest.raises(CollsecError, match="collsec power: "):
            detectable(ends, 0.2, alpha=0.05, power=power)


def test_a_curve_runs_from_three_to_a_hundred_or_beyond() -> None:
    assert (along([20])[0], along([20])[-1]) == (3, 100)
    wider = along([2, 300])
    assert (wider[0], wider[-1]) == (2, 300)
    assert wider == sorted(set(wider)) and 40 < len(wider) <= 60


# Sides as they are read -------------------------------------------------------------------------

REPOSITORY = Project(Path(__file__).resolve().parents[2])


def study_of(
    folder: Path, *, renames: str = "", estimates: bool = True, profile: str | None = "quick"
) -> Project:
    """Return a folder of a study with two wars, and the estimates of one hypothesis."""
    for part in ("data/raw/compiled", "data/processed/estimates", "reports"):
        (folder / part).mkdir(parents=True)
    (folder / "data/raw/compiled/episodes.csv").write_text(
        "episode_id,conflict_id,location,onset_date,end_date,first_year,last_year\n"
        "1-1,1,One,1990-01-01,1991-01-01,1990,1991\n"
        "1-2,1,Uno,1995-01-01,,1995,1999\n",
        encoding="utf-8",
    )
    if estimates:
        own = BEFORE.rename(columns={"exposed_events": "exposed_ends"})
        own.to_parquet(folder / "data/processed/estimates/h1.parquet")
        for name in ("h1", "h9"):  # of h9 only the record is there
            (folder / f"data/processed/estimates/{name}.json").write_text(
                json.dumps(
                    {
                        "verdict": {"code": "mixed"},
                        "result_id": f"{name}.primary@1",
                        "provenance": {"profile": profile},
                    }
                ),
                encoding="utf-8",
            )
    if renames:
        text = f"kind,old,new,reason\n{renames}"
        (folder / "reports" / "RENAMED.csv").write_text(text, encoding="utf-8")
    return Project(folder)


def test_a_folder_is_a_side_with_its_estimates_by_today_s_names(
    tmp_path: Path, repository: Path
) -> None:
    present = Project(repository)
    project = study_of(tmp_path / "a")
    names = {kind: dict[str, str]() for kind in ("column", "role", "estimate", "result")}
    assert renamed(project) == names
    names["column"]["exposed_ends"] = "exposed_events"
    names["role"]["lag"] = "secondary"
    names["estimate"]["h1.gone"] = "h1.here"
    estimates, verdicts, results, profiles = read_results(project, names, present)
    assert estimates is not None
    assert told(estimates, "estimate_id", "role", "exposed_events") == [
        ("h1.b", "secondary", 3),
        ("h1.a", "secondary", 3),
        ("h1.primary", "primary", None),
        ("h1.here", "secondary", 1),
    ]
    assert (verdicts, results) == ({"h1": "mixed"}, {"h1": "h1.primary@1"})
    assert profiles == {"h1": "quick"}
    none = study_of(tmp_path / "b", estimates=False)
    assert read_results(none, names, present) == (None, {}, {}, {})


def test_a_quick_run_and_a_full_one_are_compared_only_on_request(tmp_path: Path) -> None:
    quick, full, old = (
        side_of(str(study_of(tmp_path / str(profile), profile=profile).root), REPOSITORY)
        for profile in ("quick", "full", None)
    )
    assert (quick.profile, full.profile, old.profile) == ("quick", "full", "none named")
    with pytest.raises(CollsecError) as raised:
        difference_of(quick, full)
    assert f"{quick.name} was run in profile quick, {full.name} in profile full" in str(
        raised.value
    )
    assert "--mixed" in str(raised.value)
    found = difference_of(quick, full, is_mixed=True)
    assert (found.profile_old, found.profile_new) == ("quick", "full")
    assert found.estimates is not None and found.estimates["is_same"].all()
    assert difference_of(old, full).profile_old == "none named"  # an early record names none
    arguments = ["diff", quick.name, full.name, "--root", str(REPOSITORY.root)]
    answer = CliRunner().invoke(app, arguments)
    assert isinstance(answer.exception, CollsecError) and not answer.output
    printed = CliRunner().invoke(app, [*arguments, "--mixed"]).output
    assert "Profile: quick → full." in printed and "number of draws alone" in printed
    release = CliRunner().invoke(app, ["diff", "20.1", full.name, "--root", str(REPOSITORY.root)])
    assert "Profile:" not in release.output and release.exit_code == 0


def test_a_name_that_changed_twice_leads_to_the_last(tmp_path: Path) -> None:
    renames = "role,a,b,x\nrole,b,c,x\nrole,q,r,x\nestimate,b,z,x\n"
    found = renamed(study_of(tmp_path / "a", renames=renames))
    assert found["role"] == {"a": "c", "b": "c", "q": "r"}
    assert found["estimate"] == {"b": "z"} and found["result"] == {}


def test_a_side_is_a_folder_or_a_release(tmp_path: Path) -> None:
    folder = study_of(tmp_path / "a").root
    found = side_of(str(folder), REPOSITORY)
    assert told(found.episodes) == [
        ("1-1", "1990-01-01", "1991-01-01", 1990, 1991),
        ("1-2", "1995-01-01", None, 1995, 1999),
    ]
    assert found.locations == {"1": "Uno", "1-1": "One", "1-2": "Uno"}
    assert found.name == str(folder) and found.verdicts == {"h1": "mixed"}
    release = side_of("20.1", REPOSITORY)
    assert len(release.episodes) == 567 and release.estimates is None
    assert list(release.episodes.columns) == list(found.episodes.columns)
    assert str(release.episodes["last_year"].dtype) == "Int64"
    with pytest.raises(MissingInput, match="neither a folder nor a release of the conflict data"):
        side_of(str(tmp_path / "nowhere"), REPOSITORY)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInput, match="Is it a study's folder"):
        side_of(str(tmp_path / "empty"), REPOSITORY)
