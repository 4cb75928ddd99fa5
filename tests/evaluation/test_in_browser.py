"""The evaluation's page and the listening test, in Chromium, from disk."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from mmusset.evaluation.listening import KEY, ListeningKey, make_listening_test, take_answers
from tests.support.browser import chromium, watched
from tests.support.evaluating import evaluated_sounds

pytestmark = pytest.mark.slow
TRIALS = 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluated_sounds(tmp_path_factory.mktemp("seen"))


def sound(page: Page) -> None:
    only = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = Axe().run(page, options=only)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_figures(theme: str, browser: Browser, evaluation: Path) -> None:
    """Pictures are there, sounds play, and axe finds nothing."""
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        page.goto((evaluation / "index.html").as_uri())
        expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
        page.locator("article img").first.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('article img').naturalWidth > 0")
        played = "audio => { audio.play(); return new Promise(done => audio.onended = done); }"
        page.locator("audio").first.evaluate(played)
        sound(page)


def test_nothing_is_wider_than_a_phone(browser: Browser, evaluation: Path) -> None:
    with watched(browser, viewport={"width": 390, "height": 844}) as page:
        page.goto((evaluation / "index.html").as_uri())
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0


def test_a_listener_from_beginning_to_end(
    browser: Browser, evaluation: Path, tmp_path: Path
) -> None:
    """Who answers before the end of a sound is asked to listen; the file that comes out of it is
    taken."""
    out = tmp_path / "listen"
    make_listening_test(evaluation, out, ("real", "good"), clips=4, trials=TRIALS, seed=1)
    (file,) = evaluation.glob(KEY.format("*"))
    key = ListeningKey.model_validate_json(file.read_bytes())
    heard = []
    with watched(browser, accept_downloads=True, reduced_motion="reduce") as page:
        page.goto((out / "index.html").as_uri())
        page.get_by_label("A name for yourself").fill("Ada of 12")
        page.get_by_role("button", name="Begin").click()
        for number in range(TRIALS + 2):
            expect(page.get_by_text(f"{number + 1} of {TRIALS + 2}")).to_be_visible()
            name = Path(str(page.locator("audio").get_attribute("src"))).stem
            beeps = key.checks.get(name)
            heard.append(name)
            for group in page.get_by_role("group").all():
                group.get_by_role("radio").nth((beeps or 4) - 1).check()
            if number == 0:
                page.get_by_role("button", name="Next").click()
                expect(page.get_by_text("Please listen to the end first.")).to_be_visible()
                sound(page)
            page.locator("audio").evaluate(
                "audio => { audio.play(); return new Promise(done => audio.onended = done); }"
            )
            if number < TRIALS + 1:
                page.get_by_role("button", name="Next").click()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("answers-Ada-of-12.json")).to_be_visible()
        saved.value.save_as(tmp_path / "answers.json")
    assert len(set(heard)) == TRIALS + 2
    given = json.loads((tmp_path / "answers.json").read_text())
    assert given["listener"] == "Ada of 12"
    table, _ = take_answers(evaluation, [tmp_path / "answers.json"])
    row = table.row("real")
    assert row
    measured = row.figures["quality, MOS"].measured
    assert measured
    assert measured.value == 4.0
