"""For commands that need no torch: all modules of the rooms that build, and read what was built."""

# ruff: noqa: F401
import importlib
import pkgutil
import sqlite3
from types import ModuleType

import aiohttp.web
import httpx
import langchain_core.tracers.context
import langchain_core.tracers.run_collector
import langgraph.graph
import PIL.ImageDraw
import rich.progress
import rich.table
import soundfile
from typer.testing import CliRunner

import mmusset.agents
import mmusset.builder
import mmusset.publish
import mmusset.shards
import mmusset.sources
import mmusset.speakers
import mmusset.truth
import mmusset.view
from mmusset.cli.main import app
from mmusset.truth.extract import extract


def import_all(*rooms: ModuleType) -> None:
    """Import every module of packages: commands import theirs inside functions."""
    for room in rooms:
        for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
            importlib.import_module(module.name)


import_all(mmusset.agents, mmusset.builder, mmusset.publish, mmusset.shards, mmusset.sources)
import_all(mmusset.speakers, mmusset.truth, mmusset.view)
# Compiled at their first use: the command line, and the patterns that recognise claims.
CliRunner().invoke(app, ["--help"])
extract("A slow piano piece in C minor.")
