"""How results print: facts above, a tidy table below, as text and in a notebook."""

from __future__ import annotations

from typing import Any

import pandas as pd


class Printed:
    """Mixin of results that hold a tidy table."""

    __slots__ = ()

    def tidy(self) -> pd.DataFrame:
        """Return the estimates as a table of plain columns."""
        raise NotImplementedError

    def _facts(self) -> list[tuple[str, Any]]:
        """Return what a summary prints above the table."""
        return []

    def summary(self) -> str:
        """Return the result as text."""
        facts = "\n".join(f"{name}: {value}" for name, value in self._facts())
        table = self.tidy().to_string(index=False, float_format=lambda v: f"{v:.4g}")
        return f"{facts}\n\n{table}" if facts else table

    def _repr_html_(self) -> str:
        facts = "".join(f"<tr><th>{n}</th><td>{v}</td></tr>" for n, v in self._facts())
        table = self.tidy().to_html(index=False, border=0, float_format=lambda v: f"{v:.4g}")
        return f"<table>{facts}</table>{table}"

    def __repr__(self) -> str:
        return self.summary()
