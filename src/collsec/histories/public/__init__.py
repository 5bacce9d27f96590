"""Public tables: wars, dyads, conflicts and countries by month and year, operations, votes."""

# The modules register their tables on import.
from collsec.histories.public import council, countries, kept, periods, wars
from collsec.histories.public.registry import PUBLIC, PublicColumn, PublicTable, When

__all__ = [
    "PUBLIC",
    "PublicColumn",
    "PublicTable",
    "When",
    "council",
    "countries",
    "kept",
    "periods",
    "wars",
]
