"""A service that speaks S3's protocol, in a process of its own: moto's."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

BUCKET = "bucket"
# It goes on until its input is closed. Between moto's look whether an object is there and its own
# putting it there another put may come, which no real service lets happen: it gets them in turn.
SERVE = """
import sys
from threading import Lock, Thread
from moto.moto_server.threaded_moto_server import MotoRequestHandler
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
moto, in_turn = DomainDispatcherApplication(create_backend_app), Lock()
def service(environ, start_response):
    if environ["REQUEST_METHOD"] != "PUT":
        return moto(environ, start_response)
    with in_turn:
        return moto(environ, start_response)
server = make_server("127.0.0.1", 0, service, True, request_handler=MotoRequestHandler)
print(server.port, flush=True)
Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """An empty bucket of a service that runs meanwhile: the variables by which it is found."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as service:
        try:
            assert service.stdout
            endpoint = f"http://127.0.0.1:{int(service.stdout.readline())}"
            made = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")
            urllib.request.urlopen(made, timeout=60).close()
            yield {
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "anyone",
                "AWS_SECRET_ACCESS_KEY": "any secret of mine",
                "AWS_REGION": "us-east-1",
            }
        finally:
            service.kill()
