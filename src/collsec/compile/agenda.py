"""Short keys for the Council's agenda items.

The Library words one item in many ways, and "The situation in the Middle East" covers several wars.
A key names one matter. Patterns are tried in order on the Library's words; under omnibus items the
number of the resolution decides.
"""

from __future__ import annotations

import re

OTHER = "other"

# Resolutions under omnibus items, by number.
BY_NUMBER = {
    "other": (1, 618, 2439),
    "greece": (12,),
    "cyprus": (207,),
    "rhodesia": (202,),
    "namibia": (309, 310),
    "apartheid": (311,),
    "portuguese_territories": (312,),
    "june_war": (233, 234, 235, 236, 237, 240, 242, 258),
    "israel_raids": (
        248, 256, 259, 262, 265, 270, 279, 280, 285, 313, 316, 317, 331, 332, 337, 347,
    ),
    "jerusalem": (250, 251, 252, 267, 271, 298, 476, 478),
    "october_war": (338, 339, 340, 341, 344, 346, 362, 368, 371, 378, 396, 416, 438),
    "undof": (
        350, 363, 369, 381, 390, 398, 408, 420, 429, 441, 449, 456, 470, 481, 485, 493, 506, 524,
        531, 543, 551, 557, 563, 576, 584, 590, 596, 603, 613, 624, 633, 645, 655, 679, 695, 722,
        756, 790, 830, 887, 1648, 1685, 1729, 1759, 1788, 1821, 1848, 1875, 1899, 1934, 1965, 1994,
        2028, 2052, 2084, 2108, 2131, 2163, 2192, 2229, 2257, 2294, 2330, 2361, 2394, 2426, 2450,
        2477, 2503, 2530, 2555, 2581, 2613, 2639,
    ),
    "unifil": (
        425, 426, 427, 434, 444, 450, 459, 467, 474, 483, 488, 490, 498, 501, 511, 519, 523, 529,
        536, 538, 549, 555, 561, 575, 583, 586, 587, 594, 599, 609, 617, 630, 639, 648, 659, 684,
        701, 734, 768, 803, 852, 1188, 1223, 1655, 1697, 1701, 1773, 1832, 1884, 1937, 2004, 2064,
        2115, 2172, 2236, 2305, 2373, 2433, 2485, 2539, 2591,
    ),
    "lebanon_1982": (508, 509, 512, 513, 515, 516, 517, 518, 520, 521),
    "lebanon": (436, 542, 564),
    "lebanon_hariri": (1559, 1595, 1636, 1644, 1664, 1680, 1686, 1748, 1757, 1815, 1852),
    "syria": (
        2042, 2043, 2059, 2118, 2139, 2165, 2191, 2209, 2235, 2254, 2258, 2268, 2314, 2319, 2328,
        2332, 2336, 2393, 2401, 2449, 2504, 2533, 2585,
    ),
    "yemen": (
        2014, 2051, 2140, 2201, 2204, 2216, 2266, 2342, 2402, 2451, 2452, 2456, 2481, 2505, 2511,
        2534, 2564, 2586, 2624,
    ),
    "onusal": (654, 693, 714, 729, 784, 791, 832, 888),
    "central_america": (637, 644, 650, 653, 656, 675, 691, 719, 730),
    "yugoslavia_1991": (713, 721, 724, 727, 740, 743, 749),
    "croatia": (762, 769, 779, 802, 981),
    "unprofor": (807, 815, 847, 869, 870, 871, 908, 947),
    "bosnia": (
        752, 758, 761, 764, 770, 771, 776, 780, 859, 900, 913, 914, 941, 942, 943, 982, 987, 988,
        998, 1019,
    ),
    "yugoslavia_sanctions": (757, 760, 820),
    "macedonia": (795, 842, 983),
    "darfur": (
        1547, 1556, 1564, 1591, 1593, 1651, 1665, 1672, 1679, 1706, 1713, 1755, 1769, 1779, 1784,
        1828, 1841, 1881, 1891, 1935, 1945, 1982, 2003, 2035, 2063, 2091, 2113, 2138, 2148, 2173,
        2200, 2228, 2265, 2296, 2340, 2363, 2400, 2425, 2429, 2455, 2479, 2495, 2508, 2517, 2523,
        2524, 2525, 2559, 2562, 2579, 2620,
    ),
    "sudan": (1574, 1585, 1588, 1590, 1627, 1663, 1709, 1714, 1812, 1870, 1919, 1978, 1997, 2636),
    "abyei": (
        1990, 2024, 2032, 2047, 2075, 2104, 2126, 2156, 2179, 2205, 2230, 2251, 2287, 2318, 2352,
        2386, 2411, 2412, 2416, 2438, 2445, 2465, 2469, 2492, 2497, 2519, 2550, 2575, 2606, 2609,
        2630,
    ),
    "sudan_south_sudan": (2046,),
    "south_sudan": (
        1996, 2057, 2109, 2132, 2155, 2187, 2206, 2223, 2241, 2252, 2271, 2280, 2290, 2302, 2304,
        2326, 2327, 2353, 2392, 2406, 2418, 2428, 2459, 2471, 2514, 2521, 2567, 2577, 2625, 2633,
    ),
    "piracy": (
        1816, 1838, 1846, 1851, 1897, 1918, 1950, 1976, 2015, 2020, 2077, 2125, 2184, 2246, 2316,
        2383, 2442, 2500, 2554, 2608,
    ),
    "mali": (2056, 2071, 2359, 2391),
    "djibouti_eritrea": (1862, 1907, 2023),
    "boko_haram": (2349,),
    "great_lakes": (1097, 1653, 1804, 2389),
    "iraq_kurds": (688,),
    "iraq_2003": (
        1441, 1454, 1472, 1476, 1483, 1490, 1500, 1511, 1518, 1538, 1546, 1557, 1619, 1637, 1700,
        1723, 1762, 1770, 1790, 1830, 1883, 1936, 2001, 2061, 2110, 2169, 2233, 2299, 2367, 2421,
        2470, 2522, 2576, 2631,
    ),
    "minsk": (2202,),
    "mh17": (2166,),
    "ukraine": (2623,),
}  # fmt: skip
NUMBERED = {number: key for key, numbers in BY_NUMBER.items() for number in numbers}

