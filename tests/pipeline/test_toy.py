"""A hypothesis from outside, with measure, design, part, table, and timeline of its own.

Nothing under ``src/`` knows it. Its files are those of ``docs/extend.md``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from collsec.cli.new import with_item
from mini.lean_study import HYPOTHESES, ONE_SHARD, build_lean
from mini.small_study import DRAWS, RAW, REPOSITORY, collsec

pytestmark = [pytest.mark.pipeline, pytest.mark.full]

TOY = REPOSITORY / "tests" / "toy"
OTHERS = HYPOTHESES
CLAIM = {
    "claim_id": "C99",
    "quote": "droughts bring wars to an early end",
    "section": "Conclusion",
    "paragraph": "1",
    "kind": "causal",
    "statement": "Wars that begin in a drought end sooner.",
    "hypothesis": "toy",
    "estimand": "Hazard ratio of the end of war by drought at onset",
    "expected": "a hazard ratio above one",
    "tests": "toy.primary",
    "verdict_class": "tested",
    "reason": "Invented.",
    "source": "article",
    "basis": "document",
    "confidence": "1",
}


def digests(folder: Path, *stages: str) -> dict[str, str]:
    """SHA-256 of all that has been made of the other hypotheses, and of what all share."""
    processed = folder / "data" / "processed"
    return {
        path.relative_to(processed).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for stage in stages
        for path in sorted((processed / stage).iterdir())
        if path.is_file() and not path.name.startswith("toy")
    }


MADE = ("tables", "episodes", "timelines", "specs", "panels", "shards", "estimates")


BLOCK = re.compile(r"^`([\w./-]+)`\n\n````\w+\n(.*?)^````$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """Files of ``docs/extend.md``, by their paths."""
    text = (REPOSITORY / "docs" / "extend.md").read_text(encoding="utf-8")
    return {found[1]: found[2] for found in BLOCK.finditer(text)}


def add(folder: Path) -> None:
    """Follow ``docs/extend.md``: write its files, and list the hypothesis."""
    for name, text in blocks().items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    study = folder / "analyses" / "_study.yml"
    text = with_item(study.read_text(encoding="utf-8"), "hypotheses", "toy")
    study.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A finished study to which the toy has been added: what a dry run said, and what was made."""
    folder = tmp_path_factory.mktemp("toy") / "study"
    build_lean(folder, tmp_path_factory.mktemp("aside"))
    done = collsec(folder, "run", "--cores", "2", *ONE_SHARD)
    assert done.returncode == 0, done.stderr
    before = digests(folder, *MADE)
    add(folder)
    planned = collsec(folder, "run", "--dry-run", "--cores", "2", *ONE_SHARD)
    assert planned.returncode == 0, planned.stderr
    done = collsec(folder, "run", "--cores", "2", *ONE_SHARD)
    assert done.returncode == 0, done.stderr
    return {"folder": folder, "before": before, "planned": planned.stdout + planned.stderr}


@pytest.fixture(scope="module")
def folder(study: dict[str, object]) -> Path:
    return Path(str(study["folder"]))


def estimates(folder: Path, hypothesis: str) -> pd.DataFrame:
    path = folder / "data" / "processed" / "estimates" / f"{hypothesis}.parquet"
    return pd.read_parquet(path).set_index("estimate_id")


def test_the_guide_holds_every_file_as_it_is() -> None:
    there = {f"analyses/toy/{p.name}": p.read_text(encoding="utf-8") for p in TOY.glob("*.*")}
    assert blocks() == there


