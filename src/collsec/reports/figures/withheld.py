"""The picture in the place of one that may not be shown: why it is not."""

from __future__ import annotations

import textwrap

import pandas as pd

from collsec.reports.figures.style import (
    MUTED,
    WIDTH_INCHES,
    Drawing,
    canvas,
    drawn,
    export,
    house_style,
)
from collsec.reports.words.wording import begun

_LETTERS, _LINE_INCHES, _MARGIN_INCHES = 46, 0.18, 0.2


@drawn
def withheld(reason: str) -> Drawing:
    """Draw nothing but the reason why there is no figure.

    Parameters
    ----------
    reason : str
        Such as ``withdrawn: the control group is another one``.
    """
    said = f"{begun(reason)}."
    lines = textwrap.wrap(said, _LETTERS)
    with house_style():
        height = 2 * _MARGIN_INCHES + _LINE_INCHES * len(lines)
        figure = canvas(height)
        left = _MARGIN_INCHES / WIDTH_INCHES
        figure.text(left, 0.5, "\n".join(lines), color=MUTED, va="center")
        return export(figure, pd.DataFrame({"withheld": [reason]}), f"No figure. {said}")
