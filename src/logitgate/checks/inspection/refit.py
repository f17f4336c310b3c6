"""Whether the shipped fit lies as close to the last block's model as sampling explains.

Of two nested fits the difference has the variance of the smaller one's estimate less the larger one's
(Hausman 1978).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...data.sampling.blocks import Blocks
from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...model.design.coded import CodedMatrix
from ...model.fitting.fitted import Fitted
from ...model.train import FittedModel, Learned

CHECK = Check.FIT
_FAR = 2.0
"""Multiple of what sampling explains from which on the distance warns."""


def refit_finding(fitted: Fitted, learned: Learned, blocks: Blocks) -> Finding:
    """Compare the log-odds of the shipped and the last block's model on the last block's rows.

    The root mean square of the difference is compared with its expectation under the shipped fit's
    covariance, which is clustered where rows are.

    Parameters
    ----------
    fitted : Fitted
        The shipped fit.
    learned : Learned
    blocks : Blocks

    Returns
    -------
    Finding
        WARN beyond twice what sampling explains, or where another form or penalty ships. It never stops:
        where the world changed in the last block, the shipped model is meant to follow it.
    """
    shipped, last = learned.shipped, learned.last
    frame = blocks.sample.take(blocks.rows(blocks.last)).frame
    distance = float(np.sqrt(np.mean((_log_odds(shipped, frame) - _log_odds(last, frame)) ** 2)))
    here = len(shipped.rows)
    # The covariance is that of the rows at hand, of which a fit to more has a share.
    more = here / len(last.rows) - (1.0 if shipped.whole is None else here / shipped.whole.rows)
    expected = abs(fitted.change.slope) * float(np.sqrt(more * _variance(fitted, _matrix(shipped, frame))))
    same = shipped.decided.candidate == last.decided.candidate
    multiple = distance / expected if expected > 0 else float("nan")
    status = Status.PASS if multiple <= _FAR and same else Status.WARN
    because = (
        f"on the last block's rows the shipped model lies {distance:.3f} in log-odds (root mean square) from "
        f"the model that was judged there, {multiple:.1f} times what sampling explains"
    )
    if not same:
        because += (
            f"; shipped is {shipped.decided.candidate.choice}, judged there {last.decided.candidate.choice}"
        )
    elif status is Status.WARN:
        because += "; see what changed in the last block"
    figures: dict[str, Figure] = {
        "distance": distance,
        "expected": expected,
        "multiple": multiple,
        "same": same,
    }
    return Finding(CHECK, "refit", status, because, figures)


def _log_odds(one: FittedModel, frame: pd.DataFrame) -> FloatArray:
    regression = one.model.pipeline[-1]
    return _matrix(one, frame).scores(np.append(regression.coef_[0], regression.intercept_[0]))


def _matrix(one: FittedModel, frame: pd.DataFrame) -> CodedMatrix:
    return CodedMatrix.of(one.model.pipeline[0], one.model.brought(frame)[list(one.model.features.all)])


def _variance(fitted: Fitted, matrix: CodedMatrix) -> float:
    """Return the mean variance of the rows' log-odds: x' V x summed over rows is the trace of V X'X."""
    rows = matrix.shape[0]
    return float(np.sum(fitted.covariance * matrix.hessian(np.ones(rows))) / rows)
