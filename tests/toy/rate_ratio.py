"""Terminations per day of war, exposed to unexposed: a constant hazard on either side."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from collsec.designs.cox_based import CoxBased
from collsec.designs.inputs import Inputs, Prepared
from collsec.designs.registry import design
from riskset import EstimationError


@design
class RateRatio(CoxBased):
    """A condition at onset, yes or no: how many wars end a day, with it and without."""

    # The reading: what a page calls it, which measures it takes, what it honors.
    name = "rate_ratio"
    kind = "covariate"
    methods = further_methods = ("constant_rate",)

    # The layout, (start, stop] rows since onset, is that of every Cox model.

    def log_ratio(self, inputs: Inputs, laid_out: Prepared) -> tuple[float, float]:
        """The estimator: logarithm of the ratio of two rates, and its standard error."""
        rows, exposed = laid_out.rows, laid_out.rows[laid_out.column].to_numpy() > 0
        days, event = (rows["stop"] - rows["start"]).to_numpy(), rows["event"].to_numpy(bool)
        ends, others = int((event & exposed).sum()), int((event & ~exposed).sum())
        if not ends or not others:
            raise EstimationError("no war ended on one of the two sides")
        ratio = (ends / days[exposed].sum()) / (others / days[~exposed].sum())
        return math.log(ratio), math.sqrt(1 / ends + 1 / others)

    def redrawn(self, inputs: Inputs, laid_out: Prepared, rng: np.random.Generator) -> Prepared:
        """The reference: the condition shuffled among the wars."""
        drawn = rng.permutation(laid_out.rows[laid_out.column].to_numpy())
        rows = laid_out.rows.assign(**{laid_out.column: drawn})
        return dataclasses.replace(laid_out, rows=rows)
