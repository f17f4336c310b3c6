"""The figures: drawn without a screen, the same bytes for the same model, and able to show what matters."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from logitgate.evaluation.probabilities.reliability import Corp, consistency
from logitgate.findings import Status
from logitgate.tracking import figures
from logitgate.tracking.figures import CostCurve, Reliability, Roc, SliceDots

SHARE = np.linspace(0, 1, 5_000)
ROC = Roc(SHARE, np.sqrt(SHARE), 0.667, (0.2, 0.447))
HONEST = Corp.of(np.arange(400) % 7 < 3, np.linspace(0.2, 0.7, 400))
CHANCE = consistency(HONEST, 0, resamples=20)
COST = CostCurve(SHARE, 1 + (SHARE - 0.3) ** 2, (0.3, 1.0), 1.3, 1.2, "EUR")
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
DRAWN = [
    (figures.roc, ROC, {"operating_point": (0.5, 0.707)}),
    (
        figures.reliability,
        Reliability(HONEST, CHANCE),
        {"chance": dataclasses.replace(CHANCE, low=CHANCE.low / 2)},
    ),
    (
        figures.reliability,
        Reliability(HONEST, CHANCE),
        {"corp": dataclasses.replace(HONEST, rate=HONEST.rate / 2)},
    ),
    (figures.cost_curve, COST, {"chosen": (0.6, 1.09)}),
    (figures.cost_curve, COST, {"flag_all": 1.25}),
    (figures.slices, DOTS, {"low": np.array([0.9, 1.0, np.nan])}),
    (figures.slices, DOTS, {"margin": 1.3}),
    (figures.slices, DOTS, {"n": np.array([500, 400, 13])}),
]


@pytest.mark.parametrize(("draw", "what", "change"), DRAWN)
def test_a_figure_shows_its_figures(draw, what, change, tmp_path):
    """The same values give the same file; the point, bar or line that matters is seen to move."""
    for name, values in (("one", what), ("two", what), ("other", dataclasses.replace(what, **change))):
        draw(values, "flights version 3", tmp_path / f"{name}.png")
    one, two, other = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "two", "other"))
    assert one.startswith(b"\x89PNG")
    assert one == two != other


@pytest.mark.parametrize(("draw", "what", "_change"), DRAWN)
def test_the_title_names_the_model(draw, what, _change, tmp_path):
    """Two models' figures can be told apart when they lie side by side."""
    draw(what, "flights version 3", tmp_path / "3.png")
    draw(what, "flights version 4", tmp_path / "4.png")
    assert (tmp_path / "3.png").read_bytes() != (tmp_path / "4.png").read_bytes()


@pytest.mark.parametrize("threshold", [np.nan, np.inf, -np.inf])
def test_a_rule_without_one_threshold_is_drawn(threshold, tmp_path):
    """Thresholds by row, flag-none and flag-all have a cost but no place on the axis."""
    figures.cost_curve(dataclasses.replace(COST, chosen=(threshold, 1.05)), "flights", tmp_path / "cost.png")
    assert (tmp_path / "cost.png").stat().st_size > 10_000


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_model_that_always_says_the_same_is_drawn(probability, tmp_path):
    """One point, no spread, and the ends of the scale are no reason to fail or to warn."""
    corp = Corp.of(np.repeat([0, 1], 250), np.full(500, probability))
    assert corp.rate.tolist() == [0.5]
    figures.reliability(Reliability(corp, consistency(corp, 0)), "flights", tmp_path / "honesty.png")
    assert (tmp_path / "honesty.png").stat().st_size > 10_000


def test_where_the_curve_leaves_its_band_is_marked(tmp_path, monkeypatch):
    """Marks stand where the isotonic curve is outside, and nowhere for a curve inside."""
    drawn = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure.axes[0]))
    inside = dataclasses.replace(CHANCE, low=np.zeros(len(CHANCE.low)), high=np.ones(len(CHANCE.low)))
    above = dataclasses.replace(CHANCE, low=np.full(len(CHANCE.low), HONEST.rate[0] + 0.001))
    for chance in (inside, dataclasses.replace(above, high=inside.high)):
        figures.reliability(Reliability(HONEST, chance), "flights", tmp_path / "honesty.png")
    none, some = ([line for line in axes.lines if line.get_marker() == "D"] for axes in drawn)
    assert not none
    (steps,) = (line for line in drawn[0].lines if line.get_label() == "observed, isotonic")
    parts = [HONEST.probability[rate == HONEST.rate] for rate in np.unique(HONEST.rate)]
    assert steps.get_xdata().tolist() == [end for part in parts for end in (part[0], part[-1])]
    low = HONEST.rate[np.searchsorted(HONEST.probability, CHANCE.probability)] == HONEST.rate[0]
    np.testing.assert_array_equal(some[0].get_xdata(), CHANCE.probability[low])


def test_many_slices_stay_readable(tmp_path):
    """Of a thousand slices the worst are drawn, in a figure of bounded height."""
    value = np.arange(1_000.0)
    dots = SliceDots(
        [f"origin = {number}" for number in range(1_000)],
        *(value, value - 1, value + 1, np.full(1_000, 200), [Status.PASS] * 1_000, 500.0, "cost"),
    )
    figures.slices(dots, "flights", tmp_path / "many.png")
    height = int.from_bytes((tmp_path / "many.png").read_bytes()[20:24], "big")
    assert height < 1_500


def test_only_proven_harm_has_the_colour_of_harm():
    """A slice with too few rows is grey, one whose interval lies above zero without proof is not orange."""
    dots = dataclasses.replace(DOTS, value=np.array([1.0, 1.5, 0.2]))
    drawn = {line.get_label(): line for line in figures.slices_figure(dots, "flights").axes[0].lines}
    assert drawn["harm proven"].get_color() == "#D55E00" and list(drawn["harm proven"].get_xdata()) == [1.5]
    assert drawn["no harm proven"].get_color() == "#0072B2"
    assert list(drawn["too few rows to tell"].get_xdata()) == [0.2]
    none = dataclasses.replace(dots, status=[Status.PASS] * 3)
    labels = {line.get_label() for line in figures.slices_figure(none, "flights").axes[0].lines}
    assert "harm proven" not in labels


def test_no_screen_and_no_global_state():
    """Matplotlib's pyplot, its windows and its list of open figures are never touched."""
    code = "import sys, logitgate.tracking.figures; print('matplotlib.pyplot' in sys.modules)"
    path = str(Path(figures.__file__).parents[2])
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert found.stdout.strip() == "False"
