"""The pages of the questions, and what the front page says: items, variables, generated text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from collsec.core.errors import MissingInput
from collsec.core.project import Project
from collsec.evidence.overview import KEPT
from collsec.evidence.questions import FILE, FOLDER, NAMED, SHARED, Asked, Questions, read
from collsec.evidence.record import Record
from collsec.reports import figures
from collsec.reports.pages import citation
from collsec.reports.pages.catalog import Item
from collsec.reports.pages.page import Page, further_page
from collsec.reports.pages.prose import check_length
from collsec.reports.pages.source import Qmd
from collsec.reports.tables.results import course
from collsec.reports.tables.study import claims_of_question
from collsec.reports.words import briefing, overview, questions, wording
from collsec.reports.words.questions import Answer
from collsec.reports.words.wording import harmless

_ESTIMATES = "data/processed/estimates"
#: Words of the shortest form of all answers, at most.
_FIRST_WORDS = 60
_PICTURE = "::: {.picture}\n:::"
_CAPTION = (
    "![How to read it: each square is one armed conflict in a hundred. What it does not show: why "
    "the others saw none, and whether it helped.](figures/hundred.svg)"
    '{#fig-hundred fig-alt="{{< var study.alt.hundred >}}"}'
)


@dataclass(frozen=True, slots=True)
class QuestionPages:
    """The questions that this study can answer, with the records that answer them.

    Attributes
    ----------
    listed : Questions or None
        None where the study lists no questions.
    records : dict of str to Record
        Of every hypothesis of the study.
    """

    listed: Questions | None
    records: dict[str, Record]

    @classmethod
    def of(cls, project: Project, records: Sequence[Record]) -> QuestionPages:
        """The questions of a study."""
        return cls(read(project), {record.hypothesis: record for record in records})

    @property
    def has_picture(self) -> bool:
        """Whether there is a front picture."""
        return self.listed is not None and questions.has_picture(self.listed, self.records)

    def variables(self, ledger: pd.DataFrame | None) -> dict[str, str]:
        """What sentences print that belongs to no hypothesis."""
        return {} if self.listed is None else questions.variables(self.listed, self.records, ledger)

    def items(
        self,
        ledger: pd.DataFrame | None,
        wars: Mapping[str, pd.DataFrame],
        pages: Mapping[str, str],
        version: str,
    ) -> dict[str, Item]:
        """Draw and tabulate what the pages show: outcomes, exposed conflicts, claims, the picture.

        Parameters
        ----------
        ledger : DataFrame or None
            The claims with their standings in words.
        wars : mapping of str to DataFrame
            Exposed wars by hypothesis.
        pages : mapping of str to str
            Name of the report of each hypothesis, for links.
        version : str
            Of code and data, for the line of sources within the picture.
        """
        made: dict[str, Item] = {}
        if self.listed is None:
            return made
        if self.has_picture:
            made["hundred"] = Item("hundred", "estimate", _ESTIMATES, self._hundred(version))
        for name, one in self.listed.shown(self.records):
            rows = pd.DataFrame([self._row(a) for a in questions.answers(one, self.records)])
            band = self.records[one.outcomes[0].hypothesis].no_effect
            drawing = figures.answers(rows, no_effect=band)
            made[f"{name}-outcomes"] = Item(f"{name}-outcomes", "estimate", _ESTIMATES, drawing)
            own = [wars[h] for h in one.wars if h in wars]
            if own:
                listed = course(pd.concat(own, ignore_index=True), name=f"{name}-wars")
                made[f"{name}-wars"] = Item(
                    f"{name}-wars", "panel", "data/processed/panels", listed
                )
            if ledger is not None:
                chosen = self.listed.claims_of(name, list(ledger["claim_id"]))
                table = claims_of_question(
                    ledger[ledger["claim_id"].isin(chosen)], pages, name=f"{name}-claims"
                )
                made[f"{name}-claims"] = Item(f"{name}-claims", "estimate", _ESTIMATES, table)
        return made

    def _row(self, answer: Answer) -> dict[str, object]:
        record = self.records[answer.outcome.hypothesis]
        expected = str(record.spec["estimand"].get("expected", "")).partition("_")[0]
        return {
            "claim": "",
            "label": answer.outcome.about,
            "hypothesis": record.hypothesis,
            "standing": record.verdict.code,
            "answer": answer.answer,
            "side": expected,
            "is_primary": False,
            "unit": answer.unit,
            **{name: record.primary.get(name, "") for name in KEPT},
        }

    def _hundred(self, version: str) -> figures.Drawing:
        assert self.listed is not None  # has_picture
        picture = self.listed.picture
        record = self.records[picture.hypothesis]
        squares = questions.squares(picture, record)
        years = questions.variables(self.listed, self.records, None)["study.hundred.years"]
        n = wording.count(int(record.primary["n_units"]))
        return figures.hundred(
            squares,
            questions.steps(picture, record),
            title=f"Of 100 armed conflicts, {squares['reached']} saw {picture.what} within "
            f"{years} years",
            words={
                "reached": f"saw {picture.what}",
                "ended": f"ended without {picture.what}",
                "going on": f"went on without {picture.what}",
            },
            source=f"{n} armed conflicts within states that began without {picture.what} in the "
            f"country. Source: {version}",
        )

    def pages(
        self, project: Project, imprint: citation.Imprint, title: str, variables: Mapping[str, str]
    ) -> list[Page]:
        """Return the page of each question: its finding is its title.

        Raises
        ------
        MissingInput
            If a question has no text.
        """
        made: list[Page] = []
        if self.listed is None:
            return made
        folder = project.root / FOLDER
        for name, one in self.listed.shown(self.records):
            if not (folder / f"{name}.qmd").is_file():
                raise MissingInput(f"{FOLDER}/{name}.qmd is missing: the text of question {name}.")
            head = questions.headline(one, self.records, variables)
            page = further_page(
                folder, name, imprint, title, variables, name_below=FOLDER, head=head
            )
            made.append(replace(page, label=one.label, kicker=one.question, menu="Questions"))
        return made

    def texts(self, minimum: tuple[int, int], titles: Mapping[str, str]) -> dict[str, str]:
        """Return what is generated for the pages, by the name of its file.

        Parameters
        ----------
        minimum : (int, int)
            Exposed outcomes and clusters below which no effect is looked at.
        titles : mapping of str to str
            Title of each report, by the name of its file; the hypothesis is its first word.
        """
        made: dict[str, str] = {}
        if self.listed is None:
            return made
        for name, one in self.listed.shown(self.records):
            made[f"_sure-{name}.md"] = questions.in_full(one, self.records, minimum)
            of = [outcome.hypothesis for outcome in one.outcomes]
            made[f"_appendices-{name}.md"] = "".join(
                f"- [{harmless(text)}]({stem}.qmd)\n"
                for stem, text in titles.items()
                if stem.partition("-")[0] in of
            )
        return made

    def known(self, primaries: Sequence[str]) -> str:
        """Return what is known in one paragraph; without questions, what became of the verdicts."""
        names = [] if self.listed is None else NAMED.findall(self.listed.known)
        needed = {name.partition(".")[0] for name in names} - set(SHARED)
        if self.listed is None or not (needed <= set(self.records) and self.has_picture):
            return overview.lead(list(self.records.values()), primaries)
        return NAMED.sub(r"{{< var \1 >}}", self.listed.known)

    def in_short(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return what front page and briefing say of all questions, by the name of its file.

        Raises
        ------
        BadProse
            If the shortest form of the answers is too long to be the first thing that is read.
        """
        asked = [] if self.listed is None else [*self.listed.shown(self.records)]
        ones = [one for _, one in asked]
        shortest = harmless(briefing.short(ones, self.records, variables))
        check_length(Qmd(FILE, "", {}, "", 1), shortest, _FIRST_WORDS)
        sure = f"*How sure?* {briefing.sureness(ones, self.records)}" if ones else ""
        answers, behind = [], []
        for name, one in asked:
            said = harmless(questions.answered(one, self.records))
            answers.append(f"[{one.question}]({name}.qmd)\n\n:   {said}\n")
            behind.append(
                f"### {one.label} {{#sec-{name} .unnumbered}}\n\n"
                f"{harmless(questions.filled(one.fact, variables))}.\n\n"
                f"*On record.* {harmless(briefing.on_record(one, self.records))}\n\n"
                f"*What would change it?* {harmless(briefing.turning(one, self.records))}\n"
            )
        return {
            "_by-question.md": "\n".join(self._in_article(asked)),
            "_short.md": f"{shortest}\n\n{sure}\n",
            "_answers.md": "\n".join(answers),
            "_behind.md": "\n".join(behind),
        }

    def _in_article(self, asked: Sequence[tuple[str, Asked]]) -> Iterator[str]:
        """Yield each question as the article has it: a picture, sentences, and its wars once."""
        listed: set[tuple[str, ...]] = {()}
        for name, one in asked:
            sentences = "\n".join(
                f"*{answer.outcome.about}.* {harmless(answer.finding)}\n"
                for answer in questions.answers(one, self.records)
            )
            picture = (
                f"![{one.question} One means no difference. What it does not show: why the "
                f"Council chose these conflicts.](figures/{name}-outcomes.svg)"
                f'{{#fig-{name} fig-alt="{{{{< var {name}.alt.outcomes >}}}}"}}'
            )
            wars = "" if one.wars in listed else f"\n{{{{< include _tbl-{name}-wars.md >}}}}\n"
            listed.add(one.wars)
            yield f"### {one.question} {{#sec-{name}}}\n\n{picture}\n\n{sentences}{wars}"


def with_picture(page: Page, has_picture: bool) -> Page:
    """Return a page with the front picture in the place that waits for it."""
    body = page.source.body.replace(_PICTURE, _CAPTION if has_picture else "")
    return replace(page, source=replace(page.source, body=re.sub(r"\n{3,}", "\n\n", body)))
