"""The notebook of the documentation: it runs as a reader would run it, and is kept without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path(__file__).parents[2] / "docs" / "notebooks" / "tour.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Return the notebook with the outputs of a run in a folder of its own."""
    folder = tmp_path_factory.mktemp("tour")
    notebook = nbformat.read(TOUR, as_version=4)
    return NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()


def shown(notebook, source):
    """Return what the cell with this source has shown, by kind."""
    (cell,) = (cell for cell in notebook.cells if cell.source == source)
    return {kind: text for output in cell.outputs for kind, text in output.get("data", {}).items()}


@pytest.mark.acceptance
def test_the_notebook_comes_to_a_verdict(executed):
    """The broken table fails, the sound one and the training pass, each shown as HTML."""
    broken = shown(executed, "lg.check(project, visits.assign(load=1_000.0))")
    assert broken["text/html"].startswith("<p><b>Verdict FAIL")
    assert "Verdict PASS" in shown(executed, "lg.check(project, visits)")["text/html"]
    (trained,) = (cell for cell in executed.cells if cell.source.startswith("result = lg.train"))
    assert "Verdict PASS" in trained.outputs[0]["data"]["text/html"]


@pytest.mark.acceptance
def test_every_figure_is_drawn(executed):
    """Two figures, as PNG."""
    kinds = [
        kind
        for cell in executed.cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", ())
    ]
    assert kinds.count("image/png") == 2


def test_the_notebook_is_kept_without_outputs():
    """So that a change of it can be read as a difference of sources."""
    cells = [cell for cell in nbformat.read(TOUR, as_version=4).cells if cell.cell_type == "code"]
    assert len(cells) > 10
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
