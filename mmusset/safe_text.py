"""Text that comes from outside, made fit for people, the ledger, logs and pages.

Whatever an exception, a header, an address or a server's body says goes through here: secrets
are masked, control and direction characters are spelled out, and a short first line is left.
"""

import os
import re
from base64 import b64encode
from urllib.parse import quote, unquote, urlsplit

MASK = "***"
MOST_CHARACTERS = 200
MOST_READ = 4000  # of a line, before it is masked and cut
# Variables of the environment that hold secrets.
SECRET_VARIABLES = (
    *("OPENAI_API_KEY", "LISTENER_API_KEY"),
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GOOGLE_SERVICE_ACCOUNT_KEY"),
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_CLIENT_SECRET", "AZURE_STORAGE_SAS_KEY"),
)
# A shorter value is too likely an ordinary word to be looked for in texts.
LEAST_SECRET = 6

_remembered: set[str] = set()
_AUTHORIZATION = re.compile(
    r"((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:bearer|basic|token)\s+)?[^\s'\",;)>]+",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"((?:api[-_]?key|password|secret|token)(?:['\"]?=|['\"]\s*:\s*)['\"]?)[^\s'\",;)>&]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer\s+|basic\s+(?=\S*[\d=]))[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|hf|ghp|gho|xox[a-z])[-_][A-Za-z0-9_-]{8,}")
# Every repeat is bounded, so that no text, however long, takes more than linear time.
_SCHEME = r"[a-z][a-z0-9+.-]{0,15}://"
_USERINFO = re.compile(rf"({_SCHEME})[^\s/@'\"]{{1,1000}}@", re.IGNORECASE)
_QUERY = re.compile(rf"({_SCHEME}[^\s?'\"]{{0,1000}}\?)[^\s'\")>]+", re.IGNORECASE)
_ADDRESS = re.compile(rf"{_SCHEME}\S+", re.IGNORECASE)


def remember(secret: str) -> None:
    """Mask this from now on too: a token from a file, a password in an address."""
    if len(secret) >= LEAST_SECRET:
        _remembered.update((secret, quote(secret, safe="")))


def remember_url(url: str) -> None:
    """Mask the user and the password of an address from now on, also as a header has them."""
    userinfo = urlsplit(url).netloc.rpartition("@")[0]
    if userinfo:
        user, _, password = userinfo.partition(":")
        remember(unquote(password))
        remember(b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode())


def without_known(text: str) -> str:
    """The text with the values of SECRET_VARIABLES, and what is remembered, replaced by `***`."""
    secrets = {os.environ.get(name, "").strip() for name in SECRET_VARIABLES} | _remembered
    # The longest first: one may be a part of another.
    for value in sorted(secrets, key=len, reverse=True):
        if len(value) >= LEAST_SECRET:
            text = text.replace(value, MASK)
    return text


def masked(text: str) -> str:
    """The text with every secret that can be known as one replaced by `***`.

    The values of SECRET_VARIABLES, what is remembered, authorization headers, keys of the
    usual shapes, and users, passwords and queries in URLs.
    """
    text = without_known(text)
    text = _AUTHORIZATION.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    text = _KEY.sub(MASK, text)
    text = _USERINFO.sub(rf"\1{MASK}@", text)
    return _QUERY.sub(rf"\1{MASK}", text)


def printable(text: str) -> str:
    """The text with control, direction and other unseen characters spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_path(path: bytes) -> str:
    """A path as safe text: no control or direction characters, odd bytes spelled out."""
    return printable(path.decode("utf-8", "backslashreplace"))


def first_line(text: str, most: int = MOST_CHARACTERS) -> str:
    """The first line that is not empty: masked, printable, and cut to `most` characters."""
    line = text.lstrip()[:MOST_READ].partition("\n")[0]
    line = printable(" ".join(masked(line).split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def of_error(error: BaseException) -> str:
    """What an error says, in a line: of its number, else in its own words, else its kind."""
    if isinstance(error, OSError) and error.errno and error.strerror:
        return first_line(error.strerror)
    return first_line(str(error)) or type(error).__name__


def of_url(url: str) -> str:
    """An address without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    host = parts.netloc.rpartition("@")[2]
    if not host:
        return "an address that can't be read"
    return printable(parts._replace(netloc=host, query="", fragment="").geturl())


def without_addresses(text: str) -> str:
    """The text without its addresses: those that the Hub signs open a file to anyone."""
    return _ADDRESS.sub("<address>", text)
