"""Which effect so many exposed ends could show, by the normal approximation."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from scipy import stats

import report_study as made_up
from collsec.core.errors import CollsecError
from collsec.core.project import Project
from collsec.evidence.detectable import along, detectable, in_study


def test_the_detectable_ratio_is_that_of_its_information() -> None:
    found = detectable([20, 80], 0.2, alpha=0.05, power=0.8)
    assert found["exposed_events"].tolist() == [20, 80]
    # Twenty exposed ends beside eighty others hold 20 · 0.8 = 16 of information: an error of 1/4.
    needed = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert found["above"].tolist() == pytest.approx([math.exp(needed / 4), math.exp(needed / 8)])
    assert (found["above"] * found["below"]).tolist() == pytest.approx([1.0, 1.0])
    # At that error a doubled rate lies 2.8 errors from one.
    z = math.log(2.0) * 4
    power = stats.norm.sf(1.959964 - z) + stats.norm.cdf(-1.959964 - z)
    assert found["power_2"][0] == pytest.approx(power, abs=1e-6)
    assert list(found.columns[3:]) == ["power_1.5", "power_2", "power_3"]


@pytest.mark.parametrize(
    ("ends", "share", "needle"),
    [
        ((10,), 0.0, "a share lies between 0 and 1, not at 0"),
        ((10,), 1.0, "a share lies between 0 and 1, not at 1"),
        ((0,), 0.5, "collsec power"),
    ],
)
def test_what_has_no_information_is_refused(
    ends: tuple[int, ...], share: float, needle: str
) -> None:
    with pytest.raises(CollsecError, match=needle):
        detectable(ends, share, alpha=0.05, power=0.8)


def test_a_smooth_curve_goes_from_three_to_a_hundred_at_least() -> None:
    usual = along([10, 20])
    assert usual[:4] == [3, 4, 5, 6] and usual[-1] == 100 and usual == sorted(set(usual))
    wide = along([2, 400])
    assert (wide[0], wide[-1]) == (2, 400)


def test_primaries_in_time_are_listed_where_their_records_are(
    tmp_path: Path, repository: Path
) -> None:
    project = Project(made_up.write_study(tmp_path / "study", repository, ("h1", "h3")))
    path = project.record("h3")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["spec"] = record["spec"] | {"design": "fixed_at_onset"}
    path.write_text(json.dumps(record), encoding="utf-8")
    found = in_study(project)
    assert found["hypothesis"].tolist() == ["h1"]
    assert found["exposed_events"].tolist() == [23]
    assert found[["above", "below"]].to_numpy().tolist() == [[2.2, 0.46]]
    assert "termination" in found["outcome"][0]
