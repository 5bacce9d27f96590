"""panels → estimates: the designs by which a hypothesis is put to the data."""

# The modules of parts register themselves on import.
from collsec.designs import (
    action_class,  # noqa: F401
    authorization_trial,  # noqa: F401
    caster_interest,  # noqa: F401
    council_action,  # noqa: F401
    date_imputation,  # noqa: F401
    dose,  # noqa: F401
    dose_troops,  # noqa: F401
    drafts,  # noqa: F401
    duration_models,  # noqa: F401
    early_late,  # noqa: F401
    exclusions,  # noqa: F401
    functional_form,  # noqa: F401
    grace_trial,  # noqa: F401
    index_forms,  # noqa: F401
    interactions,  # noqa: F401
    marginal_structural,  # noqa: F401
    negative_controls,  # noqa: F401
    next_action,  # noqa: F401
    other_powers,  # noqa: F401
    p5_fights,  # noqa: F401
    rotating_seats,  # noqa: F401
    stages,  # noqa: F401
    standardization,  # noqa: F401
    veto_table,  # noqa: F401
    votes_follow_ties,  # noqa: F401
)
from collsec.designs.gather import Made, estimate_hypothesis
from collsec.designs.inputs import Inputs
from collsec.designs.parts import PARTS
from collsec.designs.primary_panel import arrange_panel

__all__ = ["PARTS", "Inputs", "Made", "arrange_panel", "estimate_hypothesis"]
