"""Who may look: whoever has the token, from a page of this very server. And what pages may load.

The token is the first part of every path, and nowhere else. A cookie would be sent to every
port of this machine, so to other servers and their users; a path goes to the server that it
names, and `no-referrer` keeps it out of what pages tell others. It stays in the browser's
history, and is worth nothing once the server has ended.
"""

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from mmusset.errors import MmussetError, UsageError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# No page loads anything from anywhere but its own server. `data/` scripts are an export's.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Lets requests through whose path begins with the token.

    A `Host` that is not this server's is refused: a foreign page could have its own name lead
    here (DNS rebinding). So is what another page sends.
    """

    def __init__(self, token: str, host: str) -> None:
        self._token = token
        self._host = host

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response: web.StreamResponse | None = self._refused(request)
        if response is None:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                error.headers.update(_HEADERS)
                raise
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self._is_ours(request.host):
            return _no("this server is not known by that name")
        origin = request.headers.get("Origin")
        if origin is not None and not _is_from(origin, request.host):
            return _no("another page sent this")
        token = request.path.removeprefix("/").partition("/")[0]
        if not hmac.compare_digest(token.encode(errors="replace"), self._token.encode()):
            return _no("open the address that the command printed: it holds the token")
        return None

    def _is_ours(self, netloc: str) -> bool:
        """Names lead anywhere, addresses do not."""
        try:
            name = urlsplit(f"//{netloc}").hostname or ""
        except ValueError:
            return False
        if is_loopback(self._host):
            return is_loopback(name)
        # urlsplit gives names in small letters.
        ours = ("localhost", self._host.lower(), socket.gethostname().lower())
        return _is_address(name) or name in ours


def _is_from(origin: str, netloc: str) -> bool:
    try:
        return urlsplit(origin).netloc == netloc
    except ValueError:
        return False


@web.middleware
async def honest(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors that a user can fix become one line: 400 for the request, 409 for the data."""
    try:
        return await handler(request)
    except UsageError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    except MmussetError as error:
        raise web.HTTPConflict(text=str(error)) from None


def is_loopback(name: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _no(why: str) -> web.Response:
    """Strangers get no connection to keep."""
    response = web.Response(status=403, text=f"403: {why}\n")
    response.force_close()
    return response
