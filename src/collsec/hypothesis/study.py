"""Choices shared by every hypothesis: the file ``analyses/_study.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from collsec.core.documents import Document, read_yaml
from collsec.core.errors import BadDocument, BadSpec, Fault, MissingInput, nearest
from collsec.core.models import STRICT, Number, Whole, build, checked, one_of, unrepeated
from collsec.core.project import Project
from collsec.hypothesis.specification import HypothesisName

FILE = "analyses/_study.yml"
PROFILES = ("quick", "full")
Count = Annotated[Whole, Field(ge=0, le=1_000_000)]
Drawn = Annotated[Whole, Field(ge=2, le=10_000_000)]


@dataclass(frozen=True, slots=True)
class Draws:
    """How many draws a profile takes."""

    __pydantic_config__ = STRICT

    rerandomization_draws: Annotated[
        Drawn,
        Field(
            description="Redrawn exposures: a multiple of 2 / alpha, and of 2 · primaries / alpha, "
            "so that interval and test agree."
        ),
    ]
    calibration_draws: Annotated[
        Drawn, Field(description="Random exposures in which the test's own rejections are counted.")
    ]
    bootstrap_draws: Annotated[Drawn, Field(description="Resampled sets of clusters.")]
    imputation_draws: Annotated[Drawn, Field(description="Draws of days that are not known.")]


@dataclass(frozen=True, slots=True)
class Study:
    """Choices shared by every hypothesis (``analyses/_study.yml``)."""

    __pydantic_config__ = STRICT

    hypotheses: Annotated[
        tuple[HypothesisName, ...],
        checked(unrepeated),
        Field(min_length=1, description="Every hypothesis of the study, in the order of pages."),
    ]
    primaries: Annotated[
        tuple[HypothesisName, ...],
        checked(unrepeated),
        Field(
            min_length=1,
            description="The hypotheses whose primary estimates are one family; its size fixes "
            "their level, 1 - alpha / size (Bonferroni).",
        ),
    ]
    alpha: Annotated[
        Number,
        Field(gt=0, lt=1, description="Significance level of the family, and of every other test."),
    ]
    power: Annotated[
        Number, Field(gt=0, lt=1, description="Power at which smallest detectable effects hold.")
    ]
    horizon_months: Annotated[
        Whole,
        Field(ge=1, le=1200, description="Months since onset over which mean months are counted."),
    ]
    agreement: Annotated[
        Number,
        Field(gt=0, le=1, description="Share of principled specifications that agree in sign."),
    ]
    minimum_exposed_events: Annotated[
        Count, Field(description="Exposed outcomes below which a verdict is inconclusive.")
    ]
    minimum_exposed_clusters: Annotated[
        Count, Field(description="Clusters with an exposed unit below which it is inconclusive.")
    ]
    calibration_bounds: Annotated[
        tuple[Number, Number],
        Field(
            description="Rejection rates under no effect: a test that surely rejects more often "
            "than the second is void, one that surely rejects less often than the first is flagged."
        ),
    ]
    seed: Annotated[
        Whole, Field(ge=0, le=2**32 - 1, description="Seed from which all others are derived.")
    ]
    profiles: Annotated[
        dict[Annotated[str, *one_of(*PROFILES)], Draws],
        Field(min_length=1, description="Draw counts by profile."),
    ]
    least_exposed_events: Annotated[
        Count,
        Field(description="Exposed outcomes below which nothing is estimable."),
    ] = 5
    least_exposed_clusters: Annotated[
        Count, Field(description="Clusters with an exposed unit below which nothing is estimable.")
    ] = 4

    @property
    def usual_level(self) -> float:
        """Confidence level of every interval that is not a primary's."""
        return 1 - self.alpha

    @property
    def primary_level(self) -> float:
        """Confidence level of a primary's interval."""
        return 1 - self.alpha / len(self.primaries)

    def level_of(self, hypothesis: str) -> float:
        """Confidence level of the main estimate of a hypothesis: the family's, or 1 - alpha."""
        return self.primary_level if hypothesis in self.primaries else self.usual_level

    def draws(self, profile: str) -> Draws:
        """Draw counts of a profile.

        Raises
        ------
        BadSpec
            If the profile does not exist.
        """
        if profile not in self.profiles:
            known = sorted(self.profiles)
            raise BadSpec(
                f"unknown profile {profile!r}.{nearest(profile, known)} Known: {', '.join(known)}."
            )
        return self.profiles[profile]


def load_study(project: Project) -> Study:
    """Read and check the shared choices.

    Raises
    ------
    MissingInput
        If the file is absent.
    BadSpec
        Holding everything that is wrong with it.
    """
    if not project.study_file.exists():
        raise MissingInput(f"{FILE} is missing: is this the project's folder?")
    try:
        document = read_yaml(project.study_file, FILE)
    except BadDocument as error:
        raise BadSpec(*error.faults) from None
    study = build(Study, document, BadSpec)
    if faults := _contradictions(study, document):
        raise BadSpec(*faults)
    return study


def _contradictions(study: Study, document: Document) -> list[Fault]:
    """What no single key shows: names out of the family, reversed bounds, broken multiples."""
    faults = [
        document.unknown(("primaries", i), name, study.hypotheses)
        for i, name in enumerate(study.primaries)
        if name not in study.hypotheses
    ]
    low, high = study.calibration_bounds
    if not 0 <= low < high <= 1:
        faults.append(
            document.fault(
                ("calibration_bounds",),
                "must be two shares between 0 and 1, the smaller first, such as [0.02, 0.09].",
                study.calibration_bounds,
            )
        )
    for profile, draws in study.profiles.items():
        for size in dict.fromkeys((1, len(study.primaries))):
            step = 2 * size / study.alpha
            times = draws.rerandomization_draws / step
            if abs(times - round(times)) > 1e-9 or round(times) < 1:
                whole = next(
                    (
                        k * step
                        for k in range(max(1, round(times)), 100_000)
                        if abs(k * step - round(k * step)) < 1e-9
                    ),
                    None,
                )
                what = "2 / alpha" if size == 1 else "2 · primaries / alpha"
                faults.append(
                    document.fault(
                        ("profiles", profile, "rerandomization_draws"),
                        f"must be a multiple of {what} = {step:g}, so that interval and test "
                        "agree.",
                        draws.rerandomization_draws,
                        f"Take {whole:.0f}." if whole else "Choose an alpha that divides it.",
                    )
                )
                break
    return faults
