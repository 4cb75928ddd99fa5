"""For commands that need no torch: all modules of the rooms that build, and read what was built.

One build is done already: what is imported, compiled or looked up at its first use is there.
"""

# ruff: noqa: F401
import os
import sqlite3
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import aiohttp.web
import httpx
import langchain_core.tracers.context
import langchain_core.tracers.run_collector
import langgraph.graph
import PIL.ImageDraw
import rich.progress
import rich.table
import soundfile
from PIL import Image

import mmusset.agents
import mmusset.builder
import mmusset.publish
import mmusset.shards
import mmusset.sources
import mmusset.speakers
import mmusset.truth
import mmusset.view
from mmusset.builder.decoding.surveying import survey
from mmusset.builder.decoding.tasks import SurveyTask
from mmusset.cli.main import command
from mmusset.evidence import image, music
from mmusset.sources.source import Kind
from mmusset.truth.extract import extract
from tests.support.command import SHORT
from tests.support.media import RATE_HZ, library, sound_of

from . import import_all


def build(folder: Path) -> None:
    """A build of one piece; and what its decoder does, here."""
    source = library(folder / "source", 1)
    words = ["build", "--source", str(source), "--out", str(folder / "out"), *SHORT]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        command()(words, standalone_mode=False)
    survey(survey_of(source / "artist 0" / "song 0.wav", "music"))
    survey(survey_of(source / "artist 0" / "song 0.png", "image"))
    music.measure(sound_of(0, 2.0), RATE_HZ)
    image.measure(Image.new("RGB", (64, 64)))


def survey_of(path: Path, kind: Kind) -> SurveyTask:
    """The task to look at a file."""
    return SurveyTask(file=os.fsencode(path), kind=kind, max_side_px=1024)


import_all(mmusset.agents, mmusset.builder, mmusset.publish, mmusset.shards, mmusset.sources)
import_all(mmusset.speakers, mmusset.truth, mmusset.view)
extract("A slow piano piece in C minor.")
with tempfile.TemporaryDirectory() as place:
    build(Path(place))
