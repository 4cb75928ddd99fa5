"""One path of a source that can't be read, as a mount in trouble or wrong rights make it."""

import ctypes
import errno
import os
import subprocess
from pathlib import Path

from tests.faults.injection import KINDS, PLACES, ROLES, Table
from tests.support.command import mmusset


def mmusset_failing(
    shared: Path, watched: Path, kind: str, error: str, *words: str | Path
) -> "subprocess.CompletedProcess[str]":
    """`mmusset WORDS` in which decoders can't do one kind of call on a file, or below a folder."""
    table = Table()
    table.source = os.fsencode(watched.resolve())
    table.role, table.kind = ROLES.index("decoder"), KINDS.index(kind)
    table.place, table.lasting = PLACES.index("source"), True
    table.error = getattr(errno, error)
    shared.with_name("table").write_bytes(
        ctypes.string_at(ctypes.addressof(table), len(bytes(table)))
    )
    faults = {"LD_PRELOAD": str(shared), "FAULT_TABLE": str(shared.with_name("table"))}
    return mmusset(*words, variables=faults)
