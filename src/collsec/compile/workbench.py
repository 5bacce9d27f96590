"""What several tables are made from, read once: upstream files, rules, corrections, episodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from collsec.compile.conflicts.episodes import ContributorRules, episodes_from
from collsec.compile.conflicts.termination import end_precisions, read_terminations
from collsec.compile.conflicts.ucdp import read_acd
from collsec.compile.conflicts.vintages import Vintage, Vintages, with_stable_ids
from collsec.compile.corrections import Correction
from collsec.compile.council.actions import TEXTS, ActionRules, with_actions
from collsec.compile.council.links import read_agenda_conflicts
from collsec.compile.council.resolutions import (
    AgendaRules,
    ResolutionRules,
    resolutions_from,
    with_chapter_vii,
    with_later,
)
from collsec.compile.missions.authorized_strength import authorized_strength_from
from collsec.compile.missions.counts import CountRules, monthly_counts
from collsec.compile.missions.labels import LabelRules
from collsec.compile.rules import RuleFile, read_rules
from collsec.compile.states.pacts import Pacts, defense_pacts
from collsec.compile.states.powers import Powers
from collsec.compile.states.states import StateCodes, StateSystem, state_system, states_from
from collsec.upstream.sources import Upstream

R = TypeVar("R", bound=RuleFile)


@dataclass(frozen=True)
class Workbench:
    """Inputs of the compiled tables.

    Parameters
    ----------
    upstream : Upstream
        The folder of published files.
    corrections : tuple of Correction
        Every declared correction.
    raw : Path
        ``data/raw``: the folders of coding rules and of hand-coded tables are read where a table
        rests on them, and never written.
    release : str or None
        Release of the conflict data that episodes are taken from; the study's own by default.
    """

    upstream: Upstream
    corrections: tuple[Correction, ...]
    raw: Path
    release: str | None = None

    @property
    def coded(self) -> Path:
        """Folder of the hand-coded tables."""
        return self.raw / "coded"

    @cached_property
    def _rules(self) -> dict[type[RuleFile], Any]:
        return {}

    def rules(self, model: type[R]) -> R:
        """The coding rules of one model, read once; see `collsec.compile.rules.read_rules`."""
        if model not in self._rules:
            self._rules[model] = read_rules(self.raw / "rules", model)
        found: R = self._rules[model]
        return found

    # conflicts ---------------------------------------------------------------------------
    @cached_property
    def vintage(self) -> Vintage:
        """Release of the episodes."""
        vintages = self.rules(Vintages)
        return vintages.first if self.release is None else vintages.of(self.release)

    @property
    def dyadic(self) -> str:
        """Key of the source of the dyads."""
        return self.vintage.dyadic

    @property
    def acd(self) -> str:
        """Key of the source of the episodes."""
        return self.vintage.source

    @cached_property
    def terminations(self) -> pd.DataFrame:
        """Ends of conflict episodes according to the Termination Dataset."""
        return read_terminations(self.upstream.file("ucdp_termination"))

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """Conflict episodes; see `collsec.compile.conflicts.episodes.episodes_from`."""
        return self.episodes_of(self.vintage)

    @cached_property
    def first_episodes(self) -> pd.DataFrame:
        """Episodes of the first release, whose numbers are their ids."""
        return self._numbered(self.rules(Vintages).first)

    def episodes_of(self, vintage: Vintage) -> pd.DataFrame:
        """Episodes of a release, under the ids that the first one gave them."""
        if vintage == self.rules(Vintages).first:
            return self.first_episodes
        return with_stable_ids(self._numbered(vintage), self.first_episodes)

    def _numbered(self, vintage: Vintage) -> pd.DataFrame:
        """Episodes of one release, numbered by onset."""
        source = vintage.source
        return episodes_from(
            read_acd(self.upstream.file(source), self.corrections, source),
            end_precisions(self.terminations),
            self.rules(ContributorRules),
            self.rules(StateCodes),
            (source, "ucdp_termination"),
        )

    def conflict_years_of(self, vintage: Vintage) -> pd.DataFrame:
        """Active years of the conflicts of a release; see `collsec.compile.conflicts.ucdp`."""
        source = vintage.source
        return read_acd(self.upstream.file(source), self.corrections, source)

    # council -----------------------------------------------------------------------------
    @cached_property
    def resolutions(self) -> pd.DataFrame:
        """Resolutions of the Council; the later ones and Chapter VII are coded by hand."""
        compiled = resolutions_from(
            self.upstream.files("un_library"),
            self.upstream.file("tamm"),
            self.rules(ResolutionRules),
            self.rules(AgendaRules),
        )
        every = with_later(compiled, self.coded / "resolutions_since_2022.csv")
        return with_actions(
            with_chapter_vii(every, self.coded / "chapter_vii.csv"),
            self.upstream.file(TEXTS),
            self.coded / "resolution_actions.csv",
            self.rules(ActionRules),
        )

    @cached_property
    def agenda(self) -> pd.DataFrame:
        """Which war a matter of the Council stands for, and when; coded by hand."""
        return read_agenda_conflicts(self.coded / "agenda_conflicts.csv")

    # missions ----------------------------------------------------------------------------
    @cached_property
    def monthly_counts(self) -> pd.DataFrame:
        """People of UN operations by month; see `collsec.compile.missions.counts`."""
        return monthly_counts(
            self.upstream.file("bara_hultman"),
            self.upstream.file("personnel_shortfall"),
            self.rules(LabelRules),
            self.rules(CountRules),
        )

    @cached_property
    def authorized_strength(self) -> pd.DataFrame:
        """Authorized strength of UN operations over time."""
        return authorized_strength_from(
            self.monthly_counts, self.resolutions, self.rules(LabelRules), self.rules(CountRules)
        )

    @cached_property
    def _own_operations(self) -> pd.DataFrame:
        missions = pd.read_csv(self.coded / "missions.csv", dtype=str, keep_default_na=False)
        return missions[missions["sponsor"] == "un"]

    @cached_property
    def operations(self) -> frozenset[str]:
        """Ids of the UN's operations, from the coded table of missions."""
        return frozenset(self._own_operations["mission_id"])

    @cached_property
    def founded(self) -> dict[str, str]:
        """UN operation → ISO day of its founding, from the coded table of missions."""
        own = self._own_operations
        return dict(zip(own["mission_id"], own["authorized_date"], strict=True))

    @cached_property
    def stood(self) -> dict[str, tuple[str, str]]:
        """UN operation → ISO days of its founding and its end; the latter empty if it goes on."""
        own = self._own_operations
        spans = zip(own["authorized_date"], own["end_date"], strict=True)
        return dict(zip(own["mission_id"], spans, strict=True))

    @cached_property
    def hosts(self) -> dict[str, list[int]]:
        """UN operation → codes of the states on whose territory it stands."""
        own = self._own_operations
        codes = ([int(code) for code in cell.split(";") if code] for cell in own["host_gwno"])
        return dict(zip(own["mission_id"], codes, strict=True))

    # states ------------------------------------------------------------------------------
    @cached_property
    def states(self) -> pd.DataFrame:
        """State codes; see `collsec.compile.states.states.states_from`."""
        return states_from(
            self.upstream.file("gw_system"),
            self.upstream.file("ideal_points"),
            self.rules(StateCodes),
            self.rules(Powers),
            {"system": "gw_system", "iso3": "ideal_points", "further": "ucdp_acd"},
        )

    @cached_property
    def system(self) -> StateSystem:
        """Which state existed when."""
        return state_system(self.states)

    @cached_property
    def pacts(self) -> Pacts:
        """Promises of defense."""
        return defense_pacts(self.upstream.file("atop"), self.rules(StateCodes))
