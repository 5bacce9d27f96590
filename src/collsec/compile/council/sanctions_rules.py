"""Sanctions regimes of the Security Council, and the cases of two data sets that belong to each.

A regime is what one founding resolution set up: the unit by which the Council itself counts them.
Cases that are no decision of the Council on sanctions are listed with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Regime:
    """One sanctions regime.

    Attributes
    ----------
    regime_id : str
    targets : tuple of int
        State codes; of regimes against a movement, the state on whose ground it stands.
    founded_by : int
        Number of the resolution that imposed the first binding measure.
    ended_by : int or None
        Number of the resolution that ended the last measure; None if it lapsed, or goes on.
    agenda_keys : tuple of str
        Matters of the Council that the regime was part of (see `collsec.compile.agenda`).
    gsdb, eusanct : tuple of int
        Cases of the two data sets.
    end_day : str
        ISO day of the end where no resolution at hand has it.
    end_source : str
        What tells `end_day`: key of a source or address.
    start_day : str
        ISO day of the founding resolution where the Library's tables do not have it.
    start_source : str
        Address that tells `start_day`.
    note : str
        Changes on the way.
    """

    regime_id: str
    targets: tuple[int, ...]
    founded_by: int
    ended_by: int | None
    agenda_keys: tuple[str, ...]
    gsdb: tuple[int, ...]
    eusanct: tuple[int, ...] = ()
    end_day: str = ""
    end_source: str = ""
    start_day: str = ""
    start_source: str = ""
    note: str = ""


IRAN_2016 = (
    "http://www.iranwatch.org/library/multilateral-organizations/united-nations/"
    "un-secretary-general/"
    "second-report-secretary-general-implementation-un-security-council-resolution"
)
MALI_2023 = "https://tass.com/politics/1667765/amp"
HAITI_2022 = (
    "https://www.wlrn.org/latin-america/2022-10-21/u-n-unanimously-adopts-sanctions-against-"
    "haiti-gangs"
)

REGIMES = (
    Regime("rhodesia-1966", (552,), 232, 460, ("rhodesia",), (120, 141)),
    Regime(
        "south-africa-1977",
        (560,),
        418,
        919,
        ("apartheid", "south_africa_raids"),
        (217,),
        (1962110601,),
    ),
    Regime(
        "iraq-1990",
        (645,),
        661,
        1483,
        ("kuwait",),
        (375, 380, 409, 587),
        (1990080601, 1991040301),
        note="On Iraq and occupied Kuwait; kept on after the war of 1991.",
    ),
    Regime(
        "yugoslavia-1991",
        (345, 349, 344, 346, 343),
        713,
        1074,
        ("yugoslavia_1991", "yugoslavia_sanctions", "croatia", "bosnia"),
        (420, 470),
        (1991070501, 1990110501, 1992011501, 1992030101, 1993040801),
        note="Arms embargo on all of former Yugoslavia; trade sanctions on Serbia and "
        "Montenegro from 30 May 1992, suspended on 22 November 1995.",
    ),
    Regime("somalia-1992", (520,), 733, None, ("somalia",), (463, 820, 956), (1988092101,)),
    Regime(
        "libya-1992",
        (620,),
        748,
        1506,
        (),
        (449, 488),
        (1992010301,),
        note="Suspended in April 1999.",
    ),
    Regime("liberia-1992", (450,), 788, 1343, ("liberia",), (447,), (1992110901,)),
    Regime(
        "haiti-1993",
        (41,),
        841,
        944,
        ("haiti",),
        (486, 510),
        (1991100101,),
        end_day="1994-10-15",
        end_source="eusanct",
        note="Suspended from 27 August to 18 October 1993. The ending resolution took effect "
        "with the return of the president.",
    ),
    Regime("angola-1993", (540,), 864, 1448, ("angola",), (471, 574, 595), note="Against UNITA."),
    Regime(
        "rwanda-1994",
        (517,),
        918,
        1823,
        ("rwanda",),
        (518, 570),
        (1994043001,),
        note="Arms embargo on the government suspended on 16 August 1995.",
    ),
    Regime("sudan-1996", (625,), 1054, 1372, (), (571,), (1992022401,)),
    Regime(
        "sierra-leone-1997",
        (451,),
        1132,
        1940,
        ("sierra_leone",),
        (592, 593, 659),
        (1997062301,),
        note="Against the rebels only from 5 June 1998.",
    ),
    Regime("yugoslavia-1998", (345,), 1160, 1367, ("kosovo",), (620,), (1998030901,)),
    Regime(
        "taliban-1999",
        (700,),
        1267,
        None,
        ("afghanistan",),
        (623, 639, 678, 690, 919, 1032),
        (1996121701,),
        note="Against the Taliban, as government and after.",
    ),
    Regime(
        "al-qaida-2000",
        (),
        1333,
        None,
        (),
        (918, 1002, 1016),
        note="Against al-Qaida, IS and those who are listed with them; no state is the target. "
        "The first data set counts it with the Taliban until 2011.",
    ),
    Regime(
        "eritrea-ethiopia-2000",
        (531, 530),
        1298,
        None,
        ("eritrea_ethiopia",),
        (645, 646),
        (1999021001, 1999021002),
        end_day="2001-05-16",
        end_source="eusanct",
        note="Lapsed after a year.",
    ),
    Regime("liberia-2001", (450,), 1343, 1521, ("liberia",), (671, 672), (2000071701,)),
    Regime("liberia-2003", (450,), 1521, 2288, ("liberia",), (721, 722, 738, 1041)),
    Regime(
        "iraq-2003",
        (645,),
        1483,
        None,
        ("iraq_2003",),
        (718, 737, 862),
        note="What was kept of the sanctions of 1990: frozen assets, and arms.",
    ),
    Regime(
        "dr-congo-2003",
        (490,),
        1493,
        None,
        ("dr_congo",),
        (708, 745),
        (1997051601,),
        note="Against armed groups only from 31 March 2008.",
    ),
    Regime("sudan-2004", (625,), 1556, None, ("darfur",), (741, 757, 873), (2004073001,)),
    Regime(
        "cote-divoire-2004",
        (437,),
        1572,
        2283,
        ("cote_divoire",),
        (735, 748),
        (2003020401, 2010120601),
    ),
    Regime(
        "lebanon-2005",
        (660,),
        1636,
        None,
        ("lebanon_hariri",),
        (750, 758),
        note="Against suspects of one murder; nobody was ever listed.",
    ),
    Regime(
        "lebanon-2006",
        (660,),
        1701,
        None,
        ("unifil",),
        (785,),
        note="Arms embargo on all but the government.",
    ),
    Regime("north-korea-2006", (731,), 1718, None, ("north_korea",), (782, 974), (2002101601,)),
    Regime(
        "iran-2006",
        (630,),
        1737,
        2231,
        (),
        (777, 802, 814, 860, 861, 1057),
        (2006031001,),
        end_day="2016-01-16",
        end_source=IRAN_2016,
        note="What resolution 2231 kept of it is no sanctions regime by its own words.",
    ),
    Regime("eritrea-2009", (531,), 1907, 2444, ("djibouti_eritrea",), (825, 889), (2008100601,)),
    Regime("libya-2011", (620,), 1970, None, ("libya",), (907,), (2011022301,)),
    Regime("guinea-bissau-2012", (404,), 2048, None, ("guinea_bissau",), (930,), (2012041401,)),
    Regime(
        "central-african-republic-2013",
        (482,),
        2127,
        None,
        ("central_african_republic",),
        (966, 992),
        (2013101001,),
    ),
    Regime("yemen-2014", (678,), 2140, None, ("yemen",), (1031, 1047), (2015021501,)),
    Regime("south-sudan-2015", (626,), 2206, None, ("south_sudan",), (1043, 1118), (2014031901,)),
    Regime(
        "mali-2017",
        (432,),
        2374,
        None,
        ("mali",),
        (1078,),
        end_day="2023-08-31",
        end_source=MALI_2023,
        note="Lapsed after a veto on its extension.",
    ),
    Regime(
        "haiti-2022",
        (41,),
        2653,
        None,
        ("haiti",),
        (1349,),
        start_day="2022-10-21",
        start_source=HAITI_2022,
    ),
)

# Cases under the name of the United Nations that are no sanctions of the Council: case → reason.
GSDB_LEFT_OUT = {
    22: "recommended by the General Assembly (1951)",
    26: "recommended by the General Assembly (1951)",
    94: "not binding (resolution 181)",
    113: "no embargo by the Council",
    118: "not binding (resolution 218)",
    300: "not binding (resolution 558)",
    321: "not binding (resolution 569)",
    428: "conditional, against one party of a peace process (resolution 792)",
    548: "not binding (resolution 1076)",
    936: "persons listed under the regime on Somalia",
    1285: "no regime on the state",
}
EUSANCT_LEFT_OUT = {
    1997071001: "by the General Assembly",
    2009070101: "by the Secretariat",
}
