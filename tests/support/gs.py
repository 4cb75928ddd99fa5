"""A service that speaks Google's protocol, as far as a store uses it: moto's S3, translated.

Google's XML API is S3's but for the names of headers, and for what is said of deleting nothing.
No emulator of it that is in a registry takes its puts: gcp-storage-emulator speaks the JSON API
alone, and fake-gcs-server reads and lists.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.support.s3 import s3

# What each header of Google's is in S3's protocol. A generation of 0 is that of no object.
HEADERS = {
    "x-goog-if-generation-match": "if-none-match",
    "x-goog-copy-source": "x-amz-copy-source",
}
KEPT = ("content-length", "content-type", "range")
# moto lets in whoever signs, whatever the signature is.
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=anyone/20260101/us-east-1/s3/aws4_request,"
    " SignedHeaders=host, Signature=0"
)


@contextmanager
def gs() -> Iterator[dict[str, str]]:
    """An empty bucket of a service that runs meanwhile: the variables by which it is found."""
    with s3() as variables:
        endpoint = variables["AWS_ENDPOINT_URL"].removeprefix("http://")

        class Translating(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def translate(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.replace("%2F", "/")
                status, headers, answer = _asked(endpoint, self.command, path, self._sent(), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = translate  # noqa: N815

            def _sent(self) -> dict[str, str]:
                sent = {name.lower(): value for name, value in self.headers.items()}
                assert sent.get("x-goog-if-generation-match", "0") == "0"
                as_s3 = {HEADERS[name]: sent[name] for name in HEADERS if name in sent}
                if "if-none-match" in as_s3:
                    as_s3["if-none-match"] = "*"
                return as_s3 | {name: sent[name] for name in KEPT if name in sent}

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Translating) as server:
            Thread(target=server.serve_forever).start()
            try:
                yield {
                    "GOOGLE_BASE_URL": f"http://127.0.0.1:{server.server_port}",
                    "GOOGLE_BEARER_TOKEN": "any token of mine",
                }
            finally:
                server.shutdown()


def _asked(
    endpoint: str, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """What S3 answers: status, headers and body."""
    if method == "DELETE" and _asked(endpoint, "HEAD", path, {}, b"")[0] == 404:
        return 404, {"Content-Length": "0"}, b""
    service = http.client.HTTPConnection(endpoint, timeout=60)
    service.request(method, path, body, headers | {"authorization": SIGNED})
    response = service.getresponse()
    answer = response.read()
    told = {k: v for k, v in response.getheaders() if k.lower() != "transfer-encoding"}
    if method != "HEAD":
        told = {k: v for k, v in told.items() if k.lower() != "content-length"}
        told["Content-Length"] = str(len(answer))
    service.close()
    return response.status, told, answer
