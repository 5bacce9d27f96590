"""Definitions of the columns that the pipeline derives; one per name, wherever it stands.

Columns of the raw tables are defined in their Table Schemas, measures in their own docstrings.
Only what no raw table has is defined here; what is special to a processed table that carries a
raw column stands in :data:`HERE`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Derived:
    """A column that the pipeline derives.

    Attributes
    ----------
    tables : tuple of str
        The processed tables that hold it, ``stage/name``; ``*`` stands for any name.
    unit : str
        Unit, or the values that it takes.
    text : str
        The definition.
    """

    tables: tuple[str, ...]
    unit: str
    text: str


# What makes the tables of each stage.
MADE_BY = {
    "episodes": "collsec.histories.episodes",
    "timelines": "collsec.histories.timelines",
    "public": "collsec.histories.public",
    "panels": "collsec.histories.cohorts, collsec.histories.panels",
    "specs": "collsec.designs.multiverse",
    "estimates": "collsec.designs",
}

_EPISODES, _MISSIONS, _ACTS = "episodes/episodes", "episodes/missions", "episodes/acts"
_EXTENTS = "episodes/extents"
_LINKS, _DEPLOYMENT, _COUNCIL = "episodes/links", "timelines/deployment", "timelines/council"
_TIMELINES = ("timelines/*",)
_PANEL, _ATTRITION = ("panels/*",), ("panels/*-attrition",)
_ESTIMATES, _CURVES = ("estimates/*",), ("estimates/*-curves",)
_MULTIVERSE = ("specs/*-multiverse", "estimates/*-multiverse")
_TEXT = "text"
_RATIO = "unit of the estimand"


def _missions_present(who: str) -> str:
    return f"Operations {who} in the conflict (or host) from this day on."


DERIVED: dict[str, Derived] = {
    # episodes
    "exit_date": Derived(
        (_EPISODES,),
        "day",
        "Last day followed: the end, or the last day "
        "of the release of the conflict data where the episode goes on.",
    ),
    "duration_days": Derived(
        (_EPISODES,), "days", "From onset to exit; half a day where both fall on one day."
    ),
    "earlier_episodes": Derived(
        (_EPISODES,), "episodes", "Episodes of the same conflict with an earlier onset."
    ),
    "onset_year": Derived((_EPISODES,), "calendar year", "Year of the onset."),
    "has_p5_party": Derived(
        (_EPISODES,),
        "true or false",
        "Whether a permanent member of the "
        "Council is a warring party in the first year; contributors to UN missions are none.",
    ),
    "link_basis": Derived(
        (_MISSIONS,),
        _TEXT,
        "What the link of the operation to the conflict rests on; values as in `basis`.",
    ),
    "link_confidence": Derived(
        (_MISSIONS,),
        "grade, 1 to 3",
        "How sure the link of the operation to the conflict is; grades as in `confidence`.",
    ),
    "has_troops_in_mission": Derived(
        (_MISSIONS,),
        "true or false",
        "Whether the operation ever had armed contingents, wherever they stood.",
    ),
    "act": Derived(
        (_ACTS,),
        _TEXT,
        "What the Council did: `veto` (a draft failed through one) or `resolution` (adopted).",
    ),
    "extent": Derived((_EXTENTS,), _TEXT, "Which record: its name in `known_until`."),
    "first_day": Derived((_EXTENTS,), "day", "First day that the record covers."),
    "last_day": Derived(
        (_EXTENTS,), "day", "Last day that the record covers; what came later is not known."
    ),
    "family": Derived((_LINKS,), _TEXT, "Which rows of the record are counted."),
    "n_rows": Derived((_LINKS,), "rows", "Rows of the family."),
    "n_linked": Derived((_LINKS,), "rows", "Rows whose key leads to an episode or a conflict."),
    "n_none": Derived(
        (_LINKS,), "rows", "Rows that are coded as concerning no conflict, or not covered."
    ),
    "n_unmatched": Derived((_LINKS,), "rows", "Rows whose key leads nowhere; must be 0."),
    "n_recalled": Derived((_LINKS,), "rows", "Rows that rest on general knowledge."),
    # timelines
    "known_from": Derived(
        _TIMELINES,
        "day",
        "Day on which the state was known; what a panel row "
        "rests on was known strictly before it begins.",
    ),
    "un_troops": Derived(
        (_DEPLOYMENT, "timelines/host_deployment"),
        "operations",
        _missions_present("of the UN with armed contingents"),
    ),
    "un_troops_with_uncertain": Derived(
        (_DEPLOYMENT,),
        "operations",
        _missions_present(
            "of the UN with armed contingents, weak links and recalled dates admitted,"
        ),
    ),
    "un_troops_at_half_strength": Derived(
        (_DEPLOYMENT,),
        "operations",
        _missions_present("of the UN that have reached half of their authorized strength"),
    ),
    **{
        name: Derived(("timelines/peace_process",), "agreements, running count", text)
        for name, text in {
            "agreements": "Peace agreements signed in the conflict so far.",
            "agreements_full": "Of `agreements`, those that settle the whole incompatibility.",
            "agreements_partial": "Of `agreements`, those that settle a part of it.",
            "agreements_process": "Of `agreements`, those that lay out how to settle it.",
            "agreements_ceasefire": "Of `agreements`, those that provide for a ceasefire.",
            "agreements_peacekeeping": "Of `agreements`, those that provide for peacekeepers.",
        }.items()
    },
    "months_of_talks": Derived(
        ("timelines/talks",),
        "months, running count",
        "Months with negotiations in the conflict so far; secondary use only.",
    ),
    "mediated_months": Derived(
        ("timelines/talks",),
        "months, running count",
        "Of `months_of_talks`, those in which a third party mediated.",
    ),
    **{
        name: Derived(("timelines/peace_status",), unit, text)
        for name, unit, text in (
            (
                "agreement_level",
                "0 to 3",
                "Furthest-reaching agreement in the conflict so far: 0 none, 1 on the process, 2 "
                "on a part, 3 on the whole; none is missing where not covered.",
            ),
            (
                "is_talking",
                "1 if so",
                "Whether there were negotiations in the month; missing where not covered.",
            ),
            (
                "ceasefire_level",
                "0 to 2",
                "Widest ceasefire that surely held in the month: 0 none, 1 in a part of the zone, "
                "2 in the whole; none is missing where not covered.",
            ),
            (
                "mutual_ceasefire_level",
                "0 to 2",
                "The same of ceasefires that two parties or more kept.",
            ),
            (
                "are_agreements_covered",
                "1 if so",
                "Whether the record of agreements reaches there.",
            ),
            (
                "are_talks_covered",
                "1 if so",
                "Whether the record of negotiations reaches there.",
            ),
            (
                "are_ceasefires_covered",
                "1 if so",
                "Whether the record of ceasefires reaches there.",
            ),
        )
    },
    "deaths_in_month": Derived(
        ("timelines/violence",),
        "deaths",
        "State-based deaths in the host in the month; missing where not covered, and after the "
        "last year in which the record is whole.",
    ),
    "deaths_in_month_scaled": Derived(
        ("timelines/violence",),
        "deaths",
        "State-based deaths in the host in the month; after the last year in which the record is "
        "whole, scaled to the totals of the years. Missing where not covered.",
    ),
    "deaths_in_year": Derived(
        ("timelines/violence",),
        "deaths",
        "State-based deaths in the host in the twelve months that end with the month; missing "
        "unless all twelve are known.",
    ),
    "is_shared_month": Derived(
        ("timelines/violence",), "1 if so", "Whether these deaths may be of several conflicts."
    ),
    "deaths_of_year": Derived(
        ("timelines/battle_deaths",),
        "deaths",
        "Battle-related deaths of the conflict in the year: UCDP's best estimate, else PRIO's.",
    ),
    "sanctions_in_force": Derived(
        ("timelines/sanctions",),
        "regimes",
        "Sanctions regimes of the Council in force on the conflict from this day on.",
    ),
    "seats": Derived(
        ("timelines/regional_seats",),
        "seats",
        "Elected members of the Council from the region of the state, from this day on.",
    ),
    "un_personnel": Derived(
        (_DEPLOYMENT,), "operations", _missions_present("of the UN with any people in uniform")
    ),
    "peacekeepers": Derived(
        (_DEPLOYMENT,),
        "operations",
        _missions_present("of the UN, regional organizations or coalitions with contingents"),
    ),
    "un_authorized": Derived(
        (_DEPLOYMENT,), "operations", _missions_present("that the UN has authorized, there or not,")
    ),
    "vetoes": Derived(
        (_COUNCIL, "timelines/council_elsewhere"),
        "vetoes, running count",
        "Vetoed drafts on the conflict so far (`council`), or on other conflicts of its region "
        "(`council_elsewhere`).",
    ),
    **{
        f"vetoes_{member}": Derived(
            (_COUNCIL,), "vetoes, running count", f"Of `vetoes`, those cast by {name}."
        )
        for member, name in (
            ("china", "China"),
            ("france", "France"),
            ("uk", "the United Kingdom"),
            ("russia", "the Soviet Union or Russia"),
            ("usa", "the United States"),
        )
    },
    **{
        f"vetoes_{action}": Derived(
            (_COUNCIL,),
            "vetoes, running count",
            f"Of `vetoes`, those on drafts whose `action_class` is `{action}`.",
        )
        for action in ("enforcement_or_mission", "sanctions", "condemnation", "other")
    },
    "resolutions": Derived(
        (_COUNCIL,), "resolutions, running count", "Adopted resolutions on the conflict so far."
    ),
    "acts": Derived(
        (_COUNCIL,), "acts, running count", "Resolutions and vetoed drafts on the conflict so far."
    ),
    "is_war": Derived(
        ("timelines/war",),
        "true or false",
        "Whether the conflict saw 1,000 or more "
        "battle-related deaths in the year; known only after the year.",
    ),
    # panels
    "unit_id": Derived(_PANEL, "identifier", "Unit that is followed: an episode."),
    "start": Derived(_PANEL, "days since time zero", "The row is about the time after this day."),
    "stop": Derived(_PANEL, "days since time zero", "The row ends on this day, which it includes."),
    "time_zero": Derived(
        _PANEL, "date", "Day on which the clock of the unit starts, where it is not the onset."
    ),
    "event": Derived(
        _PANEL, "true or false", "Whether the outcome happened on the last day of the row."
    ),
    "period": Derived(
        _PANEL,
        "code",
        "Period of the onset: 1 from 1946, 2 from 1960, 3 from 1975, 4 from 1990, 5 from 2005.",
    ),
    "earlier_episodes_group": Derived(
        _PANEL, "code", "Earlier episodes of the conflict: 0 none, 1 one, 2 two or more."
    ),
    "type_group": Derived(
        _PANEL,
        _TEXT,
        "Type at onset: `intrastate` with internationalized wars, `interstate`, `extrasystemic`.",
    ),
    "months_at_war": Derived(
        _PANEL, "months", "Months of the window in which the war was active; relapses count."
    ),
    "count": Derived(
        _PANEL, "count", "What is counted of the unit in the period, such as troops or onsets."
    ),
    "exposure": Derived(
        _PANEL, "degree, or 0 or 1", "The exposure of the hypothesis in the period of the row."
    ),
    "step": Derived(_ATTRITION, _TEXT, "Step by which the cohort is selected."),
    "dropped": Derived(_ATTRITION, "units", "Units that the step leaves out."),
    # multiverse
    "specification": Derived(
        _MULTIVERSE,
        "identifier",
        "Digest of all that determines the estimate of one specification.",
    ),
    "departures": Derived(
        ("estimates/*-multiverse",), "axes", "Axes on which the specification is not the primary."
    ),
    # estimates
    "estimate_id": Derived(
        _ESTIMATES,
        "identifier",
        "Name of the estimate: the hypothesis, a point, and what is estimated.",
    ),
    "label": Derived(_ESTIMATES, _TEXT, "What a reader sees."),
    "measure": Derived(_ESTIMATES, _TEXT, "Measure of the exposure."),
    "lag_months": Derived(_ESTIMATES, "months", "Months after which an exposure begins to count."),
    "estimate": Derived(_ESTIMATES, _RATIO, "The estimate; of curves, the height of the curve."),
    "ci_low": Derived(
        _ESTIMATES, _RATIO, "Lower end of the interval of the estimate's own inference."
    ),
    "ci_high": Derived(_ESTIMATES, _RATIO, "Upper end of the same interval."),
    "level": Derived(_ESTIMATES, "probability", "Level of the interval."),
    "low_95": Derived(
        _ESTIMATES,
        _RATIO,
        "Lower end of the 95 % interval by the same method; of the interval itself where that is "
        "its level. Missing where finding it would cost as much as the interval itself: effects "
        "inverted over redrawn arrivals, redrawn acts, or turned paths at another level.",
    ),
    "high_95": Derived(_ESTIMATES, _RATIO, "Upper end of the same interval."),
    "p_value": Derived(_ESTIMATES, "probability", "Two-sided p-value of no effect."),
    "std_error": Derived(_ESTIMATES, _RATIO, "Standard error; of hazard ratios on the log scale."),
    "inference": Derived(
        _ESTIMATES,
        _TEXT,
        "Where the interval comes from, such as "
        "`risk_set_rerandomization`, `cluster_sandwich` or `cluster_bootstrap`.",
    ),
    "nobs": Derived(_ESTIMATES, "rows", "Rows of the panel."),
    "n_units": Derived(
        (*_ESTIMATES, *_ATTRITION), "units", "Units followed, or left after the step."
    ),
    "n_events": Derived((*_ESTIMATES, *_ATTRITION), "events", "Outcomes among them."),
    "n_clusters": Derived(_ESTIMATES, "clusters", "Clusters (host states)."),
    "exposed_units": Derived(_ESTIMATES, "units", "Units with any exposure."),
    "exposed_events": Derived(_ESTIMATES, "events", "Outcomes while exposed."),
    "equivalence_low": Derived(
        _ESTIMATES,
        _RATIO,
        "Lower end of the primary's interval at 1 - 2α, where its own is at 1 - α: two one-sided "
        "tests at α against the range of no interest. Missing for every other estimate.",
    ),
    "equivalence_high": Derived(
        _ESTIMATES, _RATIO, "Upper end of the primary's interval at 1 - 2α."
    ),
    "expected_events": Derived(
        _ESTIMATES,
        "events",
        "Outcomes while exposed that would be expected without an effect: at each event, the "
        "exposed share of those at risk. Missing where exposure is in degrees or not counted.",
    ),
    "exposed_clusters": Derived(_ESTIMATES, "clusters", "Clusters with any exposure."),
    "centered": Derived(
        _ESTIMATES,
        _RATIO,
        "Hazard ratio at which the score stands at the median "
        "of the redrawn exposures: the estimate that belongs to a re-randomization interval.",
    ),
    "cluster_low": Derived(_ESTIMATES, _RATIO, "Lower end of the cluster-sandwich interval."),
    "cluster_high": Derived(_ESTIMATES, _RATIO, "Upper end of the cluster-sandwich interval."),
    "mde_low": Derived(
        _ESTIMATES,
        _RATIO,
        "Largest hazard ratio below 1 that the design detects at the study's power.",
    ),
    "mde_high": Derived(
        _ESTIMATES,
        _RATIO,
        "Smallest hazard ratio above 1 that the design detects at the study's power.",
    ),
    "null_rejection": Derived(
        _ESTIMATES,
        "share, 0 to 1",
        "Share of random exposures, with actual "
        "counts and dates and no effect, in which the test rejects.",
    ),
    "null_draws": Derived(_ESTIMATES, "draws", "Random exposures drawn for it."),
    "validity": Derived(
        (*_ESTIMATES, "specs/*-multiverse"),
        _TEXT,
        "Standing of the design: `principled`, `plausible` or `known-biased`.",
    ),
    "curve": Derived(_CURVES, _TEXT, "Which curve, such as `survival`."),
    "group": Derived(_CURVES, _TEXT, "Group of units that the curve is of."),
    "time_months": Derived(_CURVES, "months since time zero", "Where on the time axis."),
    "at_risk": Derived(_CURVES, "units", "Units still followed at that time."),
}

# Columns whose names are made: what stands before the name, and what they hold.
PREFIXED = {
    "axis_": Derived(
        _MULTIVERSE,
        _TEXT,
        "Option that the specification takes on this axis of the "
        "multiverse; declared in the hypothesis file.",
    ),
}

# (processed table, column that a raw table defines): what is special there.
HERE = {
    ("timelines/*", "from_date"): "The row holds until the next one of the same unit.",
    ("timelines/council_elsewhere", "from_date"): "Day of the veto on the other conflict.",
    ("panels/*-attrition", "rule"): "Rule by which the step leaves units out.",
    ("estimates/*", "role"): "`primary`; `lag`, `variant`, `model` and `outcome` depart from it in "
    "one thing; `secondary`, `trial`, `dose` and `interaction` ask something else; "
    "`council_action` is about a first act of the Council, not the end of the war; "
    "`functional_form` allows a nonlinear effect of an index, `alternative_index` constructs the "
    "index in another way, `other_powers` sets it alongside powers without a veto, "
    "`p5_fights` is about wars in which a permanent member fights, "
    "`votes` about who cast a veto; "
    "`falsification` should find nothing; `exclusion` leaves a place out; `known_biased` shows a "
    "mistake; `descriptive` compares nothing.",
    ("estimates/*", "note"): "What has to be known to judge the estimate.",
    ("episodes/acts", "date"): "Of a veto or of an adoption.",
    ("episodes/episodes", "gwno_host"): "The first state of the location.",
}

#: Titles of the derived columns that public tables hold: what a label of a variable says.
TITLES = {
    "cow_hosts": "COW codes of the hosts",
    "iso3_hosts": "ISO codes of the hosts",
    "cow_loc": "COW codes of the location",
    "iso3_loc": "ISO codes of the location",
    "month_id": "Number of the month (ViEWS)",
    "contributors_on_map": "States on the map of contributors",
    "act": "Act of the Council",
    "has_p5_party": "Permanent member as a party",
    "onset_year": "Year of the onset",
    "exit_date": "Last day followed",
    "duration_days": "Duration (days)",
    "earlier_episodes": "Earlier episodes of the conflict",
    "side_a_ids": "UCDP ids of side A",
    "side_b_ids": "UCDP ids of side B",
    "p5_pacts": "Permanent members with a defense pact",
    "p5_colonizers": "Permanent members that had ruled the host",
    "p5_neighbors": "Permanent members next to the host",
    "p5_trade_share_max": "Largest share of trade with a permanent member",
    "p5_ideal_point_distance_min": "Smallest ideal-point distance to a permanent member",
    "p5_distance_km_min": "Smallest distance to a permanent member (km)",
    "start": "Start of the row (days since onset)",
    "stop": "End of the row (days since onset)",
    "event": "Outcome on the last day of the row",
    "un_authorized": "Authorized UN operations",
    "un_personnel": "UN operations with uniformed personnel",
    "un_troops": "UN operations with troops",
    "peacekeepers": "Operations of anyone with troops",
    "resolutions": "Resolutions so far",
    "vetoes": "Vetoed drafts so far",
    "agreements": "Peace agreements so far",
    "agreements_full": "Full peace agreements so far",
    "agreements_ceasefire": "Agreements with a ceasefire so far",
    "sanctions_in_force": "Sanctions regimes in force",
    "is_active": "Conflict is active",
    "deaths_of_conflict": "State-based deaths of the conflict",
    "resolutions_adopted": "Resolutions adopted",
    "chapter_vii_adopted": "Chapter VII resolutions adopted",
    "vetoes_cast": "Drafts vetoed",
    "agreements_signed": "Peace agreements signed",
    "talk_rounds": "Rounds of negotiation",
    "is_war": "War (1,000 deaths in the year)",
    "months_with_talks": "Months with negotiations",
    "active_episodes": "Active episodes",
    "active_episode_ids": "Ids of the active episodes",
    "active_conflict_ids": "Ids of the active conflicts",
    "onsets": "Onsets",
    "ends": "Ends",
    "conflicts_in_talks": "Conflicts with negotiations",
    "deaths_in_year": "State-based deaths in twelve months",
    "sanctions_on_state": "Sanctions regimes against the state",
    "latest_episode_id": "Latest episode",
    "most_people": "Most UN uniformed personnel in a month",
    "most_troops": "Most UN troops in a month",
}
