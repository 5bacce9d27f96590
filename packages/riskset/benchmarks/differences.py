"""Where engines answer otherwise: `python -m benchmarks.differences` on one small sample.

Answers of the engines that this Python has are worked out again; those of others are kept from the
table, so that engines which do not live in one environment can be asked one after another.
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TABLE = Path(__file__).with_name("differences.csv")
REFUSED = "refused"
NONE = "none"
#: What each quantity of the table is, in the words of the page.
QUANTITIES = {
    "cox": "Cox, late entry and ties: coefficient of x",
    "cox-error": "error of that by cluster",
    "cox-weights": "Cox, case weights, no cluster named: error of x",
    "linear-predictor": "linear predictor of the first row",
    "zph": "score test of proportional hazards, x: χ²",
    "survival-error": "survival at 6 of x = 1, clusters: error",
    "km-low": "Kaplan–Meier, late entry, at 6: lower limit",
    "frailty": "gamma frailty: variance",
    "logrank-late": "log-rank test under late entry: χ²",
    "aft": "Weibull AFT: coefficient of x",
    "aft-error": "error of the AFT's by cluster",
    "aft-loglik": "log-likelihood of the AFT",
    "concordance": "concordance of x under late entry",
}
Answers = dict[str, str]


def sample() -> pd.DataFrame:
    """Rows with late entry, whole times that tie, 25 clusters with a shared factor, weights."""
    rng = np.random.default_rng(1945)
    n = 250
    group = np.arange(n) % 25
    x, z = rng.normal(size=n).round(2), rng.integers(0, 2, n)
    rate = rng.gamma(2, 0.5, 25)[group] * np.exp(0.5 * x + 0.3 * z) / 8
    time, end = np.ceil(rng.exponential(1 / rate)), rng.integers(4, 20, n)
    stop = np.minimum(time, end)
    start = np.where(rng.random(n) < 0.3, np.floor(stop / 3), 0.0)
    data = pd.DataFrame({"start": start, "stop": stop, "event": (time <= end).astype(int)})
    return data.assign(x=x, z=z, group=group, w=rng.integers(1, 5, n) / 2)


def shown(value: float) -> str:
    """A number to six digits."""
    return f"{float(value):.6g}"


def riskset(rows: pd.DataFrame) -> Answers:
    """Answers of this library."""
    import riskset as rs

    late: dict[str, Any] = {"start": "start", "stop": "stop", "event": "event"}
    fit = rs.cox_ph(rows, ["x", "z"], **late, cluster="group")
    aft = rs.aft(rows, ["x", "z"], stop="stop", event="event", distribution="weibull",
                 cluster="group")  # fmt: skip
    predicted = fit.predict({"x": 1, "z": 0}, "survival", times=6)
    ranked = rs.concordance(rows, "x", **late)
    return {
        "cox": shown(fit.params["x"]),
        "cox-error": shown(fit.std_errors["x"]),
        "cox-weights": shown(rs.cox_ph(rows, ["x", "z"], **late, weights="w").std_errors["x"]),
        "linear-predictor": shown(fit.predict(rows.head(1))["estimate"].iloc[0]),
        "zph": shown(fit.test_proportional_hazards()["chi2"].loc["x"]),
        "survival-error": shown(predicted["std_error"].iloc[0]),
        "km-low": shown(rs.kaplan_meier(rows, **late).at([6])["ci_low"].iloc[0]),
        "frailty": shown(rs.frailty_cox(rows, ["x", "z"], **late, group="group").variance),
        "logrank-late": shown(rs.logrank(rows, group="z", **late).chi2),
        "aft": shown(aft.params["x"]),
        "aft-error": shown(aft.std_errors["x"]),
        "aft-loglik": shown(aft.loglik),
        "concordance": shown(ranked.estimate),
    }


def r_survival(rows: pd.DataFrame) -> Answers:
    """Answers of R's package `survival`."""
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "rows.csv", Path(folder) / "answers.csv"
        rows.to_csv(given, index=False)
        script = Path(__file__).with_suffix(".R")
        subprocess.run(["Rscript", script, given, found], check=True, capture_output=True)
        table = pd.read_csv(found, dtype=str, keep_default_na=False)
    answers = dict(zip(table["quantity"], table["value"], strict=True))
    return answers | {"logrank-late": REFUSED}