def test_a_number_leads_back_to_its_rows(folder: Path) -> None:
    done = collsec(folder, "trace", "toy.primary.hr", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["result_id"].startswith("toy.primary@")
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert stages["estimate"]["file"] == "data/processed/estimates/toy.parquet"
    assert stages["panel"]["file"] == "data/processed/panels/toy.parquet"
    assert "data/raw: episodes" in [stage["file"] for stage in found["stages"]]
    assert found["used"]
    shown = collsec(folder, "trace", found["result_id"])
    assert shown.returncode == 0 and "data/processed/panels/toy.parquet" in shown.stdout
    stale = collsec(folder, "trace", "toy.primary@000000")
    assert stale.returncode == 1 and "others were cited" in stale.stderr
    wrong = collsec(folder, "trace", "toy.primry")
    assert wrong.returncode == 1 and "Did you mean 'toy.primary'?" in wrong.stderr


def test_adding_it_makes_nothing_else_again(study: dict[str, object], folder: Path) -> None:
    after = digests(folder, *MADE)
    before = study["before"]
    assert isinstance(before, dict)
    # What all primaries say together is made again; nothing else of what was there is.
    moved = {name for name in after.keys() | before.keys() if after.get(name) != before.get(name)}
    assert moved == {"estimates/study.json"}
    assert not [h for h in OTHERS if re.search(rf"\b{h}\b", str(study["planned"]))]


def test_its_estimate_is_that_of_a_hand_calculation(folder: Path) -> None:
    rows = pd.read_parquet(folder / "data" / "processed" / "panels" / "toy.parquet")
    droughts = pd.read_csv(TOY / "toy.csv", parse_dates=["from_date", "to_date"])
    episodes = pd.read_csv(
        folder / RAW / "compiled" / "episodes.csv", parse_dates=["onset_date"]
    ).set_index("episode_id")

    def is_dry(unit: str) -> bool:
        war = episodes.loc[unit]
        own = droughts[droughts["gwno"] == int(str(war["gwno_loc"]).partition(";")[0])]
        # What began on the day of onset was not known before it; the day after the last ends it.
        begun = own["from_date"] < war["onset_date"]
        return bool((begun & (own["to_date"] + pd.Timedelta(days=1) >= war["onset_date"])).any())

    exposed = rows["unit_id"].map(is_dry).to_numpy()
    assert 10 < rows.loc[exposed, "event"].sum() < rows["event"].sum() - 10
    days, ends = (rows["stop"] - rows["start"]).to_numpy(), rows["event"].to_numpy(bool)
    d1, d0 = (ends & exposed).sum(), (ends & ~exposed).sum()
    ratio = d1 / days[exposed].sum() / (d0 / days[~exposed].sum())
    half = stats.norm.ppf(0.975) * math.sqrt(1 / d1 + 1 / d0)
    primary = estimates(folder, "toy").loc["toy.primary"]
    expected = [ratio, ratio * math.exp(-half), ratio * math.exp(half)]
    np.testing.assert_allclose(
        primary[["estimate", "ci_low", "ci_high"]].astype(float), expected, rtol=1e-12
    )
    assert (primary["exposed_events"], primary["n_events"]) == (d1, d1 + d0)
    assert primary["inference"] == "constant_rate"


def test_it_is_no_member_of_the_family(folder: Path) -> None:
    assert estimates(folder, "toy").loc["toy.primary", "level"] == pytest.approx(0.95)
    for other in OTHERS:
        rows = estimates(folder, other)
        assert rows.loc[f"{other}.primary", "level"] == pytest.approx(1 - 0.05 / len(OTHERS))
    path = folder / "data" / "processed" / "estimates" / "study.json"
    together = json.loads(path.read_text(encoding="utf-8"))
    assert sorted(together["p_holm"]) == sorted(OTHERS)
    assert together["families"]["toy"]["tests"] == 3  # by agreement; first wars; recurrent ones


def test_its_part_splits_the_wars(folder: Path) -> None:
    rows = estimates(folder, "toy")
    parts = rows.loc[["toy.first", "toy.recurrent"]]
    assert parts["n_events"].sum() == rows.loc["toy.primary", "n_events"]
    record = json.loads(
        (folder / "data" / "processed" / "estimates" / "toy.json").read_text(encoding="utf-8")
    )
    share = parts.loc["toy.recurrent", "n_units"] / rows.loc["toy.primary", "n_units"]
    assert record["quantities"]["recurrences.share"]["value"] == pytest.approx(share)
    assert record["diagnostics"]["null_calibration"]["draws"] == DRAWS["calibration_draws"]


def test_it_has_a_page_and_a_line_on_the_index_without_a_claim(folder: Path) -> None:
    site = folder / "reports" / "site"
    page = (site / "toy-drought.html").read_text(encoding="utf-8")
    ratio = estimates(folder, "toy").loc["toy.primary", "estimate"]
    assert f"{ratio:.2f}" in page
    assert "First wars, and wars with earlier episodes." in page
    assert (site / "toy-drought.pdf").stat().st_size > 1000
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "Do droughts shorten wars?" in index and "toy-drought.html" in index
    # With so few draws no verdict is printed, nor that its own calibration fails.
    assert "Needs the full profile" in index
    assert "toy.primary@" not in (site / "claims.html").read_text(encoding="utf-8")


def test_the_commands_know_it(folder: Path) -> None:
    said = {}
    for name, arguments in {
        "show": ("show", "toy"),
        "cite": ("cite", "toy"),
        "measure": ("codebook", "drought_at_onset"),
    }.items():
        done = collsec(folder, *arguments)
        assert done.returncode == 0, (name, done.stderr)
        said[name] = " ".join(done.stdout.split())
    assert "Drought in the host state at onset" in said["show"]
    assert "UCDP/PRIO" in said["cite"]
    assert "The host state was in a drought on the day before the war began." in said["measure"]


def test_a_claim_stands_with_it(study: dict[str, object], folder: Path) -> None:
    path = folder / RAW / "coded" / "claims.csv"
    with path.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        row = [CLAIM.get(name, "") for name in names]
        csv.writer(file, lineterminator="\n").writerow(row)
    done = collsec(folder, "run", "--cores", "2", *ONE_SHARD)
    assert done.returncode == 0, done.stderr
    assert study["before"] == digests(folder, *MADE) | {
        "estimates/study.json": study["before"]["estimates/study.json"]  # type: ignore[index]
    }
    page = (folder / "reports" / "site" / "claims.html").read_text(encoding="utf-8")
    assert "Wars that begin in a drought end sooner." in page
    assert "toy-drought.html" in page
