"""The figures: drawn without a screen, the same bytes for the same model, and able to show what matters."""

import dataclasses
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from logitgate.evaluation.estimates import Estimate
from logitgate.evaluation.probabilities.reliability import Corp
from logitgate.findings import Status
from logitgate.tracking import figures
from logitgate.tracking.figures.coefficients import Effect, OddsRatios, effects_figure, odds_ratios_figure
from logitgate.tracking.figures.costs import (
    CostCurve,
    Rule,
    Sensitivity,
    cost_curve_figure,
    sensitivity_figure,
)
from logitgate.tracking.figures.ranking import Roc, RocCurve, Scores, roc_figure, scores_figure
from logitgate.tracking.figures.reliability import (
    Binned,
    Recalibrated,
    Reliability,
    outside,
    recalibration_figure,
    reliability_figure,
)
from logitgate.tracking.figures.signals import signal_figure
from logitgate.tracking.figures.slices import SliceDots, slices_figure
from logitgate.tracking.figures.style import Caption, save
from tests.report.windows import history

CAPTION = Caption("flights", 3, datetime(2013, 6, 1), 400, "PASS")
SHARE = np.linspace(0, 1, 5_000)
CURVE = RocCurve(SHARE, np.sqrt(SHARE), Estimate(0.667, 0.64, 0.69))
ROC = Roc(CURVE, (0.2, 0.447), {"champion": RocCurve(SHARE, SHARE**0.7, Estimate(0.6, 0.5, 0.7))})
PROBABILITY = np.linspace(0.2, 0.7, 400)
EVENT = np.arange(400) % 7 < 3
SCORES = Scores(PROBABILITY, EVENT, np.full(400, 0.3))
HONEST = Corp.of(EVENT.astype(int), PROBABILITY)
BINS = Binned(
    *(np.array(part) for part in ((0.25, 0.4, 0.6), (0.3, 0.4, 0.9), (0.2, 0.3, 0.8), (0.4, 0.5, 0.95)))
)
RELIABLE = Reliability(HONEST, BINS, 0.3, (0.3, 0.35))
COST = CostCurve(
    SHARE,
    1 + (SHARE - 0.3) ** 2,
    SHARE[::500],
    np.full(10, 0.9),
    np.full(10, 1.5),
    Rule(0.3, 1.0),
    Rule(0.2, 1.01),
    Rule(0.5, 1.04),
    1.3,
    1.2,
    "EUR",
)
WRONG = Sensitivity(
    ["as declared", "costs of events x 2"],
    [Estimate(-1.0, -2.0, -0.5), Estimate(-0.5, -1.5, 0.5)],
    [True, False],
    "champion",
    "EUR",
)
DOTS = SliceDots(
    ["carrier = AA", "carrier = UA", "carrier = 9E"],
    np.array([1.0, 1.5, np.nan]),
    np.array([0.9, 1.4, np.nan]),
    np.array([1.1, 1.6, np.nan]),
    np.array([500, 400, 12]),
    [Status.PASS, Status.FAIL, Status.INSUFFICIENT],
    1.2,
    "cost per row beyond the reference (EUR)",
)
ODDS = OddsRatios(["speed", "load"], *(np.array(part) for part in ((2.0, 0.5), (1.5, 0.4), (2.5, 0.7))))
LINE = np.linspace(-1, 1, 9)
EFFECT = Effect("speed", LINE, LINE, LINE - 0.1, LINE + 0.1)
DRAWN = [
    (roc_figure, ROC, {"operating_point": (0.5, 0.707)}),
    (roc_figure, ROC, {"others": {}}),
    (scores_figure, SCORES, {"threshold": np.full(400, 0.4)}),
    (reliability_figure, RELIABLE, {"bins": dataclasses.replace(BINS, low=BINS.low / 2)}),
    (reliability_figure, RELIABLE, {"margin": 0.1}),
    (reliability_figure, RELIABLE, {"corp": dataclasses.replace(HONEST, rate=HONEST.rate / 2)}),
    (
        recalibration_figure,
        Recalibrated(BINS, BINS),
        {"after": dataclasses.replace(BINS, rate=BINS.rate / 2)},
    ),
    (cost_curve_figure, COST, {"chosen": Rule(0.6, 1.09)}),
    (cost_curve_figure, COST, {"bayes": Rule(0.25, 1.0)}),
    (cost_curve_figure, COST, {"flag_all": 1.25}),
    (sensitivity_figure, WRONG, {"proven": [True, True]}),
    (slices_figure, DOTS, {"low": np.array([0.9, 1.0, np.nan])}),
    (slices_figure, DOTS, {"margin": 1.3}),
    (slices_figure, DOTS, {"n": np.array([500, 400, 13])}),
    (odds_ratios_figure, ODDS, {"low": np.array([1.2, 0.4])}),
]


def _written(figure, path):
    save(figure, path)
    return path.read_bytes()


@pytest.mark.parametrize(("draw", "what", "change"), DRAWN)
def test_a_figure_shows_its_figures(draw, what, change, tmp_path):
    """The same values give the same file; the point, bar or line that matters moves."""
    moved = dataclasses.replace(what, **change)
    one, two, other = (_written(draw(each, CAPTION), tmp_path / "it.png") for each in (what, what, moved))
    assert one.startswith(b"\x89PNG")
    assert one == two != other


FIGURES = {draw: what for draw, what, _ in DRAWN}


