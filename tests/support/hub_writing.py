"""A Hub on loopback that can be written to, and fails as it is told to.

It answers the Hub's own client (repos, branches, tags, LFS with parts, xet, commits, files with
ranges) and keeps all in memory; `hub_stub.py` is the small one, to read a folder from.
"""

import base64
import hashlib
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.hub_repos import Fault, Hub, Repo, directory, facts

TOKEN = "hf_" + "tOkEnOfNoBody"
PART_BYTES = 25_000  # larger files of LFS go in parts of so many
PAGE = 3  # files of a tree at once


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits for 40 ms
    hub: Hub

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def answered(self) -> None:
        url = urlsplit(self.path)
        self.query = parse_qs(url.query)
        body = self.body()
        request = f"{self.command} {url.path}"
        if url.path == "/api/repos/create":
            request += f" {json.loads(body)['name']}"
        with self.hub.lock:
            self.hub.asked.append(request)
            fault = next((f for f in self.hub.faults if f.meets(request)), Fault("", ""))
            if fault.what == "kill":
                os.kill(self.hub.victim, signal.SIGKILL)
            if callable(fault.what):
                fault.what()
            if isinstance(fault.what, int):
                status, headers, data = fault.what, fault.headers, fault.body
            elif fault.what not in ("drop", "kill"):
                status, headers, data = self.answer(url.path, body)
        if fault.what in ("drop", "kill", "lose"):
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_HEAD = answered  # noqa: N815

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        if path.startswith("/cas/"):
            status, data = self.hub.cas.answer(self.command, path, body)
            return status, {}, data
        if path.startswith("/store/"):
            return self.store(path, body)
        for pattern, method in ROUTES:
            found = re.fullmatch(pattern, f"{self.command} {path}")
            if found:
                words = [unquote(word) for word in found.groups()]
                return method(self, *words, body)
        return told({"error": f"no {path}"}, 404)

    # --- who, and which repos there are ---------------------------------------------------

    def whoami(self, body: bytes) -> "Answer":
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            said = f"Invalid credentials: {self.headers.get('Authorization')}"
            return told({"error": said}, 401)
        return told({"name": "user", "type": "user", "orgs": []})

    def create(self, body: bytes) -> "Answer":
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        url = {"url": f"{self.hub.endpoint}/datasets/{name}"}
        if name in self.hub.repos:
            return told(url | {"error": "You already created this dataset repo"}, 409)
        self.hub.make(wanted["name"], wanted["visibility"] == "private")
        return told(url)

    def info(self, name: str, revision: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, revision)
        if lost or repo is None:
            return lost
        files = repo.commits[oid]
        siblings = [{"rfilename": path} for path in files]
        facts = {"id": name, "sha": oid, "private": repo.private, "siblings": siblings}
        return told(facts | {"tags": [], "downloads": 0, "likes": 0})

    def main_info(self, name: str, body: bytes) -> "Answer":
        return self.info(name, "main", body)

    def refs(self, name: str, body: bytes) -> "Answer":
        repo, _, lost = self.repo(name, "main")
        if lost or repo is None:
            return lost
        branches = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": oid}
            for name, oid in repo.branches.items()
        ]
        tags = [
            {"name": name, "ref": f"refs/tags/{name}", "targetCommit": oid}
            for name, oid in repo.tags.items()
        ]
        return told({"branches": branches, "converts": [], "tags": tags})

    def branch(self, name: str, branch: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, "main")
        if lost or repo is None:
            return lost
        if branch in repo.branches:
            return told({"error": "Reference already exists"}, 409)
        repo.branches[branch] = oid
        return told({})

    def tag(self, name: str, revision: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, revision)
        if lost or repo is None:
            return lost
        tag = json.loads(body)["tag"]
        if tag in repo.tags:
            return told({"error": "Tag reference exists already"}, 409)
        repo.tags[tag] = oid
        return told({})

    def repo(self, name: str, revision: str) -> tuple[Repo | None, str, "Answer"]:
        """A repo and a commit, or the answer that there is none."""
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and "Authorization" not in self.headers):
            return None, "", missing("RepoNotFound", "Repository not found", 401)
        oid = repo.find(revision)
        if oid is None:
            return None, "", missing("RevisionNotFound", f"Invalid rev id: {revision}")
        return repo, oid, NOTHING

    # --- files, to be read ----------------------------------------------------------------

    def tree(self, name: str, revision: str, inside: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, revision)
        if lost or repo is None:
            return lost
        recursive = self.query.get("recursive", [""])[0].lower() == "true"
        prefix = f"{inside.strip('/')}/" if inside.strip("/") else ""
        entries = list[dict[str, Any]]()
        folders = set[str]()
        for path in sorted(repo.commits[oid]):
            rest = path.removeprefix(prefix)
            if not path.startswith(prefix):
                continue
            folder, _, deeper = rest.partition("/")
            if deeper and f"{prefix}{folder}" not in folders:
                folders.add(f"{prefix}{folder}")
                entries.append(directory(f"{prefix}{folder}"))
            if recursive or not deeper:
                entries.append(facts(repo, oid, path))
        if prefix and not entries:
            return missing("EntryNotFound", f"no {inside}")
        start = int(self.query.get("cursor", ["0"])[0])
        status, headers, data = told(entries[start : start + PAGE])
        if len(entries) > start + PAGE:
            rest = f"recursive={str(recursive).lower()}&cursor={start + PAGE}"
            url = f"{self.hub.endpoint}{urlsplit(self.path).path}?{rest}"
            headers["Link"] = f'<{url}>; rel="next"'
        return status, headers, data

    def paths_info(self, name: str, revision: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, revision)
        if lost or repo is None:
            return lost
        form = parse_qs(body.decode())
        paths = form.get("paths") or json.loads(body)["paths"]
        files = repo.commits[oid]
        found = [facts(repo, oid, path) for path in paths if path in files]
        for path in paths:
            if any(file.startswith(f"{path}/") for file in files):
                found.append(directory(path))
        return told(found)

    def resolve(self, name: str, revision: str, path: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, revision)
        if lost or repo is None:
            return lost
        data = repo.commits[oid].get(path)
        if data is None:
            return missing("EntryNotFound", f"no {path}")
        known = facts(repo, oid, path)
        etag = known["lfs"]["oid"] if "lfs" in known else known["oid"]
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": oid, "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            return 200, headers, data
        first, last = int(wanted[1]), int(wanted[2] or len(data) - 1)
        headers["Content-Range"] = f"bytes {first}-{min(last, len(data) - 1)}/{len(data)}"
        return 206, headers, data[first : last + 1]

    # --- files, to be written -------------------------------------------------------------

    def validate_yaml(self, body: bytes) -> "Answer":
        return told({"errors": [], "warnings": [{"message": "empty or missing yaml metadata"}]})

    def preupload(self, name: str, revision: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, revision)
        if lost or repo is None:
            return lost
        asked = json.loads(body)["files"]
        assert len(asked) <= 256
        return told({"files": [self.mode(repo, oid, file["path"]) for file in asked]})

    def mode(self, repo: Repo, oid: str, path: str) -> dict[str, Any]:
        found = {"path": path, "shouldIgnore": False}
        found["uploadMode"] = (
            "lfs" if path.endswith((".tar", ".jpg", ".safetensors")) else "regular"
        )
        if path in repo.commits[oid]:
            known = facts(repo, oid, path)
            found["oid"] = known["lfs"]["oid"] if "lfs" in known else known["oid"]
        return found

    def lfs_batch(self, name: str, body: bytes) -> "Answer":
        asked = json.loads(body)
        assert asked["operation"] == "upload" and asked["hash_algo"] == "sha256"
        return told({"transfer": "basic", "objects": [self.upload(o) for o in asked["objects"]]})

    def upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        oid, size, hub = wanted["oid"], wanted["size"], self.hub
        if oid in hub.lfs:
            return wanted
        put = {"href": f"{hub.endpoint}/store/{oid}"}
        if size > PART_BYTES:
            count = -(-size // PART_BYTES)
            parts = {f"{n:05d}": f"{hub.endpoint}/store/{oid}/{n}" for n in range(1, count + 1)}
            put["header"] = {"chunk_size": str(PART_BYTES)} | parts  # type: ignore[assignment]
        verify = {"href": f"{hub.endpoint}/store/verify"}
        return wanted | {"actions": {"upload": put, "verify": verify}}

    def store(self, path: str, body: bytes) -> "Answer":
        hub = self.hub
        oid, _, part = path.removeprefix("/store/").partition("/")
        if oid == "verify":
            wanted = json.loads(body)
            same = len(hub.lfs.get(wanted["oid"], b"")) == wanted["size"]
            return told({}, 200 if same else 422)
        if self.command == "POST":
            parts = hub.parts.pop(oid)
            said = json.loads(body)["parts"]
            assert [p["etag"] for p in said] == [f"etag-{p['partNumber']}" for p in said]
            return self.keep(oid, b"".join(parts[n] for n in sorted(parts)))
        hub.received += len(body)
        if part:
            hub.parts.setdefault(oid, {})[int(part)] = body
            return 200, {"ETag": f"etag-{part}"}, b""
        return self.keep(oid, body)

    def keep(self, oid: str, data: bytes) -> "Answer":
        if hashlib.sha256(data).hexdigest() != oid:
            return told({"error": "not the bytes of that sha256"}, 400)
        self.hub.lfs[oid] = data
        return told({})

    def xet_token(self, name: str, revision: str, body: bytes) -> "Answer":
        facts = {"casUrl": f"{self.hub.endpoint}/cas", "accessToken": "xet", "exp": 4102444800}
        headers = {
            "X-Xet-Cas-Url": facts["casUrl"],
            "X-Xet-Access-Token": "xet",
            "X-Xet-Token-Expiration": "4102444800",
        }
        status, _, data = told(facts)
        return status, headers, data  # type: ignore[return-value]

    def commit(self, name: str, branch: str, body: bytes) -> "Answer":
        repo, oid, lost = self.repo(name, branch)
        if lost or repo is None:
            return lost
        if branch not in repo.branches:
            return told({"error": "not a branch"}, 400)
        files, in_lfs = dict(repo.commits[oid]), set(repo.in_lfs[oid])
        for line in body.splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header":
                if value.get("parentCommit", oid) != oid:
                    return told({"error": "The branch moved on"}, 412)
                continue
            path = value["path"]
            in_lfs.discard(path)
            if key == "file":
                files[path] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                data = self.hub.lfs.get(value["oid"]) or self.hub.cas.files.get(value["oid"])
                if data is None or len(data) != value["size"]:
                    return told({"error": f"{path}: no such LFS object"}, 400)
                files[path] = data
                in_lfs.add(path)
            else:
                assert key == "deletedFile"
                del files[path]
        oid = repo.commit(branch, files, in_lfs)
        return told({"commitOid": oid, "commitUrl": f"{self.hub.endpoint}/{name}/commit/{oid}"})


Answer = tuple[int, dict[str, str], bytes] | tuple[()]
NOTHING: Answer = ()

KIND, REPO, REVISION = "(?:datasets|models)", "([^/]+/[^/]+)", "([^/]+)"
ROUTES = [
    ("GET /api/whoami-v2", Handler.whoami),
    ("POST /api/repos/create", Handler.create),
    ("POST /api/validate-yaml", Handler.validate_yaml),
    (f"POST /api/{KIND}/{REPO}/preupload/{REVISION}", Handler.preupload),
    (f"POST /api/{KIND}/{REPO}/commit/{REVISION}", Handler.commit),
    (f"POST /api/{KIND}/{REPO}/paths-info/{REVISION}", Handler.paths_info),
    (f"POST /api/{KIND}/{REPO}/branch/{REVISION}", Handler.branch),
    (f"POST /api/{KIND}/{REPO}/tag/{REVISION}", Handler.tag),
    (f"POST /(?:datasets/)?{REPO}.git/info/lfs/objects/batch", Handler.lfs_batch),
    (f"GET /api/{KIND}/{REPO}/xet-write-token/{REVISION}", Handler.xet_token),
    (f"GET /api/{KIND}/{REPO}/refs", Handler.refs),
    (f"GET /api/{KIND}/{REPO}/tree/{REVISION}(|/.*)", Handler.tree),
    (f"GET /api/{KIND}/{REPO}/revision/{REVISION}", Handler.info),
    (f"GET /api/{KIND}/{REPO}", Handler.main_info),
    (f"(?:GET|HEAD) /(?:datasets/)?{REPO}/resolve/{REVISION}/(.+)", Handler.resolve),
]


def told(data: object, status: int = 200) -> Any:
    return status, {"Content-Type": "application/json"}, json.dumps(data).encode()


def missing(code: str, why: str, status: int = 404) -> Any:
    return status, {"X-Error-Code": code, "X-Error-Message": why}, b"{}"


@contextmanager
def hub() -> Iterator[Hub]:
    """A Hub with no repo in it."""
    made = Hub()
    handler = type("HubHandler", (Handler,), {"hub": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        made.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
