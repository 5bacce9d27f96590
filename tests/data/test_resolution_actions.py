"""What resolutions do: rules on the words of the texts, against two readings of sixty each."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from coding_rules import rules
from collsec.compile.council.actions import ActionRules, with_actions
from collsec.compile.council.votes import NAME_OF_TEXT
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_texts

LAST_TEXT = 2259
# Drawn from the resolutions to 2015 that are linked to a war; the second without the first.
SEEDS = (20261202, 20261203)
READ = (
    {
        "enforcement": (908, 1623, 1790, 1962, 2010, 2069, 2100, 2211),
        "mission": (
            *(48, 452, 622, 693, 727, 785, 793, 852, 869, 909, 1012, 1030, 1050, 1066, 1240, 1257),
            *(1258, 1341, 1365, 1572, 1619, 1697, 1866, 1872, 2043, 2063, 2096, 2102, 2245),
        ),
        "sanctions": (566, 1156, 1363, 1472, 2076),
        "condemnation": (347, 359, 573, 673, 771, 1072, 1073, 1219, 1435, 1860),
        "ceasefire_call": (205, 508),
        "other": (12, 41, 323, 623, 637, 1593),
    },
    {
        "enforcement": (1389, 1510, 1744, 2147, 2149),
        "mission": (
            *(17, 67, 73, 326, 327, 575, 587, 601, 632, 639, 654, 659, 810, 850, 872, 891, 892),
            *(912, 932, 1039, 1061, 1095, 1128, 1173, 1188, 1229, 1700, 1830, 1991, 1997, 2040),
            2061,
        ),
        "sanctions": (318, 388, 558, 757, 1374, 1532, 1665, 2060, 2111, 2138),
        "condemnation": (245, 310, 424, 688, 859, 863),
        "ceasefire_call": (210, 258, 358),
        "other": (90, 591, 658, 1226),
    },
)
# Where rule and reading differ today. 591 is not among them: its text on file is another one.
DIFFER = ({566, 1050, 1472, 2076}, {210, 591, 658, 688, 1389})

# Rows of `resolution_conflicts` by the strongest action.
LINKS_TO_2015 = {
    "mission": 534,
    "condemnation": 209,
    "other": 162,
    "sanctions": 152,
    "enforcement": 121,
    "ceasefire_call": 30,
    "": 1,
}
LINKS_SINCE = {
    "": 166,
    "mission": 69,
    "sanctions": 59,
    "enforcement": 27,
    "condemnation": 8,
    "ceasefire_call": 1,
}


@pytest.fixture(scope="module")
def texts(shared: Path) -> Mapping[int, str]:
    archive = shared / "upstream" / "security_council" / "resolution_texts_1946_2015.tar.xz"
    return {int(number): text for number, text in read_texts(archive, NAME_OF_TEXT).items()}


def read(repository: Path, name: str) -> pd.DataFrame:
    folders = (repository / "data" / "raw" / folder for folder in ("coded", "compiled"))
    path = next(p for f in folders if (p := f / f"{name}.csv").exists())
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def numbers(rows: pd.DataFrame, column: str = "item_id") -> pd.Series:
    return rows[column].str.extract(r"S/RES/(\d+)")[0].astype(int)


def kappa(one: list[str], other: list[str]) -> float:
    """Cohen's."""
    by_chance = sum(one.count(k) * other.count(k) for k in set(one)) / len(one) ** 2
    agree = sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
    return (agree - by_chance) / (1 - by_chance)


@pytest.mark.parametrize("sample", [0, 1])
def test_rules_agree_with_a_reading(
    repository: Path, texts: Mapping[int, str], sample: int
) -> None:
    linked = numbers(read(repository, "resolution_conflicts")).drop_duplicates()
    # S/RES/111 was linked to a war by mistake on the day of the draw, and is none of the links now.
    linked = pd.concat([linked, pd.Series([111])])
    drawn: list[int] = []
    for seed in SEEDS[: sample + 1]:
        left = sorted(set(linked[linked <= LAST_TEXT]) - set(drawn))
        drawn = random.Random(seed).sample(left, 60)
    reading = {number: action for action, read_so in READ[sample].items() for number in read_so}
    assert sorted(reading) == sorted(drawn)
    actions = rules(ActionRules)
    ruled = {n: (actions.actions_of(texts[n]) or ["unclassified"])[0] for n in reading}
    assert {n for n in reading if reading[n] != ruled[n]} == DIFFER[sample]
    assert kappa([ruled[n] for n in drawn], [reading[n] for n in drawn]) > 0.85


