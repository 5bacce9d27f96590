"""Interest of the permanent members."""

# The modules of parts register themselves on import.
from collsec.subjects.interest import (
    council_action,  # noqa: F401
    indices,  # noqa: F401
    interactions,  # noqa: F401
    p5_fights,  # noqa: F401
    powers,  # noqa: F401
)
