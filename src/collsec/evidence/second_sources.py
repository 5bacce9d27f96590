"""The tables against second publications, and codings against one another.

Pure functions of the typed tables; each gives one tidy frame. What a publication has and the study
does not carry is no part of them: each compares rows that both have.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from collsec.histories.public.keys import number_of, repeated
from collsec.tables.repeat_coding import agreement, kappa
from collsec.tables.statecodes import PERMANENT

#: Publication → column of ``mission_labels`` with its label of an operation.
LABELS = {
    "tamm": "tamm_label",
    "personnel_shortfall": "shortfall_label",
    "geo_pko": "geo_pko_label",
    "bara_hultman": "bara_hultman_label",
    "troop_contributors": "contributors_label",
}
PEOPLE = ("troops", "police", "observers", "total")
#: The years that UCDP ESD covers.
SUPPORT_YEARS = (1975, 2017)


def operations_known(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """UN operations that each publication has under a label of its own.

    Returns
    -------
    DataFrame
        ``publication, operations``.
    """
    labels = tables["mission_labels"]
    return pd.DataFrame(
        [
            {"publication": name, "operations": int(labels[column].notna().sum())}
            for name, column in LABELS.items()
        ]
    )


def people_counted(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """People by operation and month in two publications: IPI, and Bara and Hultman.

    Returns
    -------
    DataFrame
        ``kind, operations, months, equal_share, nearly_share, correlation``: months for which both
        have a number, the share with the same one, that with one of at most a twentieth less or
        more, and Pearson's correlation.
    """
    months = tables["personnel_months"]
    found = []
    for kind in PEOPLE:
        known = months[months[f"{kind}_difference"].notna()]
        theirs = known[f"counted_{kind}"].astype(float)
        apart = known[f"{kind}_difference"].astype(float)
        ours = theirs - apart
        found.append(
            {
                "kind": kind,
                "operations": known["mission_id"].nunique(),
                "months": len(known),
                "equal_share": float((apart == 0).mean()),
                "nearly_share": float((apart.abs() <= ours / 20).mean()),
                "correlation": float(ours.corr(theirs)),
            }
        )
    return pd.DataFrame(found)


def contributors_found(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Contributing states by operation and year: the maps of Geo-PKO, and the UN's figures.

    Returns
    -------
    DataFrame
        One row: ``operation_years`` in both; ``mapped_states`` of them on the maps, and
        ``found_states`` of these in the figures; ``correlation`` of the shares of states of which
        the maps give a size; ``sized_years`` in which they give one of any, ``same_largest`` of
        these with the same largest contributor.
    """
    key = ["mission_id", "year", "gwno"]
    figures = tables["contributor_years"][[*key, "people_share"]]
    maps = tables["mapped_contributors"].dropna(subset=["gwno"])
    years = figures[key[:2]].drop_duplicates().merge(maps[key[:2]].drop_duplicates())
    mapped = maps.merge(years)
    both = mapped.merge(figures, on=key)
    sized = both.dropna(subset=["nominal_share"])
    of_maps, of_figures = (
        frame.dropna(subset=[share])
        .sort_values([share, "gwno"], ascending=[False, True])
        .groupby(key[:2])["gwno"]
        .first()
        for frame, share in ((mapped, "nominal_share"), (figures, "people_share"))
    )
    return pd.DataFrame(
        [
            {
                "operation_years": len(years),
                "mapped_states": len(mapped),
                "found_states": len(both),
                "correlation": float(sized["nominal_share"].corr(sized["people_share"])),
                "sized_years": len(of_maps),
                "same_largest": int((of_maps == of_figures.reindex(of_maps.index)).sum()),
            }
        ]
    )


