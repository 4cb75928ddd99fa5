"""The notebook of the documentation runs from its first cell to its last."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_notebook_runs() -> None:
    (path,) = (ROOT / "docs" / "notebooks").glob("*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    # From the root, where a newcomer may well start; `make docs` runs it where it lies.
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": ROOT}}).execute()
    texts = [
        output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]
    assert any("accepted=13" in text for text in texts)
    assert any("contradicted  'loud'" in text for text in texts), texts