@pytest.mark.parametrize(
    ("number", "actions"),
    [
        (83, ["enforcement"]),  # it recommends force; the call for a cease-fire is in 82
        (186, ["mission"]),
        (242, ["other"]),
        (253, ["sanctions", "condemnation"]),
        (338, ["ceasefire_call"]),
        (418, ["sanctions"]),
        (465, ["mission", "condemnation"]),
        (502, ["condemnation"]),
        (678, ["enforcement"]),
        (794, ["enforcement"]),
        (827, ["other"]),
        (1267, ["sanctions"]),
        (1593, ["other"]),
        (2165, ["enforcement"]),
    ],
)
def test_known_texts(texts: Mapping[int, str], number: int, actions: list[str]) -> None:
    found = rules(ActionRules).actions_of(texts[number])
    assert found[0] == actions[0] and set(actions) <= set(found)


@pytest.mark.parametrize(
    ("number", "action"),
    [
        (82, "enforcement"),  # Korea, before the Council recommended force
        (186, "enforcement"),
        (1076, "enforcement"),  # calls on the parties to renounce force
        (242, "mission"),  # a Special Representative is no mission
        (827, "mission"),  # a tribunal
        (1373, "mission"),
        (1593, "sanctions"),
        (338, "condemnation"),
        (2254, "sanctions"),
        (687, "ceasefire_call"),
    ],
)
def test_what_known_texts_do_not_do(texts: Mapping[int, str], number: int, action: str) -> None:
    assert action not in rules(ActionRules).actions_of(texts[number])


def test_a_preamble_does_nothing() -> None:
    text = (
        "The Security Council,\nRecalling its decision to impose an arms embargo,\n"
        "Condemning all attacks,\n1. Decides to extend the mandate of UNDOF until 30 June 1995,"
        " and demands that all parties comply;\n2. Requests the Secretary-General to report.\n"
    )
    actions = rules(ActionRules)
    assert actions.clauses(text) == [
        "Decides to extend the mandate of UNDOF until 30 June 1995",
        "demands that all parties comply;",
        "Requests the Secretary-General to report.",
    ]
    assert actions.actions_of(text) == ["mission", "condemnation"]
    assert actions.actions_of("A note on something else.") == []


def test_counts_by_class(repository: Path) -> None:
    resolutions, links = read(repository, "resolutions"), read(repository, "resolution_conflicts")
    first = resolutions.set_index("resolution_id")["actions"].str.split(";").str[0]
    to_2015 = numbers(resolutions, "resolution_id") <= LAST_TEXT
    assert first[to_2015.to_numpy()].value_counts().to_dict() == {
        "mission": 998,
        "other": 574,
        "sanctions": 267,
        "condemnation": 253,
        "enforcement": 134,
        "ceasefire_call": 30,
        "": 3,
    }
    of_links = links["item_id"].map(first)
    before = numbers(links) <= LAST_TEXT
    assert of_links[before].value_counts().to_dict() == LINKS_TO_2015
    assert of_links[~before].value_counts().to_dict() == LINKS_SINCE
    unclassified = resolutions.loc[to_2015 & (resolutions["actions"] == ""), "number"]
    assert unclassified.to_list() == ["1", "109", "591"]


