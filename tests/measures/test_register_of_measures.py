"""The register of measures: what may be entered, and what is found by a name and a kind."""

from __future__ import annotations

import pandas as pd
import pytest

from collsec.core.errors import BadSpec
from collsec.histories.registry import BadDeclaration
from collsec.measures import MEASURES, get, names
from collsec.measures.registry import KINDS, SHARED, measure

pytestmark = pytest.mark.usefixtures("registers")


def test_a_measure_is_found_under_the_kinds_asked_for_alone() -> None:
    assert get("un_troops").kind == "exposure"
    assert get("un_troops", "exposure") is get("un_troops", "covariate", "exposure")
    with pytest.raises(BadSpec, match=r"unknown covariate 'un_troops'\..* Known: .*salience"):
        get("un_troops", "covariate")
    with pytest.raises(BadSpec, match="unknown covariate or outcome 'un_troops'"):
        get("un_troops", "covariate", "outcome")
    with pytest.raises(BadSpec, match=r"unknown measure 'un_trops'.*un_troops"):
        get("un_trops")


def test_names_of_one_kind_are_part_of_all_in_order() -> None:
    by_kind = {kind: names(kind) for kind in KINDS}
    assert "salience" in by_kind["covariate"] and "un_troops" in by_kind["exposure"]
    assert "salience" not in by_kind["exposure"] and "ever_vetoed" in by_kind["ever"]
    assert names() == sorted(name for found in by_kind.values() for name in found)


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadDeclaration, match="kind 'guess' is none of exposure, covariate"):

        @measure("guess", "A guess", uses=("episodes.onset_year",))
        def guessed(episodes: pd.DataFrame) -> pd.Series:
            return episodes["onset_year"]

    assert "guessed" not in MEASURES


@pytest.mark.parametrize("options", [None, {"scale": ("log",), "unit": ("year",)}])
def test_options_are_the_keyword_only_parameters(options: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(BadDeclaration, match=r"keyword-only parameters \['scale'\] and options"):

        @measure("covariate", "A year", uses=("episodes.onset_year",), options=options)
        def year_begun(episodes: pd.DataFrame, *, scale: str = "log") -> pd.Series:
            return episodes["onset_year"]

    assert "year_begun" not in MEASURES


def test_what_is_entered_is_shared_unless_it_is_a_hypothesis_own() -> None:
    count = len(SHARED)

    @measure("covariate", "A year", uses=("episodes.onset_year",), options={"scale": ("log",)})
    def year_begun(episodes: pd.DataFrame, *, scale: str = "log") -> pd.Series:
        return episodes["onset_year"]

    found = SHARED["year_begun"]
    assert (found.title, found.takes, found.is_own) == ("A year", ("episodes",), False)
    assert found.options == {"scale": ("log",)} and found.estimand == "hazard_ratio"
    assert len(SHARED) == count + 1 and "year_begun" in set(SHARED)
    MEASURES["year_begun"] = type(found)(
        "year_begun", year_begun, found.takes, found.uses, "covariate", "A year", is_own=True
    )
    assert len(SHARED) == count and "year_begun" not in set(SHARED)
    with pytest.raises(KeyError):
        SHARED["year_begun"]
    assert "year_begun" in names("covariate")
