"""Deployment of peacekeepers."""

# The modules of parts register themselves on import.
from collsec.subjects.deployment import (
    authorization_trial,  # noqa: F401
    delay,  # noqa: F401
    dose,  # noqa: F401
    dose_troops,  # noqa: F401
    grace_trial,  # noqa: F401
    marginal_structural,  # noqa: F401
    operations,  # noqa: F401
    peace_processes,  # noqa: F401
    rotating_seats,  # noqa: F401
    trial_sequence,  # noqa: F401
)
