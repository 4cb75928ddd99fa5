"""Print constraints.txt: what is installed beside this, with the hashes of this platform's files.

torch and torchvision are left out: which build fits is the machine's affair, and the Makefile
names their versions. pip itself says what the files are and their hashes; nothing is installed.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from platform import python_version
from tempfile import NamedTemporaryFile

OUTSIDE = {"mmusset", "pip", "setuptools", "torch", "torchvision"}
HEAD = """\
# What CI and `make test` install; made by `make constraints` with CPython {python} on {platform}.
# Elsewhere files, and so their hashes, differ: make test CONSTRAINTS=
"""


def installed() -> dict[str, str]:
    """The version of each distribution, by its normalised name."""
    names = {re.sub(r"[-_.]+", "-", d.name).lower(): d.version for d in distributions()}
    return {name: version for name, version in sorted(names.items()) if name not in OUTSIDE}


def hashes(versions: dict[str, str]) -> dict[str, str]:
    """The sha256 of the file that pip would install of each."""
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{name}=={version}\n" for name, version in versions.items())
        file.flush()
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps"]
        command += ["--ignore-installed", "--report", "-", "-r", file.name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    items = json.loads(done.stdout)["install"]
    return {
        re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower(): item["download_info"][
            "archive_info"
        ]["hashes"]["sha256"]
        for item in items
    }


if __name__ == "__main__":
    versions = installed()
    sha256 = hashes(versions)
    print(HEAD.format(python=python_version(), platform=sys.platform), end="")
    for name, version in versions.items():
        print(f"{name}=={version} --hash=sha256:{sha256[name]}")
