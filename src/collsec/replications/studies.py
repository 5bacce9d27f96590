"""The models of earlier studies, each on the data of its authors.

A study is a file of its authors and a function from its rows to quantities: a coefficient, its
standard error, a log-likelihood, a count. What the authors printed is a table of the study,
``data/raw/coded/replications.csv``; nothing of their data is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import riskset as rs

#: Model → quantity → value.
Quantities = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Replication:
    """An earlier study that can be computed again.

    Parameters
    ----------
    name : str
        As `collsec replicate` is asked for it.
    title : str
        Authors, year, and what they ask.
    file : str
        Name of the authors' file in the user's folder.
    needs : tuple of str
        Columns without which the file is another one.
    read : callable
        From the path of that file to its rows.
    models : callable
        From those rows to quantities by model.
    """

    name: str
    title: str
    file: str
    needs: tuple[str, ...]
    read: Callable[[Path], pd.DataFrame]
    models: Callable[[pd.DataFrame], Quantities]


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, low_memory=False)


def _r_frame(path: Path) -> pd.DataFrame:
    """The one data frame of a file of R; names in it are written in Latin-1."""
    import rdata

    objects = rdata.read_rda(path, default_encoding="latin1", force_default_encoding=True)
    [frame] = objects.values()
    return pd.DataFrame(frame).reset_index(drop=True)


def _terms(fit: rs.RegressionResult | rs.CoxResult, names: Mapping[str, str]) -> dict[str, float]:
    """Coefficients and errors of some terms, by the names that a reader knows."""
    found = {}
    for term, name in names.items():
        found[f"{name}: coefficient"] = float(fit.params[term])
        found[f"{name}: standard error"] = float(fit.std_errors[term])
    return found


# Hultman, Kathman & Shannon 2013: one-sided violence ---------------------------------------------

_PERSONNEL = {
    "troopLag": "UN troops (thousands)",
    "policeLag": "UN police (thousands)",
    "militaryobserversLag": "UN observers (thousands)",
}


def one_sided_violence(rows: pd.DataFrame) -> Quantities:
    """Civilians killed in a conflict-month of Africa, on UN personnel of the month before."""
    covariates = [*_PERSONNEL, "brv_AllLag", "osvAllLagDum", "incomp", "epduration", "lntpop"]
    rows = rows.dropna(subset=[*covariates, "osvAll"])
    poisson = rs.poisson(rows, covariates, outcome="osvAll")
    counts = rs.negative_binomial(rows, covariates, outcome="osvAll", cluster="conflict_id")
    names = _PERSONNEL | {"lntpop": "Population (log)", "incomp": "Incompatibility"}
    benchmark = {f"{n}: coefficient": float(poisson.params[t]) for t, n in names.items()}
    return {
        "Poisson": {"conflict-months": poisson.nobs, "log-likelihood": poisson.loglik} | benchmark,
        "negative binomial": {"conflict-months": counts.nobs} | _terms(counts, _PERSONNEL),
    }


# Hultman, Kathman & Shannon 2014: battle deaths --------------------------------------------------


def battle_deaths(rows: pd.DataFrame) -> Quantities:
    """Battle deaths of a dyad-month of Africa to 2011 on UN troops and police the month before.

    The columns are those of a course's copy of the data. It has neither observers nor the article's
    exact sample, so the model shows a direction and not the article's table. Months that stand
    twice count once.
    """
    names = {"troop_lag1000": "UN troops (thousands)", "police_lag1000": "UN police (thousands)"}
    covariates = [*names, "brf_gr_lag", "ceasefire", "rebel_strength", "n_rebel_groups", "pop_ln"]
    covariates += ["biased_intervention", "regional_pko"]
    rows = rows.assign(dyad=rows["gov"].astype(str) + "|" + rows["rebel_group"].astype(str))
    rows = rows.dropna(subset=[*covariates, "brf_gr"]).drop_duplicates(["dyad", "year_month"])
    fit = rs.negative_binomial(rows, covariates, outcome="brf_gr", cluster="conflict_ID")
    return {"negative binomial": {"dyad-months": fit.nobs} | _terms(fit, names)}


# Doyle & Sambanis 2000: peacebuilding success ----------------------------------------------------


def peacebuilding(rows: pd.DataFrame) -> Quantities:
    """Success two years after a civil war, model A8, errors by 69 clusters."""
    covariates = ["wartype", "logcost", "wardur", "factnum", "factnum2", "trnsfcap"]
    covariates += ["untype4", "treaty", "develop", "exp", "decade"]
    rows = rows.dropna(subset=[*covariates, "pbs2s3"])
    fit = rs.logit(rows, covariates, outcome="pbs2s3", cluster="cluster", group_debias=True)
    names = {"untype4": "Multidimensional UN operation", "treaty": "Treaty"}
    return {"A8": {"wars": fit.nobs, "log-likelihood": fit.loglik} | _terms(fit, names)}


# Fearon & Laitin 2003: onset of civil war --------------------------------------------------------


def onset(rows: pd.DataFrame) -> Quantities:
    """Onset of civil war in a country-year, table 1 model 1; the onset coded 4 is one."""
    names = {
        "warl": "Prior war",
        "gdpenl": "Income per head (thousands)",
        "lpopl1": "Population (log)",
        "lmtnest": "Mountainous terrain (log)",
        "ncontig": "Noncontiguous state",
        "Oil": "Oil exporter",
        "nwstate": "New state",
        "instab": "Instability",
        "polity2l": "Democracy",
        "ethfrac": "Ethnic fractionalization",
        "relfrac": "Religious fractionalization",
    }
    rows = rows.dropna(subset=[*names, "onset"])
    fit = rs.logit(rows.assign(onset=rows["onset"].replace(4, 1)), [*names], outcome="onset")
    return {"1": {"country-years": fit.nobs} | _terms(fit, names)}


# Walter 2015: a war that comes back --------------------------------------------------------------


def recurrence(rows: pd.DataFrame) -> Quantities:
    """A civil war renewed in a year of peace: years since the war as time, ties after Efron."""
    names = {
        "fhcompor1": "Political and legal institutions",
        "victory": "Victory",
        "comprehensive": "Comprehensive agreement",
        "unpko": "UN peacekeepers",
    }
    covariates = ["fhcompor1", "lgdpl", "comprehensive", "victory", "instabl", "intensityln"]
    covariates += ["ethfrac", "unpko"]
    rows = rows.assign(stop=rows.groupby("id").cumcount() + 1)
    rows = rows.assign(start=rows["stop"] - 1).dropna(subset=[*covariates, "renewed_war"])
    fit = rs.cox_ph(rows, covariates, start="start", stop="stop", event="renewed_war")
    return {
        "Cox": {"years at risk": fit.nobs, "renewed wars": fit.n_events} | _terms(fit, names),
    }


# Box-Steffensmeier & Jones 2004: how long missions last ------------------------------------------


def mission_length(rows: pd.DataFrame) -> Quantities:
    """How long 54 UN missions lasted, by the kind of war that they were sent to."""
    rows = rows.dropna(subset=["duration"])
    names = {"civil": "Civil war", "interst": "Interstate conflict"}
    fit = rs.cox_ph(rows, [*names], stop="duration", event="failed", ties="breslow")
    return {"Cox": {"missions": fit.nobs, "ended": fit.n_events} | _terms(fit, names)}


STUDIES = {
    study.name: study
    for study in (
        Replication(
            "hultman_kathman_shannon_2013",
            "Hultman, Kathman & Shannon (2013): do peacekeepers protect civilians?",
            "hks_2013.csv",
            ("osvAll", *_PERSONNEL),
            _csv,
            one_sided_violence,
        ),
        Replication(
            "hultman_kathman_shannon_2014",
            "Hultman, Kathman & Shannon (2014): do peacekeepers lower battle deaths?",
            "pko_africa.Rdata",
            ("brf_gr", "troop_lag1000"),
            _r_frame,
            battle_deaths,
        ),
        Replication(
            "doyle_sambanis_2000",
            "Doyle & Sambanis (2000): does peace hold where the UN builds it?",
            "doyle_sambanis_2000.csv",
            ("pbs2s3", "untype4"),
            _csv,
            peacebuilding,
        ),
        Replication(
            "walter_2015",
            "Walter (2015): which civil wars come back?",
            "walter_2015.csv",
            ("renewed_war", "unpko"),
            _csv,
            recurrence,
        ),
        Replication(
            "fearon_laitin_2003",
            "Fearon & Laitin (2003): where do civil wars begin?",
            "fearon_laitin_2003.csv",
            ("onset", "warl"),
            _csv,
            onset,
        ),
        Replication(
            "box_steffensmeier_jones_2004",
            "Box-Steffensmeier & Jones (2004): how long do UN missions last?",
            "bsj_un_missions.csv",
            ("duration", "civil"),
            _csv,
            mission_length,
        ),
    )
}
