"""Disputes that a state begins, what became of them, and the disputes that it begins later.

States that begin disputes begin more of them. If the years after a victory are compared with all
other years of the state, any dispute looks like a cause of further ones. So outcomes are exchanged
among disputes: the years after a victory are held against the years after disputes that the same
state began and did not win.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy

from collsec.core.schema import Role
from collsec.designs import registry
from collsec.designs.estimate import Estimate, seed_for
from collsec.designs.inputs import Inputs
from collsec.designs.multiverse import Ratio
from collsec.designs.panel_counts import Panel, PanelCounts
from collsec.designs.registry import design
from collsec.hypothesis.options import AS_DECLARED, Choices
from collsec.hypothesis.specification import ExposureSpec
from collsec.hypothesis.study import Draws
from collsec.measures.registry import measure
from riskset import EstimationError
from riskset.inference.inversion import InvertedInterval, inverted_interval, tail_p_value
from riskset.regression.two_way_poisson import fit_panel, freed_residuals

YEARS = 5
WON = ("victory_a", "yield_b")
EXCHANGED = "exchanged_outcomes"
#: Exchanges at most; those of an estimate that is asked for without any; those of each world.
MOST_DRAWS, OWN_DRAWS, WORLD_DRAWS = 1999, 499, 199
#: Worlds at most in the calibration.
MOST_WORLDS = 400
#: Log ratio up to which an estimate is looked for; halvings of an interval.
LARGEST, STEPS = 4.0, 20
DECADE = 10
LEVEL = 0.95
#: Within what outcomes are exchanged, and what the estimate is called.
AMONG = {
    "state": "Outcomes exchanged among disputes of the same initiator",
    "state_and_decade": "Outcomes exchanged among disputes of the same initiator and decade",
    "decade": "Outcomes exchanged among all disputes of the same decade",
}
_USES = ("disputes.start_date", "disputes.end_date", "disputes.gwno_initiators")


def _begun(disputes: pd.DataFrame) -> pd.DataFrame:
    """One row per dispute and initiator."""
    rows = disputes.assign(gwno=disputes["gwno_initiators"].str.split(";")).explode("gwno")
    rows["gwno"] = pd.to_numeric(rows["gwno"])
    return rows.dropna(subset=["gwno"]).astype({"gwno": int})


def _grid(disputes: pd.DataFrame) -> pd.DataFrame:
    years = disputes["start_date"].dt.year
    return pd.MultiIndex.from_product(
        [
            sorted(set(_begun(disputes)["gwno"])),
            range(int(years.min()) + YEARS, int(years.max()) + 1),
        ],
        names=["unit_id", "period"],
    ).to_frame(index=False)


def _existing(grid: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Cells of states in years in which they were members of the system of states."""
    spells = states.assign(
        first=states["valid_from"].dt.year, last=states["valid_to"].dt.year.fillna(np.inf)
    )[["gwno", "first", "last"]]
    both = grid.merge(spells, left_on="unit_id", right_on="gwno")
    inside = both[(both["first"] <= both["period"]) & (both["period"] <= both["last"])]
    kept = inside[["unit_id", "period"]].drop_duplicates()
    return kept.sort_values(["unit_id", "period"]).reset_index(drop=True)


def reached(disputes: pd.DataFrame) -> pd.DataFrame:
    """The cells that each dispute would expose: its initiators, in the five years after its end.

    Returns
    -------
    DataFrame
        ``dispute`` (the row of the table, from 0 on), ``unit_id``, ``period``.
    """
    rows = _begun(disputes.reset_index(drop=True))
    ended = rows["end_date"].fillna(rows["start_date"]).dt.year.to_numpy(int)
    return pd.DataFrame(
        {
            "dispute": np.repeat(rows.index.to_numpy(), YEARS),
            "unit_id": np.repeat(rows["gwno"].to_numpy(), YEARS),
            "period": (ended[:, None] + np.arange(1, YEARS + 1)).ravel(),
        }
    )


