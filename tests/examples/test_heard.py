"""The example source, heard by musicnn: what is said is in its scores, and a page shows it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmusset.ears.musicnn.ear import WHEEL
from mmusset.errors import MmussetError
from tests.examples.samples import TRUTH, samples_by_path
from tests.examples.test_checksums import SOURCE, WRITTEN_DOWN, versions
from tests.support.command import mmusset

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The JSON of each sample by its path, as `make demo-ears` builds it."""
    try:
        WHEEL.get(print)
    except MmussetError as error:
        pytest.skip(str(error))
    out = tmp_path_factory.mktemp("heard") / "out"
    done = mmusset("build", "--source", SOURCE, "--out", out, "--set", "ears=[musicnn]")
    assert done.returncode == 0, done.stderr
    return samples_by_path(out)


def test_what_is_said_plainly_plays(samples: dict[str, Any]) -> None:
    """ "Bass" is a bass, a double bass or a synthesizer's."""
    said = [
        (path, claim["value"])
        for path, sample in samples.items()
        for claim in sample["caption"]["claims"]
        if claim["attribute"] == "instrument" and "sounds like" not in claim["text"]
    ]
    assert len(said) >= 3
    for path, instrument in said:
        playing = TRUTH[path]["instruments"]
        assert any(instrument in each.split() for each in playing), (path, instrument)


def test_the_page_of_the_demo_shows_every_caption(samples: dict[str, Any]) -> None:
    """If not, `make demo-page` writes it anew."""
    if versions() != json.loads(WRITTEN_DOWN.read_text())["versions"]:
        pytest.skip("the examples' bytes are written down with other versions")
    page = (ROOT / "docs" / "demo.md").read_text()
    listed = "".join(f"- {sample['caption']['text']}\n" for sample in samples.values())
    assert f"none left out:\n\n{listed}\n" in page
