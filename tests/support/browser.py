"""Debian's Chromium, and a dataset that has one of everything that a page shows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mmusset.recipe_parts.speaker import SpeakerPart
from mmusset.speakers.picture import data_url, fit
from mmusset.speakers.stub.plan import PlannedFault
from tests.support.command import SHORT, mmusset, start
from tests.support.media import RATE_HZ, library, picture
from tests.support.serving import serving

expect.set_options(timeout=60_000)  # not 5 s: machines are shared
PIECES = 30  # more than a page holds
TITLE = "<script>document.title = 'broken in'</script>"
TITLED = "artist 1/song 2"
REFUSED = "artist 2/song 4"
SILENT = "artist 3/song 6"


def everything(folder: Path) -> Path:
    """A dataset of 30 pieces: some mended, one rejected, one failed, one with a hostile title,
    and three files that were skipped: one of them a picture, one a broken picture."""
    source, out = library(folder / "source", PIECES), folder / "out"
    entitle((source / TITLED).with_suffix(".wav"), TITLE)
    silence = np.zeros((3 * RATE_HZ, 2), np.int16)
    soundfile.write((source / SILENT).with_suffix(".wav"), silence, RATE_HZ)
    (source / "no music.mp3").write_bytes(b"")
    picture(source / "alone.png", PIECES)
    (source / "broken.png").write_bytes(b"no picture")
    with Image.open((source / REFUSED).with_suffix(".png")) as image:
        sent = data_url(fit(image, SpeakerPart().max_pixels))
    with serving(PlannedFault(kind="400", containing=sent), objecting=0.4) as stub:
        model = ("--speaker", "vllm", "--set", f"server.url={stub.url}")
        done = mmusset("build", "--source", source, "--out", out, *SHORT, *model)
    assert done.returncode == 4, done.stderr
    return out


def entitle(wav: Path, title: str) -> None:
    """Make a wav a FLAC with a title in its tags."""
    sound, rate_hz = soundfile.read(wav)
    wav.unlink()
    with soundfile.SoundFile(wav.with_suffix(".flac"), "w", rate_hz, sound.shape[1]) as file:
        file.title = title
        file.write(sound)


@contextmanager
def address_of(command: str, folder: Path) -> Iterator[str]:
    """`mmusset view` or `play` in a process of its own; gives the address that it prints."""
    with start(command, folder, "--port", "0", stderr=None) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window; nothing is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                *("--no-sandbox", "--autoplay-policy=no-user-gesture-required"),
                *("--disable-gpu", "--disable-software-rasterizer"),  # a fifth less CPU time
            ],
        )
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, **how: Any) -> Iterator[Page]:
    """A page of which nothing may go wrong: no message of an error, no request that fails or
    goes to another place than this machine. `how` is what Playwright's `new_context` takes."""
    wrong = list[str]()
    with browser.new_context(**how) as context:
        page = context.new_page()
        page.on("console", lambda told: wrong.append(told.text) if told.type != "log" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.extend(_foreign(asked.url)))
        page.on("response", lambda got: wrong.extend(_failed(got.status, got.url)))
        yield page
        assert wrong == []


def _foreign(url: str) -> list[str]:
    return [] if re.match(r"(http://127\.0\.0\.1:\d+/|file:///)", url) else [f"asked for {url}"]


def _failed(status: int, url: str) -> list[str]:
    return [f"{status} for {url}"] if status >= 400 else []
