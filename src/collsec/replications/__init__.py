"""Earlier studies computed again from their own data, with the published numbers beside."""

from collsec.replications.compare import (
    LEDGER,
    Replicated,
    compare,
    recorded,
    replicate,
)
from collsec.replications.studies import STUDIES, Replication

__all__ = [
    "LEDGER",
    "STUDIES",
    "Replicated",
    "Replication",
    "compare",
    "recorded",
    "replicate",
]
