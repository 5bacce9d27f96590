"""Exposures of which nothing can be estimated: a row with its reason each, and the run goes on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from collsec import pipeline
from collsec.cli.new import new, new_study
from collsec.cli.options import Kind
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.evidence.record import Record, load
from collsec.evidence.withheld import TOO_FEW
from for_all_tests import first
from mini.raw import build_raw
from mini.small_study import DRAWS

#: Bodies of measures, by what is odd about them: of spells, and of values known at onset.
SPELLS = {
    "nobody": "return _spells(wars.iloc[:0], 1)",
    "only_wars_that_go_on": "return _spells(wars[~wars['is_ended'].astype(bool)].iloc[:2], 1)",
    "one_war": "return _spells(wars[wars['is_ended'].astype(bool)].iloc[:1], 1)",
    "on_the_last_day": "return _spells(wars[wars['is_ended'].astype(bool)].iloc[:3], 10**6)",
    "everybody_at_once": "return _spells(wars, 0)",
    "everybody_next_day": "return _spells(wars, 1)",
}
VALUES = {
    "all_the_same": "return pd.Series(1.0, index=episodes.index)",
    "never_known": "return pd.Series(float('nan'), index=episodes.index)",
    "one_alone": "return (episodes.index == episodes.index[0]).astype(float)",
    "only_those_that_go_on": "return (~episodes['is_ended'].astype(bool)).astype(float)",
    "enormous": "return episodes['onset_year'] * 1e300",
    "infinite": "return episodes['onset_year'] * float('inf')",
}
MODULE = '''"""An odd exposure."""

import pandas as pd

from collsec.histories.registry import timeline
from collsec.measures.registry import measure


COLUMNS = ["conflict_id", "onset_date", "exit_date", "is_ended"]


@timeline(uses=[f"episodes.{{column}}" for column in COLUMNS])
def wars_of_{name}(episodes: pd.DataFrame) -> pd.DataFrame:
    """One step a war."""
    wars = episodes[COLUMNS]
    wars = wars.drop_duplicates("conflict_id", keep="last").astype({{"is_ended": int}})
    wars.insert(1, "from_date", wars["onset_date"])
    wars.insert(2, "known_from", wars["onset_date"])
    return wars.reset_index(drop=True)


def _spells(wars: pd.DataFrame, days: int) -> pd.DataFrame:
    on = wars["onset_date"] + pd.Timedelta(days=min(days, 3650))
    on = on.where(on < wars["exit_date"], wars["exit_date"])
    return pd.DataFrame(
        {{"conflict_id": wars["conflict_id"], "on_date": on, "off_date": pd.NaT}}
    ).astype({{"on_date": "datetime64[s]", "off_date": "datetime64[s]"}}).reset_index(drop=True)


@measure({kind!r}, "Odd: {name}", uses={uses!r})
def {name}({takes}):
    """Odd."""
    {body}
'''


def begin(folder: Path, name: str, body: str, *, is_timed: bool) -> None:
    """A hypothesis whose exposure is odd."""
    kind = "exposure" if is_timed else "covariate"
    new(Project(folder), Kind.HYPOTHESIS, name, exposure=kind)
    page = folder / "analyses" / name / f"{name}-question.qmd"
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"measure: \w+", f"measure: odd_{name}", text)
    text = text.replace(f"hypothesis: {name}\n", f"hypothesis: {name}\nmodules: [odd.py]\n")
    page.write_text(text, encoding="utf-8")
    table = f"wars_of_odd_{name}" if is_timed else "episodes"
    columns = ("conflict_id", "known_from") if is_timed else ("onset_year", "is_ended")
    module = MODULE.format(
        name=f"odd_{name}",
        kind=kind,
        uses=tuple(f"{table}.{column}" for column in columns),
        takes=f"{table}: pd.DataFrame",
        body=body.replace("wars", table) if is_timed else body,
    )
    (page.parent / "odd.py").write_text(module, encoding="utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of odd exposures on a handful of wars, up to its timelines."""
    folder = tmp_path_factory.mktemp("odd") / "study"
    new_study(folder)
    shutil.rmtree(folder / "data" / "raw")
    build_raw(folder)
    path = folder / "analyses" / "_study.yml"
    # A family of two asks for a multiple of 80, where one of three asks for 120.
    draws = DRAWS | {"rerandomization_draws": 80}
    few = ", ".join(f"{name}: {number}" for name, number in draws.items())
    text = re.sub(r"(quick|full): \{.*\}", rf"\1: {{{few}}}", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    for name, body in SPELLS.items():
        begin(folder, name, body, is_timed=True)
    for name, body in VALUES.items():
        begin(folder, name, body, is_timed=False)
    project = Project(folder)
    for stage in (pipeline.tables, pipeline.episodes, pipeline.timelines):
        stage(project)
    return folder


def estimated(folder: Path, name: str, shards: int = 1) -> Record:
    project = Project(folder)
    pipeline.panel(project, name)
    for k in range(1, shards + 1):
        pipeline.shard(project, name, "quick", f"{k}-of-{shards}")
    pipeline.estimate(project, name, "quick", shards)
    return load(project, name)


def test_a_cohort_of_nobody_is_refused_in_one_line(study: Path) -> None:
    with pytest.raises(CollsecError, match="no war is followed; none remains after the step"):
        pipeline.panel(Project(study), "never_known")


@pytest.mark.parametrize("name", [*SPELLS, *(n for n in VALUES if n != "never_known")])
def test_it_is_a_row_with_its_reason(study: Path, name: str) -> None:
    record = estimated(study, name)
    primary = record.primary
    if pd.isna(primary["estimate"]):
        # The estimator's own reason, or that the number exists and rests on too few cases.
        said = str(primary["note"])
        assert said.startswith("Not estimable: ") or said == TOO_FEW
        assert record.verdict.code == "not-estimable" or said != TOO_FEW
        assert primary[["ci_low", "ci_high", "p_value"]].isna().all()
    else:
        assert 0 < primary["estimate"] < float("inf")
    assert record.verdict.code not in ("supported", "contradicted", "no-effect")


@pytest.mark.parametrize("shards", first(3, 40))
def test_shards_without_work_are_empty_and_change_nothing(study: Path, shards: int) -> None:
    whole = estimated(study, "one_war").estimates
    split = estimated(study, "one_war", shards).estimates
    pd.testing.assert_frame_equal(whole, split)


@pytest.mark.full
def test_pages_say_that_nothing_could_be_estimated(study: Path) -> None:
    names = ("nobody", "all_the_same")
    path = study / "analyses" / "_study.yml"
    text = path.read_text(encoding="utf-8")
    listed = ", ".join(names)
    text = re.sub(r"(?m)^(hypotheses|primaries): \[[^\]]*\]", rf"\1: [{listed}]", text)
    path.write_text(text, encoding="utf-8")
    for name in names:
        estimated(study, name)
    project = Project(study)
    pipeline.synthesis(project)
    pipeline.reports(project)
    for name in names:
        page = study / "reports" / "site" / f"{name}-question.html"
        assert "ot estimable" in page.read_text(encoding="utf-8")
