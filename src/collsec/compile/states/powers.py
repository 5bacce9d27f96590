"""The five permanent members of the Council, and five great powers that are none.

China's seat was held by the government of the Republic of China, which Gleditsch and Ward list
under China (710) until 7 December 1949 and under Taiwan (713) from then on, until 25 October 1971,
when the People's Republic (710) took it. Ties are those of the state that held the seat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

CHARTER = date(1945, 10, 24)


@dataclass(frozen=True, slots=True)
class Holding:
    """A state that stands for a power from one day to another.

    Attributes
    ----------
    gwno : int
        Gleditsch–Ward code.
    first, last : date
        First and last day; `last` is `date.max` if it still does.
    """

    gwno: int
    first: date
    last: date = date.max


P5: dict[str, tuple[Holding, ...]] = {
    "usa": (Holding(2, CHARTER),),
    "uk": (Holding(200, CHARTER),),
    "france": (Holding(220, CHARTER),),
    "russia": (Holding(365, CHARTER),),
    "china": (
        Holding(710, CHARTER, date(1949, 12, 7)),
        Holding(713, date(1949, 12, 8), date(1971, 10, 24)),
        Holding(710, date(1971, 10, 25)),
    ),
}
# Great powers without a seat: the negative control of an interest of the five.
CONTROLS: dict[str, tuple[Holding, ...]] = {
    "germany": (Holding(260, date(1949, 9, 21)),),
    "japan": (Holding(740, CHARTER),),
    "india": (Holding(750, date(1947, 8, 15)),),
    "italy": (Holding(325, CHARTER),),
    "brazil": (Holding(140, CHARTER),),
}
POWERS = P5 | CONTROLS


def holder(power: str, day: date) -> int | None:
    """Code of the state that stands for a power on a day; None if none does.

    >>> holder("china", date(1971, 10, 24)), holder("china", date(1971, 10, 25))
    (713, 710)
    """
    for holding in POWERS[power]:
        if holding.first <= day <= holding.last:
            return holding.gwno
    return None
