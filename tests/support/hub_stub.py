"""The part of the Hub that reading a dataset asks for: its tree, and ranges of its files."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME = "user/name"
COMMIT = "0123456789" * 4


@contextmanager
def hub(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a folder as the dataset `user/name`; gives the endpoint, and the paths of the files
    that were asked for, as they come."""
    fetched = list[str]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, _, query = self.path.replace(COMMIT, "main").partition("?")
            if path.startswith(f"/api/datasets/{NAME}/tree/main"):
                inside = path.removeprefix(f"/api/datasets/{NAME}/tree/main").strip("/")
                pattern = "**/*" if "recursive=true" in query.lower() else "*"
                found = [facts(folder, path) for path in sorted((folder / inside).glob(pattern))]
                self.answer(found, 200 if found else 404)
            elif path.startswith(f"/datasets/{NAME}/resolve/main/"):
                name = path.removeprefix(f"/datasets/{NAME}/resolve/main/")
                fetched.append(name)
                data = (folder / name).read_bytes()
                wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                if wanted:
                    data = data[int(wanted[1]) : int(wanted[2]) + 1]
                self.send(data, 206 if wanted else 200)
            elif path.startswith(f"/api/datasets/{NAME}"):
                self.answer({"id": NAME, "sha": COMMIT, "siblings": []})
            else:
                self.answer({"error": "Repository not found"}, 404, "RepoNotFound")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            paths = re.findall(r"paths=([^&]+)", body.replace("%2F", "/"))
            asked = [folder / path for path in paths]
            self.answer([facts(folder, path) for path in asked if path.exists()])

        def answer(self, data: object, status: int = 200, code: str = "EntryNotFound") -> None:
            self.send(json.dumps(data).encode(), status, code)

        def send(self, data: bytes, status: int, code: str = "EntryNotFound") -> None:
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", fetched
        finally:
            server.shutdown()
            thread.join()


def facts(folder: Path, path: Path) -> dict[str, object]:
    """What the Hub tells of a folder or a file."""
    name = str(path.relative_to(folder))
    if path.is_dir():
        return {"type": "directory", "oid": "0" * 40, "size": 0, "path": name}
    data = path.read_bytes()
    told = {"type": "file", "oid": hashlib.sha1(data).hexdigest(), "size": len(data), "path": name}
    if path.suffix == ".tar":
        sha256 = hashlib.sha256(data).hexdigest()
        told["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 130}
    return told
