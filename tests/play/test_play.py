"""`mmusset play` on a trained model: what its server takes, what it refuses, and its page."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.support.browser import address_of, chromium, watched
from tests.support.musflow_trained import Trained
from tests.support.viewing import Viewing, external

STATIC = Path(__file__).parents[2] / "mmusset" / "play" / "static"
NOTHING = "the file is no picture, sound or video that can be read"
WISH = {"caption": "A fast, loud piece with drums.", "seconds": 1.0, "steps": 4, "seed": 3}


@pytest.fixture(scope="module")
def url(trained: Trained) -> Iterator[str]:
    with address_of("play", trained.run) as url:
        yield url


@pytest.fixture
def page(url: str) -> Viewing:
    parts = urlsplit(url)
    assert parts.port
    return Viewing(None, parts.port, parts.path.strip("/"))  # type: ignore[arg-type]


def test_a_piece_is_made_once_and_can_be_heard(page: Viewing) -> None:
    made = page.ask("/api/make", "POST", WISH).json
    assert (made["seed"], made["seconds"], made["conditions"]) == (3, 1.0, ["caption"])
    assert made["bpm"] > 120
    sound = page.ask(f"/made/{made['id']}.flac")
    assert sound.headers["content-type"] == "audio/flac"
    with soundfile.SoundFile(io.BytesIO(sound.body)) as file:
        assert (file.frames, file.samplerate) == (16000, 16000)
        assert json.loads(file.comment)["caption"] == WISH["caption"]
    part = page.ask(f"/made/{made['id']}.flac", Range="bytes=0-3")
    assert (part.status, part.body) == (206, b"fLaC")
    assert page.ask(f"/made/{made['id']}.png").body.startswith(b"\x89PNG")
    (first, *_) = made["closest"]
    assert len(made["closest"]) == 3
    clip = page.ask(f"/clip/{first['key']}.flac")
    assert soundfile.info(io.BytesIO(clip.body)).frames == 15 * 2048
    assert page.ask("/api/make", "POST", WISH).json == made
    assert [each["id"] for each in page.ask("/api/made").json].count(made["id"]) == 1


def test_a_picture_is_taken_for_what_it_is(trained: Trained, page: Viewing) -> None:
    picture = page.ask("/api/file", "POST", trained.picture.read_bytes()).json["id"]
    assert page.ask(f"/image/{picture}.jpg").body.startswith(b"\xff\xd8")
    made = page.ask("/api/make", "POST", WISH | {"image": picture}).json
    assert made["conditions"] == ["image", "caption"]
    refused = page.ask("/api/file", "POST", b"no picture")
    assert (refused.status, refused.text) == (400, NOTHING)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"seconds": 1e9}, 400, "seconds: "),
        ({"image": "../../etc"}, 400, "image: "),
        ({"image": "0123456789abcdef"}, 409, "drop it again"),
        ({"caption": "12345"}, 400, "can't read a word of the caption"),
        ({"unknown": 1}, 400, "unknown: "),
    ],
)
def test_what_can_not_be_made_is_said(
    page: Viewing, changes: dict[str, object], status: int, said: str
) -> None:
    refused = page.ask("/api/make", "POST", WISH | changes)
    assert (refused.status, said in refused.text) == (status, True), refused.text


def test_strangers_are_refused(page: Viewing) -> None:
    for path in ("/", "/api/model", "/made/x.flac"):
        stranger = Viewing(page.process, page.port, "").ask(path)
        assert (stranger.status, "holds the token" in stranger.text) == (403, True)
    assert page.ask("/api/model", Origin="http://elsewhere.test").status == 403
    assert page.ask("/api/model", Host="elsewhere.test").status == 403
    for path in ("/made/..%2f..%2fetc%2fpasswd", "/static/..%2fstudio.py", "/image/none.jpg"):
        assert page.ask(path).status == 404
    assert "default-src 'none'" in page.ask("/").headers["content-security-policy"]


def test_nothing_comes_from_elsewhere() -> None:
    for file in STATIC.iterdir():
        assert external(file.read_text()) == [], file.name


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_music_is_made_on_the_page(browser: Browser, trained: Trained, url: str) -> None:
    """A picture, a caption, two seeds: two pieces with players; one asked again."""
    with watched(browser, viewport={"width": 1280, "height": 1400}) as page:
        page.goto(url)
        expect(page.locator("#model")).to_contain_text("16 kHz")
        page.locator("#file").set_input_files(trained.picture)
        expect(page.get_by_alt_text("The picture that the music is made for")).to_be_visible()
        page.get_by_label("Music caption").fill("A fast, loud piece with drums.")
        page.get_by_label("Seconds").fill("2")
        page.get_by_label("Steps").fill("4")
        page.get_by_label("Tempo").fill("120")
        expect(page.locator("output[for=bpm]")).to_have_text("120 BPM")
        page.get_by_label("Pieces").fill("2")
        page.get_by_role("button", name="Make music").click()
        expect(page.locator("#state")).to_have_text("Done.")
        pieces = page.locator(".piece")
        expect(pieces.first).to_contain_text("seed 1 · 2.0 s · 120 BPM")
        made = pieces.count()
        mel = pieces.first.get_by_alt_text("Spectrogram of seed 1")
        expect(mel).to_have_js_property("complete", True)
        assert mel.evaluate("image => image.naturalWidth") > 0
        pieces.first.get_by_text("Nearest training clips").click()
        expect(pieces.first.locator(".near audio")).to_have_count(3)
        sound = pieces.first.locator("audio").first
        sound.evaluate("audio => { audio.muted = true; return audio.play(); }")
        expect(sound).not_to_have_js_property("currentTime", 0)
        page.get_by_label("Music caption").fill("")
        pieces.last.get_by_role("button", name="Ask again").click()
        expect(page.get_by_label("Music caption")).not_to_have_value("")
        violations = Axe().run(page).response["violations"]
        assert [(found["id"], found["nodes"]) for found in violations] == []
        page.reload()
        expect(page.locator(".piece")).to_have_count(made)


@pytest.mark.slow
def test_on_a_phone_and_in_the_dark(browser: Browser, url: str) -> None:
    with watched(browser, viewport={"width": 360, "height": 740}, color_scheme="dark") as page:
        page.goto(url)
        expect(page.locator("#model")).to_contain_text("16 kHz")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
        violations = Axe().run(page).response["violations"]
        assert [found["id"] for found in violations] == []


def test_what_goes_wrong_is_said_on_the_page(browser: Browser, url: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        page.get_by_label("Music caption").fill("12345")
        page.get_by_role("button", name="Make music").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("can't read a word"))
        expect(page.get_by_role("button", name="Make music")).to_be_enabled()
