"""Use of the veto."""

# The modules of parts register themselves on import.
from collsec.subjects.veto import (
    casters,  # noqa: F401
    drafts,  # noqa: F401
    negative_controls,  # noqa: F401
    next_action,  # noqa: F401
    vetoes,  # noqa: F401
    war_age,  # noqa: F401
)
