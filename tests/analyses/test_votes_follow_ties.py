"""Who casts a veto: members compared within one draft, and a known pull of ties recovered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from collsec_page.h3 import votes as module
from collsec_page.h3.votes import (
    members_on_drafts,
    votes_follow_ties,
    within_drafts,
)

from collsec.designs.inputs import prepare
from collsec.designs.parts import Context
from collsec.hypothesis.study import Draws
from collsec.hypothesis.validation import load
from collsec.measures.interest import P5
from study import PROJECT, study_inputs, texts_of


@pytest.fixture(scope="module")
def context() -> Context:
    inputs = study_inputs(load(PROJECT, "h3"))
    return Context(inputs, prepare(inputs, inputs.spec.exposure), Draws(40, 40, 49, 2))


def test_departures_are_from_the_mean_of_the_draft() -> None:
    rows = pd.DataFrame({"vote_id": ["a", "a", "b", "b"], "x": [1.0, 3.0, 10.0, 10.0]})
    assert within_drafts(rows, ["x"])["x"].tolist() == [-1.0, 1.0, 0.0, 0.0]


def test_every_vetoed_draft_has_a_caster_and_no_member_twice(context: Context) -> None:
    rows = members_on_drafts(context.inputs, None)
    assert not rows.duplicated(["vote_id", "power"]).any()
    assert set(rows["power"]) <= set(P5)
    assert rows["tie"].notna().all()
    assert rows.groupby("vote_id")["power"].size().between(2, 5).all()
    # The caster may be the host itself, or without a known tie; never more casters than vetoes.
    vetoes = context.inputs.acts[context.inputs.acts["act"] == "veto"].drop_duplicates("item_id")
    cast = vetoes.set_index("item_id")[[f"cast_{p}" for p in P5]].sum(axis=1)
    own = rows.groupby(["vote_id", "item_id"])["cast"].sum().reset_index()
    assert (own["cast"] <= own["item_id"].map(cast)).all()


def test_a_pull_of_ties_is_recovered_within_drafts_that_differ_in_level(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members cast a veto with probability 0.3 + 0.15 × tie + a level of the draft's own."""
    rng = np.random.default_rng(7)
    drafts = np.repeat(np.arange(400), 5)
    tie = rng.uniform(-1, 1, len(drafts)) + 0.8 * rng.standard_normal(400)[drafts]
    level = np.clip(0.35 - 0.2 * tie.reshape(-1, 5).mean(axis=1), 0.1, 0.6)[drafts]
    own = tie - tie.reshape(-1, 5).mean(axis=1)[drafts]
    rows = pd.DataFrame(
        {
            "vote_id": drafts.astype(str),
            "conflict_id": drafts % 40,
            "power": list(P5) * 400,
            "tie": tie,
            "cast": (rng.random(len(drafts)) < level + 0.1 * own).astype(float),
        }
    )
    monkeypatch.setattr(module, "members_on_drafts", lambda *_: rows.copy())
    found = {e.estimate_id: e for e in votes_follow_ties(context).estimates}
    true = 0.1 * tie.std()
    for name in ("tie", "tie_by_member"):
        estimate = found[f"h3.votes.{name}"]
        assert abs(estimate.estimate - true) < 3 * estimate.std_error
        assert estimate.ci_low > 0
    assert found["h3.votes.tie"].n_clusters == 40
    # Between drafts the relation is the other way round; only within them is it asked for.
    assert np.polyfit(rows["tie"], rows["cast"], 1)[0] < found["h3.votes.tie"].estimate


def test_the_part_counts_vetoes_members_and_conflicts(context: Context) -> None:
    made = votes_follow_ties(context)
    assert len(made.estimates) == 6
    first = made.estimates[0]
    rows = members_on_drafts(context.inputs, None)
    assert (first.n_units, first.n_events) == (len(rows), int(rows["cast"].sum()))
    assert texts_of("votes_follow_ties", made)["votes.vetoes"] == str(first.n_events)
    assert {e.role for e in made.estimates} == {"votes"}
