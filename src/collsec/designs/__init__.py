"""Designs: how a hypothesis is put to the data, whatever the hypothesis is."""

# The modules of parts register themselves on import.
from collsec.designs import (
    date_imputation,  # noqa: F401
    duration_models,  # noqa: F401
    functional_form,  # noqa: F401
    marginal_structural,  # noqa: F401
    negative_controls,  # noqa: F401
    standardization,  # noqa: F401
)
from collsec.designs.inputs import Inputs
from collsec.designs.parts import PARTS
from collsec.designs.primary_panel import arrange_panel

__all__ = ["PARTS", "Inputs", "arrange_panel"]
