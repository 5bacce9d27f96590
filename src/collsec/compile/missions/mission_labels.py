"""What the sources call the UN's operations, and the ids that the study gives them."""

from __future__ import annotations

import pandas as pd

# Political missions, offices and headquarters that are not among the UN's operations.
NOT_OPERATIONS = frozenset(
    {
        "BINUB",
        "BINUH",
        "BNUB",
        "BONUCA",
        "LBB",
        "MICAH",
        "UNAMA",
        "UNAMI",
        "UNFOR",
        "UNIOGBIS",
        "UNIOSIL",
        "UNMA",
        "UNMC",
        "UNMHA",
        "UNMIN",
        "UNMLT",
        "UNOA",
        "UNOTIL",
        "UNOWAS",
        "UNPF",
        "UNSMIL",
        "UNSOM",
        "UNSOS",
        "UNVMC",
    }
)
SAME_AS = {"IPTF": "unmibh", "UNPSG": "uncpsg", "UNOCI (ONUCI)": "unoci", "UNOSOM": "unosom-i"}

# Operations of the UN that stood at some time between November 1990 and 2016 and were counted.
COUNTED_OPERATIONS = frozenset(
    {
        "minuci",
        "minugua",
        "minurca",
        "minurcat",
        "minurso",
        "minusca",
        "minusma",
        "minustah",
        "miponuh",
        "monua",
        "monuc",
        "monusco",
        "onub",
        "onuca",
        "onumoz",
        "onusal",
        "unamic",
        "unamid",
        "unamir",
        "unamsil",
        "unavem-i",
        "unavem-ii",
        "unavem-iii",
        "uncpsg",
        "uncro",
        "undof",
        "unficyp",
        "unifil",
        "uniimog",
        "unikom",
        "unisfa",
        "unmee",
        "unmibh",
        "unmih",
        "unmik",
        "unmil",
        "unmis",
        "unmiset",
        "unmiss",
        "unmit",
        "unmogip",
        "unmop",
        "unmot",
        "unoci",
        "unomig",
        "unomil",
        "unomsil",
        "unomur",
        "unosom-i",
        "unosom-ii",
        "unpredep",
        "unprofor",
        "unsmih",
        "unsmis",
        "untac",
        "untaes",
        "untaet",
        "untmih",
        "untso",
    }
)


def mission_id_of(label: str) -> str:
    """Id of the operation that a source means by a label.

    >>> mission_id_of("UNAVEM III"), mission_id_of("UNOCI (ONUCI)")
    ('unavem-iii', 'unoci')
    """
    return SAME_AS.get(label, label.lower().replace(" ", "-"))


def by_mission_and_year(
    frame: pd.DataFrame, years: pd.Series
) -> dict[tuple[str, int], pd.DataFrame]:
    """Part a frame with ``mission_id`` by operation and year, in order."""
    numbers = years.astype(int).to_numpy()
    return {
        (str(mission), year): own[own_years == year]
        for mission, part in frame.assign(_year=numbers).groupby("mission_id")
        for own, own_years in [(part.drop(columns="_year"), part["_year"])]
        for year in sorted(set(own_years.tolist()))
    }
