"""Designs: how a hypothesis is put to the data, whatever the hypothesis is.

A design is an object behind one protocol (`collsec.designs.registry`), a part one decorated
function (`collsec.designs.parts`). Both return numbers, never text.
"""

# Designs and parts register themselves on import.
from collsec.designs import (
    date_imputation,  # noqa: F401
    discrete_time,  # noqa: F401
    exclusions,  # noqa: F401
    fixed_at_onset,  # noqa: F401
    functional_form,  # noqa: F401
    horizons,  # noqa: F401
    monthly_violence,  # noqa: F401
    months_at_war,  # noqa: F401
    multi_state,  # noqa: F401
    panel_counts,  # noqa: F401
    recurrence,  # noqa: F401
    time_varying,  # noqa: F401
)
from collsec.designs.inputs import Inputs
from collsec.designs.parts import PARTS
from collsec.designs.registry import DESIGNS

__all__ = ["DESIGNS", "PARTS", "Inputs"]
