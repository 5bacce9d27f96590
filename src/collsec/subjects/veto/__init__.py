"""Use of the veto."""

# The modules of parts register themselves on import.
from collsec.subjects.veto import (
    action_class,  # noqa: F401
    caster_interest,  # noqa: F401
    drafts,  # noqa: F401
    exclusions,  # noqa: F401
    next_action,  # noqa: F401
    veto_table,  # noqa: F401
    votes_follow_ties,  # noqa: F401
)
