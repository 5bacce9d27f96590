"""The questions that the study answers: ``analyses/_questions.yml``, and what each rests on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from collsec.core.documents import Key, read_yaml
from collsec.core.errors import BadDocument, CollsecError, nearest
from collsec.core.models import IDENTIFIER, STRICT, Name, Text, build
from collsec.core.project import Project, shipped
from collsec.evidence import claims
from collsec.hypothesis.specification import HypothesisName
from collsec.hypothesis.study import load_study

FILE = "analyses/_questions.yml"
#: Where the text of each question lies, by its name.
FOLDER = "analyses/questions"
#: A variable that a sentence of the list names.
NAMED = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of a question: the primary of a hypothesis, and how its answer is said."""

    __pydantic_config__ = STRICT

    hypothesis: HypothesisName
    about: Annotated[Name, Field(description="What is compared, such as `Deaths in battle`.")]
    above: Annotated[
        Name, Field(description="What is so where the ratio lies above one: `more people die`.")
    ]
    below: Annotated[Name, Field(description="What is so where it lies below one.")]
    unknown: Annotated[
        Name, Field(description="What stays open, after `whether`: `wars end sooner`.")
    ]


@dataclass(frozen=True, slots=True)
class Picture:
    """What became of a hundred wars: quantities of one hypothesis, by their names."""

    __pydantic_config__ = STRICT

    hypothesis: HypothesisName
    reached: Annotated[Name, Field(description="Quantity: share that saw the act.")]
    ended: Annotated[Name, Field(description="Quantity: share that ended without it.")]
    horizon: Annotated[Name, Field(description="Quantity: months after onset.")]
    what: Annotated[Name, Field(description="What they saw, such as `UN troops`.")]
    steps: Annotated[
        dict[Name, Name],
        Field(description="Steps of delay in months, each with the quantity that holds it."),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the study, with what answers it."""

    __pydantic_config__ = STRICT

    question: Annotated[Name, Field(description="The question, with its mark.")]
    label: Annotated[Name, Field(description="Its name in the navigation.")]
    fact: Annotated[Text, Field(description="A fact in numbers: the first half of the finding.")]
    short: Annotated[
        Text,
        Field(description="The fact in few words, for where the outcomes show nothing."),
    ]
    subject: Annotated[
        Name, Field(description="Of whom the outcomes speak, such as `Where UN troops are`.")
    ]
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1, description="In order.")]
    wars: Annotated[
        tuple[HypothesisName, ...],
        Field(description="Hypotheses whose exposed wars the page lists."),
    ] = ()
    claims: Annotated[
        tuple[Name, ...],
        Field(description="Claims of the article; without any, all that no question names."),
    ] = ()

    def rests_on(self) -> list[str]:
        """Return the hypotheses that it needs: those of its outcomes, wars and numbers."""
        named = [name.partition(".")[0] for name in NAMED.findall(f"{self.fact} {self.short}")]
        known = [*(one.hypothesis for one in self.outcomes), *self.wars, *named]
        return list(dict.fromkeys(name for name in known if name not in SHARED))


#: What a sentence may name that belongs to no hypothesis.
SHARED = ("study", "data")
Named = Annotated[str, Field(pattern=IDENTIFIER, max_length=20)]


@dataclass(frozen=True, slots=True)
class Questions:
    """The list of questions, and what the front page says before them."""

    __pydantic_config__ = STRICT

    known: Annotated[Text, Field(description="What is known, in plain numbers: one paragraph.")]
    picture: Picture
    questions: Annotated[
        dict[Named, Asked], Field(min_length=1, description="Questions by name, in order.")
    ]

    def shown(self, hypotheses: Collection[str]) -> Iterator[tuple[str, Asked]]:
        """Yield the questions of which the study has every hypothesis, with their names."""
        for name, one in self.questions.items():
            if set(one.rests_on()) <= set(hypotheses):
                yield name, one

    def claims_of(self, name: str, ledger: Collection[str]) -> list[str]:
        """Return the claims of a question; one that names none has all that no other names."""
        own = self.questions[name].claims
        if own:
            return [claim for claim in ledger if claim in own]
        elsewhere = {claim for one in self.questions.values() for claim in one.claims}
        return [claim for claim in ledger if claim not in elsewhere]


def read(project: Project) -> Questions | None:
    """Return the questions of a study; None where it lists none.

    Raises
    ------
    BadDocument
        Naming every fault of the list.
    """
    path = project.root / FILE
    if not path.exists():
        return None
    return build(Questions, read_yaml(path, FILE))


def known_hypotheses(project: Project) -> list[str]:
    """Hypotheses that a text of the whole study may name: listed, with a page, or the package's.

    A smaller study need not list them all: what needs the others is left out.
    """
    listed = load_study(project).hypotheses
    pages = sorted((project.root / "analyses").rglob("*-*.qmd"))
    brought = load_study(Project(shipped())).hypotheses
    return list(dict.fromkeys((*listed, *(p.stem.partition("-")[0] for p in pages), *brought)))


def check(project: Project) -> None:
    """Check the list of questions against the study; nothing where it lists none.

    Raises
    ------
    BadDocument
        Naming every fault of the list, or every name in it that does not exist.
    """
    path = project.root / FILE
    if not path.exists():
        return
    document = read_yaml(path, FILE)
    listed = build(Questions, document)
    try:
        hypotheses = known_hypotheses(project)
        ledger = set(claims.read(project)["claim_id"]) if claims.are_listed(project) else None
    except CollsecError:  # told of the file itself
        return
    faults = [
        document.unknown(key, name, hypotheses)
        for key, name in _hypotheses(listed)
        if name not in hypotheses
    ]
    for name, one in listed.questions.items():
        at = ("questions", name)
        faults += [
            document.unknown((*at, "claims", place), claim, ledger)
            for place, claim in enumerate(one.claims)
            if ledger is not None and claim not in ledger
        ]
        if not (project.root / FOLDER / f"{name}.qmd").is_file():
            texts = [file.stem for file in (project.root / FOLDER).glob("*.qmd")]
            problem = f"has no text: {FOLDER}/{name}.qmd is missing."
            faults.append(document.fault(at, problem, name, nearest(name, texts).strip()))
    if faults:
        raise BadDocument(*faults)


def _hypotheses(listed: Questions) -> Iterator[tuple[Key, str]]:
    """Every hypothesis that the list names as such, with its place."""
    yield ("picture", "hypothesis"), listed.picture.hypothesis
    for name, one in listed.questions.items():
        for place, outcome in enumerate(one.outcomes):
            yield ("questions", name, "outcomes", place, "hypothesis"), outcome.hypothesis
        for place, hypothesis in enumerate(one.wars):
            yield ("questions", name, "wars", place), hypothesis


def hundred(shares: Mapping[str, float]) -> dict[str, int]:
    """Return shares that add up to one as whole numbers that add up to a hundred.

    Notes
    -----
    Each is rounded down, and what is left goes to the largest remainders (Hamilton's method).

    Examples
    --------
    >>> hundred({"a": 0.0204, "b": 0.734, "c": 0.2456})
    {'a': 2, 'b': 73, 'c': 25}
    """
    whole = {name: int(100 * share) for name, share in shares.items()}
    rest = sorted(shares, key=lambda name: whole[name] - 100 * shares[name])
    for name in rest[: 100 - sum(whole.values())]:
        whole[name] += 1
    return whole
