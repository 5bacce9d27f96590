"""Two engines: the study's own coefficient must agree with a kept library's, or the result is void.

statsmodels counts a row as at risk on ``[entry, stop]``; moving every entry by half the smallest
step of time restores the counting-process risk set ``(entry, stop]``.
"""

from __future__ import annotations

import warnings

import numpy as np

from collsec.designs.inputs import Prepared, codes
from collsec.survival import EstimationError, cox_ph

# Both engines stop when the gradient vanishes; coefficients then agree far below what is printed.
ENGINE_TOLERANCE = 1e-6
# Rows begin and end on whole or half days, so a quarter of a day lies strictly between.
HALF_STEP = 0.25


def engines_agree(prepared: Prepared) -> tuple[bool, float]:
    """Whether the Cox coefficient of statsmodels' PHReg equals ours.

    Returns
    -------
    agree : bool
        Also true where the coefficient does not exist (there is then nothing to disagree on).
    gap : float
        Absolute difference of the log hazard ratios.
    """
    from statsmodels.duration.hazard_regression import PHReg

    rows, names = prepared.rows, [prepared.column, *prepared.adjustment]
    try:
        own = cox_ph(
            rows,
            names,
            start="start",
            stop="stop",
            event="event",
            strata=list(prepared.strata) or None,
        )
    except EstimationError:
        return True, 0.0
    x = rows[names].to_numpy(float)
    scale = x.std(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PHReg warns of strata without events; they add nothing
        model = PHReg(
            rows["stop"].to_numpy(),
            (x - x.mean(axis=0)) / scale,
            status=rows["event"].to_numpy(int),
            entry=rows["start"].to_numpy() + HALF_STEP,
            strata=codes(rows, prepared.strata) if prepared.strata else None,
            ties="efron",
        )
        fitted = model.fit(method="newton", disp=0, maxiter=100).params / scale
    gap = float(np.abs(fitted - own.params.to_numpy()).max())
    return gap <= ENGINE_TOLERANCE, gap
