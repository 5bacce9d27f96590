"""What several tables are made from, read once: upstream files, corrections, episodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from collsec.compile.conflicts.episodes import episodes_from
from collsec.compile.conflicts.termination import end_precisions, read_terminations
from collsec.compile.conflicts.ucdp import read_acd
from collsec.compile.conflicts.vintages import FIRST, vintage_of, with_stable_ids
from collsec.compile.corrections import Correction
from collsec.compile.council.chapter_vii import with_chapter_vii
from collsec.compile.council.council import compile_resolutions
from collsec.compile.council.later_resolutions import with_later
from collsec.compile.missions.missions import monthly_counts
from collsec.compile.states.state_system import StateSystem, state_system
from collsec.compile.states.states import states_from
from collsec.upstream.sources import Upstream


@dataclass(frozen=True)
class Workbench:
    """Inputs of the compiled tables.

    Parameters
    ----------
    upstream : Upstream
        The folder of published files.
    corrections : tuple of Correction
        Every declared correction.
    coded : Path
        Folder of the hand-coded tables; read where a rule rests on one, never written.
    vintage : str
        Release of the conflict data that episodes are taken from.
    """

    upstream: Upstream
    corrections: tuple[Correction, ...]
    coded: Path
    vintage: str = FIRST

    @property
    def acd(self) -> str:
        """Key of the source of the episodes."""
        return vintage_of(self.vintage).source

    @cached_property
    def terminations(self) -> pd.DataFrame:
        """Ends of conflict episodes according to the Termination Dataset."""
        return read_terminations(self.upstream.file("ucdp_termination"))

    @cached_property
    def episodes(self) -> pd.DataFrame:
        """Conflict episodes; see `collsec.compile.episodes.episodes_from`."""
        if self.vintage == FIRST:
            return self.first_episodes
        return self.named_like_first(self.vintage)

    @cached_property
    def first_episodes(self) -> pd.DataFrame:
        """Episodes of the first release, whose numbers are their ids."""
        return self._episodes_of(FIRST)

    def named_like_first(self, vintage: str) -> pd.DataFrame:
        """Episodes of another release, under the ids that the first one gave them."""
        return with_stable_ids(self._episodes_of(vintage), self.first_episodes)

    def _episodes_of(self, vintage: str) -> pd.DataFrame:
        """Episodes of one release, numbered by onset."""
        source = vintage_of(vintage).source
        corrections = self.corrections_of(source)
        mended = {
            (c.locator["conflict_id"], c.locator["year"]): c.evidence
            for c in corrections
            if c.evidence
        }
        return episodes_from(
            read_acd(self.upstream.file(source), corrections),
            end_precisions(self.terminations),
            (source, "ucdp_termination"),
            mended,
        )

    @cached_property
    def resolutions(self) -> pd.DataFrame:
        """Resolutions of the Council, the later ones and Chapter VII from hand-coded tables."""
        compiled = compile_resolutions(self.upstream.folder)
        every = with_later(compiled, self.coded / "resolutions_since_2022.csv")
        return with_chapter_vii(every, self.coded / "chapter_vii.csv")

    @cached_property
    def monthly_counts(self) -> pd.DataFrame:
        """People of UN operations by month; see `collsec.compile.missions.monthly_counts`."""
        return monthly_counts(self.upstream.folder)

    @cached_property
    def operations(self) -> frozenset[str]:
        """Ids of the UN's operations, from the coded table of missions."""
        missions = pd.read_csv(self.coded / "missions.csv", usecols=["mission_id", "sponsor"])
        return frozenset(missions.loc[missions["sponsor"] == "un", "mission_id"])

    @cached_property
    def founded(self) -> dict[str, str]:
        """UN operation → ISO day of its founding, from the coded table of missions."""
        missions = pd.read_csv(self.coded / "missions.csv", dtype=str, keep_default_na=False)
        own = missions[missions["sponsor"] == "un"]
        return dict(zip(own["mission_id"], own["authorized_date"], strict=True))

    @cached_property
    def states(self) -> pd.DataFrame:
        """State codes; see `collsec.compile.states.states_from`."""
        return states_from(
            self.upstream.file("gw_system"),
            self.upstream.file("ideal_points"),
            {"system": "gw_system", "iso3": "ideal_points", "further": "ucdp_acd"},
        )

    @cached_property
    def system(self) -> StateSystem:
        """Which state existed when."""
        return state_system(self.states)

    def corrections_of(self, source: str) -> tuple[Correction, ...]:
        """Corrections of one source."""
        return tuple(c for c in self.corrections if c.source == source)
