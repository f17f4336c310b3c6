"""The chart that the report page alone draws."""

from __future__ import annotations

from collections.abc import Sequence

from ..pages.charts import Axis, Chart, Mark, across, down, line
from .facts import Bin

_ENDS = (0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def reliability_chart(bins: Sequence[Bin]) -> Chart:
    """Draw the share of events by mean probability, in bins of equally many rows."""
    largest = max(max(one.predicted, one.observed) for one in bins)
    most = next((end for end in _ENDS if end >= largest), 1.0)
    x, y = Axis("mean predicted probability", 0.0, most), Axis("share of events", 0.0, most)
    perfect = line("quiet", "perfectly calibrated", x, y, [(0, 0), (most, most)])
    curve = line("model", "observed", x, y, [(one.predicted, one.observed) for one in bins])
    marks = tuple(Mark("model", "", across(x, one.predicted), down(y, one.observed)) for one in bins)
    said = "; ".join(f"predicted {one.predicted:.3g}, observed {one.observed:.3g}" for one in bins)
    return Chart("reliability", "Calibration", said, x, y, (perfect, curve), marks)
