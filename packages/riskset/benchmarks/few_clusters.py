"""How often intervals hold the truth where clusters are few: `python -m benchmarks.few_clusters`.

Each sample is drawn anew from a world whose marginal hazard is known. A cluster's shared factor has
a positive stable distribution, the one that leaves hazards proportional when it is averaged over:
the Cox model of the rows is true although rows of a cluster depend on one another.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import riskset as rs
from riskset.inference.few_clusters import Method

TABLE = Path(__file__).with_name("few_clusters.csv")
SEED = 20261203
CLUSTERS = (40, 20, 10, 6)
#: With 2000 samples the Monte Carlo error of a share near 95 % is half a point.
SAMPLES = 2000
#: Of each cell so many draws are counted apart, for a test that runs them again.
FIRST = 20
EACH = 25
#: Index of the stable distribution: Kendall's rank correlation within clusters is one less it, .3.
INDEX = 0.7
TRUTH = {"trait": 0.4, "treated": 0.5, "own": 0.3}
LEVEL = 0.95
ERRORS: tuple[Method, ...] = ("sandwich", "cr2", "jackknife")
METHODS = ("normal", *ERRORS, "score bootstrap")


def sample(groups: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of clusters of 5 to 45 units, a quarter of the clusters treated; a third censored."""
    size = rng.integers(5, 2 * EACH - 4, groups)
    group = np.repeat(np.arange(groups), size)
    n = len(group)
    treated = np.zeros(groups)
    treated[rng.permutation(groups)[: max(2, round(groups / 4))]] = 1
    rows = pd.DataFrame(
        {
            "cluster": group,
            "trait": rng.normal(size=groups)[group],
            "treated": treated[group],
            "own": rng.integers(0, 2, n),
        }
    )
    angle, wait = rng.uniform(0, np.pi, groups), rng.exponential(size=groups)
    stable = (
        np.sin(INDEX * angle)
        / np.sin(angle) ** (1 / INDEX)
        * (np.sin((1 - INDEX) * angle) / wait) ** ((1 - INDEX) / INDEX)
    )
    log_hazard = rows[list(TRUTH)].to_numpy() @ np.array(list(TRUTH.values()))
    time = (rng.exponential(size=n) / (stable[group] * np.exp(log_hazard / INDEX))) ** INDEX
    end = rng.uniform(0.5, 3.0, n)
    return rows.assign(stop=np.minimum(time, end), event=(time <= end).astype(int))


def covered(rows: pd.DataFrame) -> dict[tuple[str, str], bool | None]:
    """Whether each method's interval of each coefficient holds the truth; None without one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rs.EstimationWarning)
        try:
            fit = rs.cox_ph(rows, list(TRUTH), stop="stop", event="event", cluster="cluster")
        except rs.EstimationError:
            return {(name, method): None for name in TRUTH for method in METHODS}
        found: dict[tuple[str, str], bool | None] = {}
        bounds = {"normal": fit.conf_int(LEVEL).to_numpy().T}
        for method in ERRORS:
            try:
                bounds[method] = rs.cluster_inference(fit, method).conf_int(LEVEL).to_numpy().T
            except rs.EstimationError:
                bounds[method] = np.full((2, len(TRUTH)), np.nan)
        for name_of_method, (low, high) in bounds.items():
            for j, (name, truth) in enumerate(TRUTH.items()):
                known = np.isfinite(low[j])
                found[name, name_of_method] = bool(low[j] <= truth <= high[j]) if known else None
        for name, truth in TRUTH.items():
            # The interval holds the values that are not rejected: one test says whether it covers.
            test = rs.score_bootstrap(fit, name, value=truth, seed=1, interval=False)
            found[name, "score bootstrap"] = test.p_value > 1 - LEVEL
    return found


def count(groups: int, samples: int) -> dict[tuple[str, str], list[bool | None]]:
    """What `covered` says of the first samples with so many clusters, by coefficient, method."""
    seeds = np.random.SeedSequence([SEED, groups]).spawn(samples)
    all_found = [covered(sample(groups, np.random.default_rng(seed))) for seed in seeds]
    return {key: [found[key] for found in all_found] for key in all_found[0]}


def main() -> None:
    """Write the table."""
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(
            ("clusters", "coefficient", "method", "estimable", "covered", "first", "first_covered")
        )
        for groups in CLUSTERS:
            for (name, method), held in count(groups, SAMPLES).items():
                known = [h for h in held if h is not None]
                first = sum(bool(h) for h in held[:FIRST])
                out.writerow((groups, name, method, len(known), sum(known), FIRST, first))
            file.flush()


if __name__ == "__main__":
    main()
