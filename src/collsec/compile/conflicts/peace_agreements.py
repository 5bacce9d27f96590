"""Peace agreements and the episode of the conflict that each belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from collsec.compile.conflicts.spans import Spans, episode_near, spans_by_conflict
from collsec.compile.conflicts.ucdp import cells_of, named_actors
from collsec.compile.text import records_of
from collsec.core.errors import BadTable
from collsec.upstream.readers import read_columns

# Columns of the file → what an agreement provides for, in the order of UCDP's codebook.
PROVISIONS = {
    "cease": "ceasefire",
    "intarmy": "army_integration",
    "ddr": "disarmament",
    "withd": "foreign_withdrawal",
    "pp": "right_to_party",
    "intgov": "government_integration",
    "intciv": "civil_service_integration",
    "elections": "elections",
    "interim": "interim_government",
    "natalks": "national_talks",
    "shagov": "shared_government",
    "aut": "autonomy",
    "fed": "federalism",
    "ind": "independence",
    "ref": "referendum",
    "shaloc": "shared_local_government",
    "regdev": "regional_development",
    "cul": "cultural_freedoms",
    "demarcation": "border_demarcation",
    "locgov": "local_governance",
    "amn": "amnesty",
    "pris": "release_of_prisoners",
    "recon": "reconciliation",
    "return": "return_of_refugees",
    "reaffirm": "reaffirms_earlier",
    "outlin": "outlines_negotiations",
    "pko": "peacekeeping",
    "gender": "gender",
    "co_impl": "implementation_commission",
}
COLUMNS = (
    "paid",
    "conflict_id",
    "dyad_id",
    "actor_id",
    "actor_name",
    "pa_name",
    "pa_date",
    "pa_type",
    "procID",
    *PROVISIONS,
)
UNITED_NATIONS = "7052"  # UCDP's id of the organization as an actor
KINDS = {"1": "full", "2": "partial", "3": "process"}
YES_NO = {"1": True, "0": False}


def peace_agreements_from(
    path: Path, episodes: pd.DataFrame, dyads: pd.DataFrame, sources: tuple[str, str, str]
) -> pd.DataFrame:
    """One row per agreement and conflict.

    Parameters
    ----------
    path : Path
        UCDP Peace Agreement Dataset (``.xlsx``).
    episodes : DataFrame
        As `collsec.compile.conflicts.episodes.episodes_from` gives it.
    dyads : DataFrame
        As `collsec.compile.conflicts.dyads.dyads_from` gives it: the conflict of each dyad, and
        names of actors.
    sources : tuple of str
        Keys of the sources of agreements, episodes and dyads.

    Returns
    -------
    DataFrame
        Columns in the order of the schema, by day, agreement and conflict. Agreements on a
        conflict without an episode have no episode.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadTable
        If a column is missing, an agreement stands twice, a code or date is unknown, or a dyad or
        the name of an actor is.

    References
    ----------
    Pettersson, T., S. Högbladh and M. Öberg (2019). Organized violence, 1989–2018 and peace
    agreements. Journal of Peace Research 56(4). https://doi.org/10.1177/0022343319856046
    """
    raw = read_columns(path, COLUMNS)
    check(raw, path.name)
    conflicts = dict(zip(dyads["dyad_id"].astype(str), dyads["conflict_id"], strict=True))
    agreements = records_of(raw)
    names = names_of_actors(agreements, dyads)
    for at, a in zip(raw.index, agreements, strict=True):
        for column, known in (("dyad_id", conflicts), ("actor_id", names)):
            if unknown := [one for one in cells_of(a[column]) if one not in known]:
                raise BadTable(
                    path.name,
                    "is not among the dyads, or has no name.",
                    row=int(at) + 2,
                    column=column,
                    value=unknown[0],
                )
    spans = spans_by_conflict(episodes)
    rows = [
        row_of(agreement, int(conflict), spans, conflicts, names, sources)
        for agreement in agreements
        for conflict in cells_of(agreement["conflict_id"])
    ]
    table = pd.DataFrame(rows).sort_values(
        ["signed_date", "agreement_id", "conflict_id"], ignore_index=True
    )
    return table.astype({"days_since_onset": "Int64", "days_to_end": "Int64"})


def names_of_actors(agreements: list[dict[str, str]], dyads: pd.DataFrame) -> dict[str, str]:
    """UCDP's id of an actor → its name: as the agreements have it, else as the dyads do.

    Names with commas cannot be distinguished from lists where ids and names are not equally many.
    """
    lists = [
        (cells_of(a["actor_id"]), named_actors(a["actor_name"], a["actor_id"])) for a in agreements
    ]
    sides = [
        (d[f"side_{side}_id"], d[f"side_{side}"]) for d in records_of(dyads) for side in ("a", "b")
    ]
    known: dict[str, str] = {}
    for ids, names in (*lists, *sides):
        if len(ids) == len(names):
            for one, name in zip(ids, names, strict=True):
                known.setdefault(one, " ".join(name.split()))
    return known


def check(raw: pd.DataFrame, file: str) -> None:
    """Refuse doubled agreements and unknown codes or dates."""
    for column, wrong, what in (
        ("paid", raw.duplicated("paid"), "an agreement stands twice."),
        ("pa_type", ~raw["pa_type"].isin(KINDS), "unknown code."),
        *((c, ~raw[c].isin(YES_NO), "unknown code.") for c in PROVISIONS),
        ("pa_date", ~raw["pa_date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}"), "not a date."),
    ):
        if wrong.any():
            row = raw.index[wrong][0]
            raise BadTable(file, what, row=int(row) + 2, column=column, value=raw[column][row])


def row_of(
    agreement: dict[str, str],
    conflict_id: int,
    spans: Spans,
    conflicts: Mapping[str, int],
    names: Mapping[str, str],
    sources: tuple[str, str, str],
) -> dict[str, Any]:
    """One row of `peace_agreements_from`."""
    signed = date.fromisoformat(agreement["pa_date"])
    found = episode_near(spans, conflict_id, agreement["pa_date"])
    episode, timing = found if found else (None, None)
    onset = episode and date.fromisoformat(episode["onset_date"])
    end = date.fromisoformat(episode["end_date"]) if episode and episode["is_ended"] else None
    signatories = list(dict.fromkeys(cells_of(agreement["actor_id"])))
    return {
        "link_id": f"{agreement['paid']}/{conflict_id}",
        "agreement_id": int(agreement["paid"]),
        "conflict_id": conflict_id,
        "name": " ".join(agreement["pa_name"].split()),
        "signed_date": signed,
        "kind": KINDS[agreement["pa_type"]],
        "has_ceasefire": YES_NO[agreement["cease"]],
        "has_peacekeeping": YES_NO[agreement["pko"]],
        "provisions": [name for column, name in PROVISIONS.items() if YES_NO[agreement[column]]],
        "process_id": int(agreement["procID"]),
        "dyad_ids": [d for d in cells_of(agreement["dyad_id"]) if conflicts[d] == conflict_id],
        "signatory_ids": signatories,
        "signatories": [names[one] for one in signatories],
        "has_un_signatory": UNITED_NATIONS in signatories,
        "episode_id": episode and episode["episode_id"],
        "timing": timing,
        "days_since_onset": onset and (signed - onset).days,
        "days_to_end": end and (end - signed).days,
        "source": list(sources),
        "basis": "file",
    }