def _recent(disputes: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Whether a chosen dispute of the state ended within the five years before."""
    cells = reached(disputes[chosen])
    hit = set(zip(cells["unit_id"], cells["period"], strict=True))
    out = _grid(disputes)
    found = [float(key in hit) for key in zip(out["unit_id"], out["period"], strict=True)]
    return out.assign(exposure=found)


def is_victory(disputes: pd.DataFrame) -> pd.Series:
    """The side that began won, or the other side yielded."""
    return disputes["dispute_outcome"].isin(WON)


def is_unopposed(disputes: pd.DataFrame) -> pd.Series:
    """A use of force by the side that began, without any militarized answer."""
    force = disputes["hostility_level"].astype(str).isin(["4", "use_of_force", "5", "war"])
    return force & ~disputes["is_reciprocated"].fillna(True).astype(bool)


@measure(
    "outcome",
    "Militarized disputes that the state begins in the year",
    uses=(*_USES, "states.gwno", "states.valid_from", "states.valid_to"),
    noun="new disputes",
    cell=("state", "year"),
)
def disputes_begun_by_state(disputes: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Disputes by each of their initiators, in the years in which the state existed."""
    rows = _begun(disputes)
    by_year = rows.groupby(["gwno", rows["start_date"].dt.year]).size()
    out = _existing(_grid(disputes), states)
    found = by_year.reindex(pd.MultiIndex.from_frame(out)).fillna(0.0).to_numpy(float)
    return out.assign(count=found)


@measure(
    "by_period",
    "The state won a dispute that it began in the past five years",
    uses=(*_USES, "disputes.dispute_outcome"),
    contrast=(
        "states in the five years after a victory in a dispute that they began",
        "the same states after disputes that they began and did not win",
    ),
)
def recent_victory(disputes: pd.DataFrame) -> pd.DataFrame:
    """Victory of the side that began, or the other side yielded."""
    return _recent(disputes, is_victory(disputes))


@measure(
    "by_period",
    "The state used force in the past five years, and nobody answered",
    uses=(*_USES, "disputes.is_reciprocated", "disputes.hostility_level"),
)
def recent_unopposed(disputes: pd.DataFrame) -> pd.DataFrame:
    """A use of force by the side that began, without any militarized answer."""
    return _recent(disputes, is_unopposed(disputes))


#: What is exchanged, by the measure that it makes.
OUTCOMES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "recent_victory": is_victory,
    "recent_unopposed": is_unopposed,
}