def troops_on_maps(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Troops on the maps of Geo-PKO against those counted in the same month.

    Returns
    -------
    DataFrame
        One row: ``operations, months, correlation``.
    """
    counted = by_month(tables["monthly_strength"], ["troops"]).dropna(subset=["troops"])
    maps = tables["mission_locations"][["mission_id", "month", "mapped_troops"]]
    maps = maps.assign(number=number_of(maps["month"], is_monthly=True))
    both = maps.dropna(subset=["mapped_troops"]).merge(counted, on=["mission_id", "number"])
    ours, theirs = (both[c].astype(float) for c in ("troops", "mapped_troops"))
    row = {
        "operations": both["mission_id"].nunique(),
        "months": len(both),
        "correlation": float(ours.corr(theirs)),
    }
    return pd.DataFrame([row])


def links_by_rule(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Links of operations to conflicts by the rule that settles them.

    Returns
    -------
    DataFrame
        ``rule, un, other``: links of operations of the UN, and of others.
    """
    links = tables["mission_conflicts"]
    links = links[links["conflict_id"].notna()]
    sponsor = links["mission_id"].map(tables["missions"].set_index("mission_id")["sponsor"])
    side = pd.Series(np.where(sponsor == "un", "un", "other"), index=links.index)
    counts = pd.crosstab(links["rule"].astype(str), side)
    return counts.reindex(columns=["un", "other"], fill_value=0).reset_index()


def own_troops(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Permanent members with troops of their own in wars within states: UCDP ESD, and UCDP/PRIO.

    Pairs of a permanent member and an episode that was active while UCDP ESD covers it. In
    UCDP/PRIO a state with troops in a war within another is a secondary party.

    Returns
    -------
    DataFrame
        ``power, in_both, in_esd_alone, in_acd_alone, in_acd_alone_covered``; of the last, episodes
        that ESD covers from their first year to their last.
    """
    first, last = SUPPORT_YEARS
    episodes = tables["episodes"]
    types = episodes["type_at_onset"].isin(["intrastate", "internationalized"])
    within = episodes[types & (episodes["first_year"] <= last) & (episodes["last_year"] >= first)]
    is_covered = within["first_year"].ge(first) & within["last_year"].le(last)
    support = tables["external_support"]
    sent = support[support["has_own_troops"].fillna(False)]
    parties = [
        {int(code) for cell in cells if pd.notna(cell) for code in str(cell).split(";")}
        for cells in zip(within["gwno_a_secondary"], within["gwno_b_secondary"], strict=True)
    ]
    found = []
    for power, codes in PERMANENT.items():
        is_party = pd.Series([bool(own & set(codes)) for own in parties], index=within.index)
        has_sent = within["episode_id"].isin(sent.loc[sent["power"] == power, "episode_id"])
        found.append(
            {
                "power": power,
                "in_both": int((is_party & has_sent).sum()),
                "in_esd_alone": int((~is_party & has_sent).sum()),
                "in_acd_alone": int((is_party & ~has_sent).sum()),
                "in_acd_alone_covered": int((is_party & ~has_sent & is_covered).sum()),
            }
        )
    return pd.DataFrame(found)


def tasks_coded(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Agreement of two publications on the tasks of operations by month: TAMM, and PEMA.

    Returns
    -------
    DataFrame
        ``kind, operations, months, first_share, second_share, equal_share, kappa``: of the months
        that both have, the share with the task in each, that with the same code, and Cohen's kappa.
    """
    first, second = tables["mandate_tasks"], tables["further_mandates"]
    columns = [c for c in second.columns if c.startswith("has_") and c in first.columns]
    key = ["mission_id", "number"]
    both = by_month(first, columns).merge(by_month(second, columns), on=key, suffixes=("", "_2"))
    found = []
    for column in columns:
        one, other = (both[c].astype(bool) for c in (column, f"{column}_2"))
        found.append(
            {
                "kind": column.removeprefix("has_").removesuffix("_task"),
                "operations": both["mission_id"].nunique(),
                "months": len(both),
                "first_share": float(one.mean()),
                "second_share": float(other.mean()),
                "equal_share": float((one == other).mean()),
                "kappa": kappa(list(one.astype(str)), list(other.astype(str))),
            }
        )
    return pd.DataFrame(found)


def coded_again(repeat_coding: pd.DataFrame) -> pd.DataFrame:
    """Agreement of the second coding with the first by table.

    Parameters
    ----------
    repeat_coding : DataFrame
        Second values, their cells as text.

    Returns
    -------
    DataFrame
        ``table, columns, values, read, agreeing, agreeing_share, lowest_kappa``: values drawn over
        all columns, those for which a document was read, and those that agree; the lowest kappa of
        a column of categories, missing where no column has one.
    """
    rows: dict[str, list[tuple[int, int, int, float]]] = {}
    for (table, _), one in agreement(repeat_coding).items():
        rows.setdefault(table, []).append((one.sampled, one.read, one.agreeing, one.kappa))
    found = []
    for table, each in rows.items():
        drawn, read, agreeing = (sum(one[place] for one in each) for place in range(3))
        kappas = [one[3] for one in each if not np.isnan(one[3])]
        found.append(
            {
                "table": table,
                "columns": len(each),
                "values": drawn,
                "read": read,
                "agreeing": agreeing,
                "agreeing_share": agreeing / read if read else float("nan"),
                "lowest_kappa": min(kappas, default=float("nan")),
            }
        )
    return pd.DataFrame(found)


def by_month(runs: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Runs of months, one row a month: ``mission_id, number`` and the columns."""
    numbered = runs.assign(
        first=number_of(runs["from_month"], is_monthly=True),
        last=number_of(runs["to_month"], is_monthly=True),
    )
    return repeated(numbered[["mission_id", "first", "last", *columns]])