def rust_survival(rows: pd.DataFrame) -> Answers:
    """Answers of the PyPI package `survival`."""
    import survival

    formula = "Surv(start, stop, event) ~ x + z"
    fit: Any = survival.coxph(formula, rows, cluster="group")
    weighted: Any = survival.coxph(formula, rows, weights="w")
    aft: Any = survival.survreg("Surv(stop, event) ~ x + z", rows, dist="weibull", cluster="group")
    return {
        "cox": shown(fit.coefficients[0]),
        "cox-error": shown(np.sqrt(np.asarray(fit.var)[0, 0])),
        "cox-weights": shown(np.sqrt(np.asarray(weighted.var)[0, 0])),
        "aft": shown(aft.coefficients[1]),
        "aft-error": shown(np.sqrt(np.asarray(aft.var)[1, 1])),
    }


def greenwood(rows: pd.DataFrame) -> Answers:
    """Answers of greenwood."""
    from greenwood import CoxPH, Surv

    times = Surv(rows["start"], rows["stop"], rows["event"])
    fit: Any = CoxPH().fit(times, rows[["x", "z"]], cluster=rows["group"])
    return {"cox": shown(fit.coef_[0]), "cox-error": shown(fit.std_error_[0])}


def lifelines(rows: pd.DataFrame) -> Answers:
    """Answers of lifelines."""
    from lifelines import CoxPHFitter, KaplanMeierFitter, WeibullAFTFitter

    columns = ["start", "stop", "event", "x", "z"]
    times = {"duration_col": "stop", "event_col": "event", "entry_col": "start"}
    fit: Any = CoxPHFitter().fit(rows[[*columns, "group"]], cluster_col="group", **times)
    weighted: Any = CoxPHFitter().fit(rows[[*columns, "w"]], weights_col="w", **times)
    curve: Any = KaplanMeierFitter().fit(rows["stop"], rows["event"], entry=rows["start"])
    aft: Any = WeibullAFTFitter().fit(rows[["stop", "event", "x", "z"]], "stop", "event")
    return {
        "cox": shown(fit.params_["x"]),
        "cox-error": shown(fit.standard_errors_["x"]),
        "cox-weights": shown(weighted.standard_errors_["x"]),
        "linear-predictor": shown(fit.predict_log_partial_hazard(rows).iloc[0]),
        "zph": REFUSED,
        "km-low": shown(curve.confidence_interval_.loc[:6].iloc[-1, 0]),
        "aft": shown(aft.params_["lambda_"]["x"]),
        "aft-loglik": shown(aft.log_likelihood_),
    }


ENGINES: dict[str, Callable[[pd.DataFrame], Answers]] = {
    "riskset": riskset,
    "R": r_survival,
    "survival (Rust)": rust_survival,
    "greenwood": greenwood,
    "lifelines": lifelines,
}


def table() -> dict[str, Answers]:
    """The kept table, by engine."""
    kept: dict[str, Answers] = {name: {} for name in ENGINES}
    if TABLE.exists():
        with TABLE.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for name in ENGINES:
                    kept[name][row["quantity"]] = row[name]
    return kept


def main() -> None:
    """Ask the engines that are here, and write the table."""
    found, rows = table(), sample()
    for name, ask in ENGINES.items():
        try:
            found[name] = ask(rows)
        except (ImportError, FileNotFoundError) as missing:
            print(f"{name}: kept, as it is not here ({missing})")
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("quantity", *ENGINES))
        for quantity in QUANTITIES:
            out.writerow((quantity, *(found[name].get(quantity, NONE) for name in ENGINES)))


if __name__ == "__main__":
    main()