@dataclass(frozen=True, slots=True)
class Disputes:
    """What became of disputes, and the cells that each would expose.

    Attributes
    ----------
    reach : sparse array, shape (n_disputes, n_cells)
        One where the outcome of the dispute would expose the cell, by unit and then period.
    is_chosen : ndarray of bool, shape (n_disputes,)
    block : ndarray of int, shape (n_disputes,)
        Outcomes are exchanged among the disputes of one block.
    """

    reach: scipy.sparse.csr_array
    is_chosen: np.ndarray
    block: np.ndarray

    @property
    def is_free(self) -> np.ndarray:
        """Disputes in blocks that have both outcomes; the others stay as they are."""
        share = np.bincount(self.block, self.is_chosen) / np.bincount(self.block)
        return np.asarray((share[self.block] > 0) & (share[self.block] < 1))

    def exchanged(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Outcomes exchanged within blocks: array of bool, shape (draws, n_disputes)."""
        free = np.flatnonzero(self.is_free)
        own = self.block[free]
        base = free[np.argsort(own, kind="stable")]
        out = np.tile(self.is_chosen, (draws, 1))
        for row in out:
            row[base] = self.is_chosen[free[np.lexsort((rng.random(len(free)), own))]]
        return out

    def exposes(self, is_chosen: np.ndarray) -> scipy.sparse.csr_array:
        """Exposed cells of so many arrangements of outcomes, shape (n, n_cells)."""
        found: scipy.sparse.csr_array = (
            scipy.sparse.csr_array(is_chosen.astype(np.float64)) @ self.reach
        )
        found.data[:] = 1.0
        return found


@dataclass(frozen=True, slots=True)
class DisputedPanel(Panel):
    """A panel with the disputes whose outcomes make its exposure."""

    disputes: Disputes | None = None

    def since(self, day: pd.Timestamp) -> DisputedPanel:
        """The same panel in the years from that of a day on."""
        late = self.periods >= day.year
        assert self.disputes is not None
        cells = np.flatnonzero(np.tile(late, len(self.units)))
        return replace(
            self,
            periods=self.periods[late],
            counts=self.counts[:, late],
            exposure=self.exposure[:, late],
            disputes=replace(self.disputes, reach=self.disputes.reach[:, cells]),
        )

    def among(self, block: np.ndarray) -> DisputedPanel:
        """The same panel, outcomes exchanged among the disputes of other blocks."""
        assert self.disputes is not None
        return replace(self, disputes=replace(self.disputes, block=block))

    def exchanges(self, draws: int, seed: int) -> scipy.sparse.csr_array:
        """Cells that so many exchanges of outcomes expose, shape (draws, n_cells)."""
        assert self.disputes is not None
        drawn = self.disputes.exchanged(draws, np.random.default_rng(seed))
        return self.disputes.exposes(drawn)

    def scores(self, effect: float, drawn: scipy.sparse.csr_array) -> tuple[float, np.ndarray]:
        """The score of the panel as it is, and of each exchange, counts freed of an effect."""
        rest = freed_residuals(self.cells, effect)
        own = float((np.nan_to_num(self.exposure) * rest).sum())
        return own, np.asarray(drawn @ rest.ravel())


@design
class ExchangedOutcomes(PanelCounts):
    """Units by period; what became of disputes is exchanged among them."""

    name = "exchanged_outcomes"
    methods = (EXCHANGED,)
    further_methods = (EXCHANGED,)

    def prepare(
        self,
        inputs: Inputs,
        exposure: ExposureSpec,
        *,
        outcome: str | None = None,
        choices: Choices = AS_DECLARED,
    ) -> DisputedPanel:
        """The panel, with the disputes of the same initiators as blocks."""
        panel = super().prepare(inputs, exposure, outcome=outcome, choices=choices)
        own = {f.name: getattr(panel, f.name) for f in fields(Panel)}
        disputes = inputs.frames["disputes"].reset_index(drop=True)
        cells = reached(disputes)
        row = pd.Index(panel.units).get_indexer(cells["unit_id"])
        column = pd.Index(panel.periods).get_indexer(cells["period"])
        inside = (row >= 0) & (column >= 0)
        place = row[inside] * len(panel.periods) + column[inside]
        shape = (len(disputes), panel.counts.size)
        reach = scipy.sparse.csr_array(
            (np.ones(len(place)), (cells["dispute"].to_numpy()[inside], place)), shape=shape
        )
        reach.data[:] = 1.0
        chosen = OUTCOMES[choices.measure or exposure.measure](disputes).to_numpy(bool)
        return DisputedPanel(**own, disputes=Disputes(reach, chosen, blocks(disputes)["state"]))

    def too_few(self, inputs: Inputs, laid_out: Panel) -> str:
        """Nothing can be exchanged where no state has disputes of both outcomes."""
        assert isinstance(laid_out, DisputedPanel) and laid_out.disputes is not None
        if not laid_out.disputes.is_free.any():
            return "no initiator has disputes of both outcomes"
        return super().too_few(inputs, laid_out)

    def log_ratio(self, inputs: Inputs, laid_out: Panel) -> Ratio:
        """The log ratio at which the panel stands at the median of exchanges, and its error."""
        assert isinstance(laid_out, DisputedPanel)
        seed = seed_for(inputs.study.seed, f"{inputs.spec.hypothesis}.exchanges")
        log = centered(laid_out, laid_out.exchanges(OWN_DRAWS, seed))
        found = self.inverted(laid_out, log, draws=OWN_DRAWS, level=LEVEL, seed=seed)
        return log, found.std_error(LEVEL)

    def inverted(
        self, laid_out: Panel, estimate: float, *, draws: int, level: float, seed: int
    ) -> InvertedInterval:
        """The effects that exchanged outcomes do not reject."""
        assert isinstance(laid_out, DisputedPanel)
        drawn = laid_out.exchanges(min(draws, MOST_DRAWS), seed)
        return inverted_interval(
            lambda effect: tail_p_value(*laid_out.scores(effect, drawn)),
            estimate,
            level=level,
            steps=STEPS,
        )

    def rejected(
        self, laid_out: Panel, draws: int, seed: int, chances: Any = None
    ) -> tuple[int, np.ndarray]:
        """Worlds in which outcomes are exchanged over all disputes, whoever began them."""
        assert isinstance(laid_out, DisputedPanel) and laid_out.disputes is not None
        rng = np.random.default_rng(seed)
        own, rest = laid_out.disputes, freed_residuals(laid_out.cells, 0.0).ravel()
        rejected, scores = 0, []
        for _ in range(min(draws, MOST_WORLDS)):
            world = replace(own, is_chosen=rng.permutation(own.is_chosen))
            score = float((own.exposes(world.is_chosen[None, :]) @ rest)[0])
            reference = np.asarray(own.exposes(world.exchanged(WORLD_DRAWS, rng)) @ rest)
            rejected += tail_p_value(score, reference) < 1 - LEVEL
            scores.append(score)
        made = np.array(scores)
        return rejected, (made - made.mean()) / (float(made.std()) or 1.0) * 0.1

    def alongside(
        self, inputs: Inputs, laid_out: Panel, primary: Estimate, draws: Draws
    ) -> list[Estimate]:
        """Outcomes exchanged among other disputes; the regression, held against no exchange."""
        assert isinstance(laid_out, DisputedPanel)
        level, power = inputs.study.usual_level, inputs.study.power
        disputes = inputs.frames["disputes"].reset_index(drop=True)
        exposure, made = inputs.spec.exposure, []
        for name, block in blocks(disputes).items():
            if name == "state":  # the primary itself
                continue
            made.append(
                self.estimate(
                    inputs,
                    laid_out.among(block),
                    exposure,
                    estimate_id=f"{inputs.spec.hypothesis}.exchanged_by_{name}",
                    role=Role.VARIANT,
                    level=level,
                    draws=draws.rerandomization_draws,
                    label=AMONG[name],
                )
            )
        known = self.described(
            inputs,
            laid_out,
            replace(exposure, validity="known-biased"),
            estimate_id=f"{inputs.spec.hypothesis}.against_other_years",
            role=Role.KNOWN_BIASED,
            label="Against all other years of the state: not one without an effect",
        )
        found = fit_panel(laid_out.cells)
        known |= {"inference": registry.SANDWICH}
        made.append(
            Estimate.from_fit(
                found.estimate,
                found.std_error,
                level=level,
                degrees=self.degrees(laid_out),
                power=power,
                **known,
            )
        )
        return made


def blocks(disputes: pd.DataFrame) -> dict[str, np.ndarray]:
    """Codes of the disputes among which outcomes are exchanged, by name as in :data:`AMONG`."""
    state = disputes["gwno_initiators"].astype(str)
    decade = (disputes["start_date"].dt.year // DECADE).astype(str)
    keys = {"state": state, "state_and_decade": state + "/" + decade, "decade": decade}
    return {n: np.unique(k.to_numpy(str), return_inverse=True)[1] for n, k in keys.items()}


def centered(panel: DisputedPanel, drawn: scipy.sparse.csr_array) -> float:
    """The log ratio under which the score is the median of those of exchanges.

    Raises
    ------
    EstimationError
        If no ratio in reach gives it.
    """

    def gap(effect: float) -> float:
        own, reference = panel.scores(effect, drawn)
        return own - float(np.median(reference))

    if gap(-LARGEST) * gap(LARGEST) >= 0:
        raise EstimationError("exchanged outcomes are compatible with no finite ratio")
    return float(scipy.optimize.brentq(gap, -LARGEST, LARGEST, xtol=1e-6))