@pytest.mark.parametrize("draw", FIGURES)
def test_the_title_names_version_date_rows_and_verdict(draw):
    """Two models' figures can be distinguished when they lie side by side."""
    title = draw(FIGURES[draw], CAPTION).get_suptitle()
    assert title.startswith("flights version 3: ")
    assert title.endswith("\nas of 2013-06-01, n = 400, PASS")


@pytest.mark.parametrize("threshold", [np.nan, np.inf, -np.inf])
def test_a_rule_without_one_threshold_is_drawn(threshold):
    """Thresholds by row, flag-none and flag-all have a cost but no place on the axis."""
    figure = cost_curve_figure(dataclasses.replace(COST, chosen=Rule(threshold, 1.05)), CAPTION)
    assert "used, by row: 1.05" in {line.get_label() for line in figure.axes[0].lines}
    scores_figure(dataclasses.replace(SCORES, threshold=np.full(400, threshold)), CAPTION)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_model_that_always_says_the_same_is_drawn(probability, tmp_path):
    """One point, no spread, and the ends of the scale are no reason to fail or to warn."""
    corp = Corp.of(np.repeat([0, 1], 250), np.full(500, probability))
    assert corp.rate.tolist() == [0.5]
    at = np.array([probability])
    bins = Binned(at, np.array([0.5]), np.array([np.nan]), np.array([np.nan]))
    found = Reliability(corp, bins, 0.2, (np.nan, np.nan))
    assert len(_written(reliability_figure(found, CAPTION), tmp_path / "it.png")) > 10_000


def test_only_what_is_proven_outside_the_margin_is_marked():
    """A group whose interval reaches the corridor is not, nor one without an interval."""
    assert outside(BINS, 0.3).tolist() == [False, False, True]
    assert not outside(dataclasses.replace(BINS, low=np.full(3, np.nan)), 0.3).any()
    marks = [line for line in reliability_figure(RELIABLE, CAPTION).axes[0].lines if line.get_marker() == "D"]
    assert [line.get_xdata().tolist() for line in marks] == [[0.6]]


def test_tails_of_few_rows_are_thin():
    """The thick line leaves out the 50 lowest and highest rows."""
    lines = reliability_figure(RELIABLE, CAPTION).axes[0].lines
    (thick,) = (line for line in lines if line.get_label() == "observed, isotonic")
    (thin,) = (line for line in lines if line.get_linewidth() == 0.8)
    assert min(thick.get_xdata()) >= PROBABILITY[49] > min(thin.get_xdata())
    assert max(thick.get_xdata()) <= PROBABILITY[350] < max(thin.get_xdata())


def test_a_choice_that_flips_is_orange():
    """The others keep the colour of the declared costs."""
    lines = [line for line in sensitivity_figure(WRONG, CAPTION).axes[0].lines if len(line.get_xdata()) == 1]
    assert [line.get_color() for line in lines] == ["#0072B2", "#D55E00"]


def test_effects_are_drawn_the_farthest_reaching_first():
    """Of twenty features twelve."""
    many = [dataclasses.replace(EFFECT, feature=f"f{n}", log_odds=n * LINE) for n in range(20)]
    axes = [one for one in effects_figure(many, CAPTION).axes if one.get_visible()]
    assert [one.get_title() for one in axes] == [f"f{n}" for n in range(19, 7, -1)]


def test_a_signal_has_one_line_a_version_and_its_actions():
    """With its interval, limits and dates."""
    known = history()
    figure = signal_figure(known.curves[0], known, CAPTION)
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert {"version 1", "version 2"} <= set(labels)
    assert [text.get_text() for text in figure.axes[0].texts] == ["roll back"]
    limits = signal_figure(known.curves[1], known, CAPTION).axes[0].lines
    assert "limits of the reference" in {line.get_label() for line in limits}


def test_many_slices_stay_readable():
    """Of a thousand slices the worst are drawn, in a figure of bounded height."""
    value = np.arange(1_000.0)
    dots = SliceDots(
        [f"origin = {number}" for number in range(1_000)],
        *(value, value - 1, value + 1, np.full(1_000, 200), [Status.PASS] * 1_000, 500.0, "cost"),
    )
    assert slices_figure(dots, CAPTION).get_figheight() < 14


def test_only_proven_harm_has_the_colour_of_harm():
    """A slice with too few rows is grey, one whose interval lies above zero without proof is not orange."""
    dots = dataclasses.replace(DOTS, value=np.array([1.0, 1.5, 0.2]))
    drawn = {line.get_label(): line for line in slices_figure(dots, CAPTION).axes[0].lines}
    assert drawn["harm proven"].get_color() == "#D55E00" and list(drawn["harm proven"].get_xdata()) == [1.5]
    assert drawn["no harm proven"].get_color() == "#0072B2"
    assert list(drawn["too few rows to tell"].get_xdata()) == [0.2]
    none = dataclasses.replace(dots, status=[Status.PASS] * 3)
    labels = {line.get_label() for line in slices_figure(none, CAPTION).axes[0].lines}
    assert "harm proven" not in labels


def test_no_screen_and_no_global_state():
    """Matplotlib's pyplot, its windows and its list of open figures are never touched."""
    code = "import sys, logitgate.tracking.trainings.drawings; print('matplotlib.pyplot' in sys.modules)"
    path = str(Path(figures.__file__).parents[3])
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert found.stdout.strip() == "False"
