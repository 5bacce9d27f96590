"""Public tables: wars, dyads, conflicts and countries by month and year, operations, votes."""

# The modules register their tables on import.
from collsec.histories.public import council, countries, periods, wars
from collsec.histories.public.registry import (
    PUBLIC,
    PublicColumn,
    PublicTable,
    When,
    in_seconds,
    joined,
    raw_columns_of,
)

__all__ = [
    "PUBLIC",
    "PublicColumn",
    "PublicTable",
    "When",
    "council",
    "countries",
    "in_seconds",
    "joined",
    "periods",
    "raw_columns_of",
    "wars",
]