def test_class_is_that_of_the_strongest_action(repository: Path) -> None:
    resolutions = read(repository, "resolutions")
    strongest = resolutions["actions"].str.split(";").str[0]
    classes = rules(ActionRules).classes | {"": "unclassified"}
    assert resolutions["action_class"].to_list() == [classes[a] for a in strongest]
    order = rules(ActionRules).order
    for actions in resolutions["actions"][resolutions["actions"] != ""]:
        ranks = [order.index(a) for a in actions.split(";")]
        assert ranks == sorted(set(ranks)) and ("other" not in actions or actions == "other")


def test_two_data_sets_bear_the_classes_out(repository: Path) -> None:
    """Texts to which TAMM ascribes a mandate; first days of sanctions are in the next test."""
    resolutions = read(repository, "resolutions").set_index("number")
    mandates = resolutions[resolutions["missions"] != ""]
    found = mandates["actions"].str.contains("enforcement|mission")
    assert len(mandates) == 144
    assert set(found.index[~found]) == {"119", "689", "783", "835", "863", "1094", "2153"}


@pytest.mark.parametrize(
    "number",
    (
        *(232, 418, 661, 713, 748, 733, 788, 841, 864, 918, 1132, 1160, 1267, 1298, 1493, 1556),
        *(1572, 1636, 1718, 1737, 1970, 2048, 2127, 2140, 2206),
    ),
)
def test_regimes_begin_with_sanctions(repository: Path, number: int) -> None:
    resolutions = read(repository, "resolutions").set_index("number")
    assert "sanctions" in resolutions.loc[str(number), "actions"].split(";")


@pytest.mark.parametrize("name", ["resolution_actions", "chapter_vii"])
def test_every_later_row_has_a_document_of_its_own(repository: Path, name: str) -> None:
    table = read(repository, name)
    later = table[table["number"].astype(int) > LAST_TEXT]
    assert len(later) == {"resolution_actions": 193, "chapter_vii": 73}[name]
    assert later["source"].str.match(r"https?://\S+$").all()
    assert set(later["basis"]) == {"document"}
    assert later["number"].is_unique


def test_false_since_2016_needs_the_text(repository: Path) -> None:
    table = read(repository, "chapter_vii")
    later = table[table["number"].astype(int) > LAST_TEXT]
    false = later[later["is_chapter_vii"] == "false"].set_index("number")
    assert set(false.index) == {"2403", "2487", "2583", "2673", "2728", "2774"}
    assert set(false.index[false["confidence"] == "2"]) == {"2487", "2728"}
    assert (false.loc[["2487", "2728"], "note"] != "").all()


def coded(tmp_path: Path, *rows: tuple[int, str]) -> Path:
    path = tmp_path / "resolution_actions.csv"
    named = pd.DataFrame(rows, columns=["number", "actions"]).assign(source="https://example.org")
    named.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((2261, "misison"), "no such action"),
        ((9999, "mission"), "no such resolution"),
        ((242, "mission"), "its text is on file"),
    ],
)
def test_a_wrong_coded_row_is_refused(
    shared: Path, tmp_path: Path, row: tuple[int, str], said: str
) -> None:
    known = pd.DataFrame({"number": [242, 2260, 2261], "source": [["a"], ["a"], ["a"]]})
    archive = shared / "upstream" / "security_council" / "resolution_texts_1946_2015.tar.xz"
    with pytest.raises(BadTable, match=said):
        with_actions(known, archive, coded(tmp_path, row), rules(ActionRules))


@pytest.mark.full
def test_texts_come_from_the_file_and_later_ones_from_the_table(
    shared: Path, tmp_path: Path
) -> None:
    known = pd.DataFrame({"number": [242, 2260, 2261], "source": [["a"], ["a"], ["a"]]})
    archive = shared / "upstream" / "security_council" / "resolution_texts_1946_2015.tar.xz"
    table = with_actions(
        known, archive, coded(tmp_path, (2261, "sanctions;mission")), rules(ActionRules)
    )
    assert table["actions"].to_list() == [["other"], [], ["mission", "sanctions"]]
    assert table["action_class"].to_list() == ["other", "unclassified", "enforcement_or_mission"]
    assert table["source"].to_list() == [
        ["a", "resolution_texts"],
        ["a"],
        ["a", "https://example.org"],
    ]
