"""What the Hub of `hub_writing.py` keeps, all in memory, and what is to go wrong with it."""

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.hub_xet import Cas


@dataclass
class Fault:
    """Something that goes wrong, `times` times, with the requests whose `METHOD /path` matches.

    `what` is a status; "drop": the connection breaks before anything is done; "lose": it is
    done, and the connection breaks before the answer; "kill": the client is killed; or something
    that happens first.
    """

    where: str
    what: int | str | Callable[[], object]
    times: int = 1
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "0"})
    body: bytes = b"{}"
    seen: int = 0

    def meets(self, request: str) -> bool:
        if self.seen >= self.times or not re.search(self.where, request):
            return False
        self.seen += 1
        return True


@dataclass
class Repo:
    """Commits, from the first; each is all of its files."""

    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    in_lfs: dict[str, set[str]] = field(default_factory=dict)  # the names, by commit
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, files: dict[str, bytes], in_lfs: set[str]) -> str:
        number = len(self.commits)
        oid = hashlib.sha1(f"{number} {branch} {sorted(files)}".encode()).hexdigest()
        self.commits[oid], self.in_lfs[oid] = files, in_lfs
        self.branches[branch] = oid
        return oid

    def find(self, revision: str) -> str | None:
        """The commit of a branch, a tag, or itself."""
        found = self.branches.get(revision) or self.tags.get(revision)
        return found or (revision if revision in self.commits else None)


class Hub:
    """All that the stub knows, and what was asked of it."""

    def __init__(self) -> None:
        self.repos = dict[str, Repo]()
        self.lfs = dict[str, bytes]()
        self.parts = dict[str, dict[int, bytes]]()
        self.faults = list[Fault]()
        self.asked = list[str]()
        self.received = 0  # bytes of LFS
        self.cas = Cas()
        self.endpoint = ""
        self.victim = 0  # the process to kill
        self.lock = threading.RLock()

    def files(self, name: str = "name", revision: str = "main") -> dict[str, bytes]:
        """What a revision of `user/name` holds, less what every new repo has."""
        repo = self.repos[f"user/{name}"]
        oid = repo.find(revision)
        assert oid
        return {k: v for k, v in repo.commits[oid].items() if k != ".gitattributes"}

    def commits(self, name: str = "name") -> int:
        """How many commits were made, the first not counted."""
        return len(self.repos[f"user/{name}"].commits) - 1

    def make(self, name: str = "name", private: bool = False, **files: bytes) -> None:
        """A repo `user/name`, and files in it that somebody else made."""
        repo = self.repos[f"user/{name}"] = Repo(private)
        repo.commit("main", {".gitattributes": b"*.tar filter=lfs\n"} | files, set())

    def somebody(self, name: str = "name", **files: bytes) -> None:
        """Somebody else commits files to `user/name`."""
        repo = self.repos[f"user/{name}"]
        oid = repo.branches["main"]
        repo.commit("main", repo.commits[oid] | files, repo.in_lfs[oid] - set(files))


def facts(repo: Repo, oid: str, path: str) -> dict[str, Any]:
    """What the Hub lists of a file."""
    data = repo.commits[oid][path]
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    found: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": blob}
    if path in repo.in_lfs[oid]:
        sha256 = hashlib.sha256(data).hexdigest()
        found["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 130}
        found["oid"] = hashlib.sha1(sha256.encode()).hexdigest()  # of the pointer
    return found


def directory(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": "0" * 40}
