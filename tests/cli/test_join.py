"""Public tables joined without suffixes, and a codebook that shows what it says."""

from __future__ import annotations

import pandas as pd
import pytest

import collsec as cs
from collsec.api import UnknownName
from collsec.core.errors import CollsecError
from collsec.histories.public import PUBLIC, joined
from collsec.tables.codebook import UnknownColumn
from study import REPOSITORY


def test_spells_and_episodes_join_without_suffixes() -> None:
    whole = cs.join("spells", "episodes", root=REPOSITORY)
    spells = cs.load("episode_spells", root=REPOSITORY)
    assert len(whole) == len(spells) == whole["stop"].notna().sum()
    assert not [c for c in whole if c.endswith(("_x", "_y"))] and whole.columns.is_unique
    # Both tell how the episode ended, and agree; spells have clocks of their own.
    assert "outcome" in whole and "episodes_outcome" not in whole
    assert (whole["episodes_start"] <= whole["start"]).all()
    one = whole[whole["episode_id"] == "209-2"].iloc[0]
    there = cs.load("episodes", root=REPOSITORY).set_index("episode_id").loc["209-2"]
    assert one["gwno_host"] == there["gwno_host"]
    assert one["incompatibility"] == there["incompatibility"]


def test_what_a_join_does_by_hand() -> None:
    """A column that agrees stands once; one that differs in one row is named apart."""
    dyads, episodes = PUBLIC["dyads"], PUBLIC["dyad_episodes"]
    rows = pd.DataFrame({"dyad_id": [2, 1, 3], "same": [5, 4, 9], "other": [1.0, None, 7.0]})
    others = pd.DataFrame(
        {"dyad_id": [1, 2], "same": [4, 5], "other": [2.0, 1.0], "new": ["a", "b"]}
    )
    found = joined(episodes, dyads, rows, others)
    assert list(found) == ["dyad_id", "same", "other", "dyads_other", "new"]
    assert found["dyads_other"].tolist()[:2] == [1.0, 2.0]
    assert found["new"].tolist()[:2] == ["b", "a"] and found["new"].isna().tolist()[2]
    with pytest.raises(CollsecError, match="dyad_episodes has no dyad_id, the key of dyads"):
        joined(episodes, dyads, rows.drop(columns="dyad_id"), others)


def test_names_of_tables_and_columns_that_do_not_exist() -> None:
    with pytest.raises(UnknownName, match=r"'episods'.*Did you mean 'episodes'"):
        cs.join("spells", "episods", root=REPOSITORY)
    with pytest.raises(UnknownName, match=r"may be mission_months or conflict_months"):
        cs.join("months", "episodes", root=REPOSITORY)
    with pytest.raises(UnknownColumn, match="Did you mean"):
        cs.codebook("onset_dat", root=REPOSITORY)


def test_the_codebook_of_a_table_has_its_columns_in_order() -> None:
    book = cs.codebook("episodes", root=REPOSITORY)
    assert book["column"].tolist() == list(PUBLIC["episodes"].columns)
    assert (book["title"] != "").all() and (book["definition"] != "").all()
    assert cs.codebook("p5_ties", root=REPOSITORY)["table"].unique().tolist() == ["p5_ties"]


def test_values_are_those_of_the_tables_that_a_column_is_from() -> None:
    """`kind` is a column of vetoes, of peace agreements, and of claims, too."""
    book = cs.codebook("public/votes", root=REPOSITORY).set_index("column")["values"]
    assert book["kind"] == "one of vetoed_draft, resolution"
    assert book["rule"] == "one of veto, record, text, remainder"
    assert book["action_class"].endswith("other, unclassified")


def test_the_codebook_shows_whole_definitions() -> None:
    book = cs.codebook("outcome", root=REPOSITORY)
    told = " ".join(str(book).split())
    assert " ".join(book["definition"].iloc[0].split()) in told
    assert max(map(len, str(book).splitlines())) <= 100
    assert "not_covered" in book._repr_html_()
    assert type(book[["column"]]) is pd.DataFrame


def test_every_public_column_has_a_title_and_a_unit() -> None:
    for name, table in PUBLIC.items():
        book = cs.codebook(f"public/{name}", root=REPOSITORY)
        assert len(book) == len(table.columns)
        assert (book[["title", "unit", "definition"]] != "").all(axis=None), name
        assert book["title"].str.len().max() <= 80
