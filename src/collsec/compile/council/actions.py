"""What the Council does in each resolution: force, missions, sanctions, condemnation, cease-fires.

To the last text that is on file, rules read it from the words of the operative paragraphs; of later
resolutions it is coded by hand, each from a document. Which words stand for which action is data
(``data/raw/rules/actions.toml``).
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from collsec.compile.council.votes import NAME_OF_TEXT
from collsec.compile.rules import RuleFile, Strict
from collsec.core.errors import BadTable, MissingInput
from collsec.upstream.readers import read_texts

TEXTS = "resolution_texts"
CODED = "data/raw/coded/resolution_actions.csv"
OTHER, UNCLASSIFIED = "other", "unclassified"
# What may stand between a stop and the word that opens a paragraph: its number or letter.
NUMBER = r"[\"“]?(?:\(?\d{1,3}\s?[.)]{0,2}\s+|\([a-z]\)\s*|[IVX]{1,4}\.?\s+|[A-Z]\.?\s+|\*\s*)?"
BREAK = r"(?:(?<=\n)|(?<=[;:,.] )|(?<=[;:,.]\n))\s*"


class Action(Strict):
    """A kind of action, and its class."""

    name: str
    action_class: str
    reason: str


class Phrase(Strict):
    """Words that stand for an action."""

    action: str
    reason: str
    verbs: str
    words: str
    without: str = ""


class ActionRules(RuleFile):
    """Words that say what a resolution does."""

    file: ClassVar[str] = "actions.toml"
    modifiers: str
    operative: tuple[str, ...]
    preambular: str
    inner: str
    action: tuple[Action, ...]
    names: dict[str, str]
    phrase: tuple[Phrase, ...]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Actions, the strongest first."""
        return (*(action.name for action in self.action), OTHER)

    @cached_property
    def classes(self) -> dict[str, str]:
        """Action → class of action."""
        return {action.name: action.action_class for action in self.action} | {OTHER: OTHER}

    @cached_property
    def _start(self) -> re.Pattern[str]:
        verbs = "|".join(self.operative)
        modified = rf"(?:(?i:{self.modifiers}),? (?:and )?)+(?i:{verbs})\b"
        return re.compile(
            rf"{BREAK}{NUMBER}(?:(?P<operative>{modified}|(?:{verbs})\b)|{self.preambular})"
        )

    @cached_property
    def _inner(self) -> re.Pattern[str]:
        linked = r"(?:in this (?:regard|context|respect|connection),? )?(?:further |also |again )*"
        return re.compile(rf"(?:,? and|,) {linked}(?=(?:{self.inner})\b)")

    @cached_property
    def _phrases(
        self,
    ) -> list[tuple[str, re.Pattern[str], re.Pattern[str], re.Pattern[str] | None]]:
        return [
            (
                phrase.action,
                re.compile(rf"^(?:{self.modifiers},? (?:and )?)*(?:{phrase.verbs})\b", re.I),
                self._compiled(phrase.words),
                self._compiled(phrase.without) if phrase.without else None,
            )
            for phrase in self.phrase
        ]

    def _compiled(self, words: str) -> re.Pattern[str]:
        for name, meant in self.names.items():
            words = words.replace(f"{{{name}}}", meant)
        return re.compile(words, re.IGNORECASE)

    def clauses(self, text: str) -> list[str]:
        """Operative clauses of a text, white space made single."""
        body = "\n" + re.sub(r"[ \t\xa0]+", " ", text)
        starts = list(self._start.finditer(body))
        ends = [*(start.start() for start in starts[1:]), len(body)]
        return [
            clause
            for start, end in zip(starts, ends, strict=False)
            if start["operative"] is not None
            for clause in self._inner.split(" ".join(body[start.start("operative") : end].split()))
        ]

    def actions_of(self, text: str) -> list[str]:
        """Actions of a text, the strongest first.

        ``other`` alone if it has none; nothing at all if it has no operative clause.
        """
        clauses = self.clauses(text)
        found = {
            action
            for clause in clauses
            for action, verbs, words, without in self._phrases
            if verbs.search(clause)
            and words.search(clause)
            and (without is None or not without.search(clause))
        }
        return [name for name in self.order if name in found] or [OTHER][: len(clauses)]


def with_actions(
    resolutions: pd.DataFrame, texts: Path, coded: Path, rules: ActionRules
) -> pd.DataFrame:
    """Resolutions with what they do.

    Parameters
    ----------
    resolutions : DataFrame
        Resolutions with ``number`` and ``source`` (a list).
    texts : Path
        Archive of the texts.
    coded : Path
        The hand-coded table of resolutions without a text on file.
    rules : ActionRules

    Returns
    -------
    DataFrame
        The same rows, with ``actions`` (a list, the strongest first; empty where nothing is known)
        and ``action_class``, the class of the strongest or ``unclassified``; ``source`` takes in
        what they are read from.

    Raises
    ------
    MissingInput
        If a file is absent.
    BadTable
        If the coded table has a resolution that the others do not, one whose text is on file, or
        an action that the rules do not name.
    """
    if not coded.exists():
        raise MissingInput(f"{CODED} is missing.")
    read = {int(key): text for key, text in read_texts(texts, NAME_OF_TEXT).items()}
    later = pd.read_csv(coded, usecols=["number", "actions", "source"])
    _check(later, set(resolutions["number"]), set(read), rules)
    known: dict[int, tuple[list[str], list[str]]]
    known = {number: (rules.actions_of(text), [TEXTS]) for number, text in read.items()}
    for number, actions, source in later[["number", "actions", "source"]].itertuples(
        index=False, name=None
    ):
        named = set(actions.split(";"))
        known[int(number)] = ([a for a in rules.order if a in named], source.split(";"))
    of_each = [known.get(number, ([], [])) for number in resolutions["number"]]
    columns: dict[str, Any] = {
        "actions": [actions for actions, _ in of_each],
        "action_class": [rules.classes[a[0]] if a else UNCLASSIFIED for a, _ in of_each],
        "source": [
            list(dict.fromkeys([*own, *cited]))
            for own, (_, cited) in zip(resolutions["source"], of_each, strict=True)
        ],
    }
    out = resolutions.assign(**columns)
    kept = [str(column) for column in resolutions.columns]
    before = kept.index("source")
    return out[[*kept[:before], "actions", "action_class", *kept[before:]]]


def _check(later: pd.DataFrame, known: set[int], read: set[int], rules: ActionRules) -> None:
    """Refuse a coded row of no resolution, of one with a text, or of an unknown action."""
    for row, (number, actions) in enumerate(
        later[["number", "actions"]].itertuples(index=False, name=None), start=2
    ):
        if number not in known or number in read:
            reason = "its text is on file." if number in read else "no such resolution."
            raise BadTable(CODED, reason, row=row, column="number", value=int(number))
        unknown = set(actions.split(";")) - set(rules.order)
        if unknown:
            raise BadTable(
                CODED,
                "no such action.",
                row=row,
                column="actions",
                value=min(unknown),
                remedy=f"The actions are {', '.join(rules.order)}.",
            )