PATTERNS = tuple(
    (key, re.compile(pattern, re.IGNORECASE))
    for key, pattern in (
        ("admission", r"admis+ion of|application.* membership|Applications of the Union of Burma"),
        ("secretary_general", r"appointment of (the )?(acting )?secretary-general|tribute"),
        ("icj", r"International Court of Justice|\bICJ\b"),
        ("tribunals", r"tribunal|residual mechanism"),
        ("greece", r"\bGreek\b"),
        ("corfu", r"Corfu"),
        ("indonesia", r"Indonesian question"),
        ("kashmir", r"Kashmir|India.?Pakistan question|India/Pakistan subcontinent"),
        ("palestine_question", r"^The Palestine question"),
        ("korea_1950", r"aggression upon the Republic of Korea"),
        ("taiwan_strait", r"armed invasion of Taiwan"),
        ("suez_1956", r"system of international operation of the Suez|30 October 1956, from Egypt"),
        ("hungary", r"Hungary"),
        ("guatemala_1954", r"Guatemalan question"),
        ("lebanon_1958", r"Complaint by Lebanon"),
        ("laos", r"Laos"),
        ("congo_1960", r"^Situation in the Republic of the Congo"),
        ("congo_1964", r"Situation in the Democratic Republic of Congo"),
        ("congo_1967", r"Complaints? by the Democratic Republic of the Congo"),
        ("angola_portugal", r"^Situation in Angola"),
        ("bizerte", r"^Complaint by Tunisia"),
        ("portuguese_territories", r"Portuguese administration"),
        ("guinea_bissau_portugal", r"^Complaint by (Senegal|Guinea)"),
        ("yemen_1963", r"developments relating to Yemen"),
        ("dominican_republic", r"Dominican Republic"),
        ("cyprus", r"Cyprus|Greece against Turkey"),
        ("apartheid", r"race conflict in South Africa|question of South Africa|^South Africa$|"
                      r"concerning South Africa|Situation in South Africa|southern Africa"),
        ("rhodesia", r"Rhodesia|^Complaint by (Mozambique|Botswana)|Article 50.*Mozambique|"
                     r"Request by Mozambique"),
        ("namibia", r"Namibia|South West Africa|\(S/9462\)"),
        ("zambia_south_africa", r"Zambia against South Africa"),
        ("zambia", r"^Complaint by Zambia"),
        ("south_africa_raids", r"Lesotho against South Africa|from Botswana"),
        ("angola_south_africa", r"Angola against South Africa|aggression.*Angola|on behalf of the "
                                r"African Group of States"),
        ("western_sahara", r"Western Sahara"),
        ("timor", r"Timor"),
        ("iran_iraq", r"Iran and Iraq|frontier with Iran|S/16574|S/19981"),
        ("falklands", r"Falkland|\(S/14942\)|\( S/14942 \)"),
        ("nicaragua", r"from Nicaragua"),
        ("tunis_raids", r"from Tunisia"),
        ("occupied_territories", r"occupied Arab territories|including the Palestinian question"),
        ("afghanistan_1980", r"52 Member States concerning Afghanistan"),
        ("afghanistan", r"Afghanistan"),
        ("unavem_i", r"S/20336"),
        ("angola", r"\bAngola$|^Angola"),
        ("kuwait", r"Iraq-Kuwait|Iraq and Kuwait"),
        ("iraq_2003", r"^Iraq$|situation concerning Iraq"),
        ("cambodia", r"Cambodia"),
        ("unprofor", r"Protection Force|resolution 743|resolution 807"),
        ("bosnia", r"Bosnia"),
        ("croatia", r"Croatia"),
        ("yugoslavia_sanctions", r"Federal Republic of Yugoslavia \(Serbia and Montenegro\)|"
                                 r"termination of sanctions|S/24570|Danube"),
        ("macedonia", r"Macedonia|resolution 817"),
        ("kosovo", r"Kosovo"),
        ("yugoslavia", r"Yugoslavia"),
        ("unifil", r"UNIFIL|^Lebanon$"),
        ("undof", r"UNDOF"),
        ("somalia", r"Somalia"),
        ("mozambique", r"Mozambique"),
        ("liberia", r"Liberia"),
        ("rwanda", r"Rwanda"),
        ("burundi", r"Burundi"),
        ("haiti", r"Haiti"),
        ("georgia", r"Georgia"),
        ("karabakh", r"Karabakh"),
        ("tajikistan", r"Tajikistan"),
        ("yemen_1994", r"^Yemen$"),
        ("el_salvador", r"El Salvador"),
        ("guatemala", r"Guatemala"),
        ("aouzou", r"Aouzou"),
        ("sierra_leone", r"Sierra Leone"),
        ("guinea_bissau", r"Guinea.Bissau"),
        ("central_african_republic", r"Central African Republic$|situation in the Central African"),
        ("chad", r"Chad, the Central African"),
        ("zaire", r"^Zaire"),
        ("dr_congo", r"Democratic Republic of (the )?Congo"),
        ("eritrea_ethiopia", r"Eritrea-Ethiopia"),
        ("cote_divoire", r"C.te d.Ivoire"),
        ("nepal", r"Nepal"),
        ("colombia", r"Colombia"),
        ("libya", r"situation in Libya|Africa . Libya|^Libya$"),
        ("mali", r"Mali$"),
        ("north_korea", r"Democratic People.{1,4}s Republic of Korea|DPRK"),
        ("terrorism", r"terroris"),
    )
)


def agenda_key(number: int, topic: str) -> str:
    """Key of the matter that a resolution concerns.

    >>> agenda_key(425, "The situation in the Middle East"), agenda_key(530, "From Nicaragua")
    ('unifil', 'nicaragua')
    """
    if number in NUMBERED:
        return NUMBERED[number]
    return next((key for key, pattern in PATTERNS if pattern.search(topic)), OTHER)
