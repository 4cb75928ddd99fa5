"""Text that comes from outside, made fit for people, the ledger, logs and pages.

Whatever an exception, a header, an address or a server's body says goes through here: secrets
are masked, control and direction characters are spelled out, and a short first line is left.
"""

import os
import re
from urllib.parse import urlsplit

MASK = "***"
MOST_CHARACTERS = 200
# Variables that hold what only their owner may know.
SECRET_VARIABLES = ("OPENAI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
# A shorter value is too likely an ordinary word to be looked for in texts.
LEAST_SECRET = 6
_BEARER = re.compile(r"\b(bearer|basic|token)([\s:=]+)[^\s'\",;)>]+", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|hf|ghp|gho|xox[a-z])[-_][A-Za-z0-9_-]{8,}")
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@", re.IGNORECASE)
_QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?'\"]*\?)[^\s'\")>]+", re.IGNORECASE)


def masked(text: str) -> str:
    """The text with every secret that can be known as one replaced by `***`.

    The values of SECRET_VARIABLES, bearer tokens, keys of the usual shapes, and what URLs say
    of users, passwords and queries.
    """
    for name in SECRET_VARIABLES:
        value = os.environ.get(name, "")
        if len(value) >= LEAST_SECRET:
            text = text.replace(value, MASK)
    text = _BEARER.sub(rf"\1\2{MASK}", text)
    text = _KEY.sub(MASK, text)
    text = _USERINFO.sub(rf"\1{MASK}@", text)
    return _QUERY.sub(rf"\1{MASK}", text)


def printable(text: str) -> str:
    """The text with control, direction and other unseen characters spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def first_line(text: str, most: int = MOST_CHARACTERS) -> str:
    """The first line of a text that is not empty: masked, printable, and cut to so many characters."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    shown = printable(" ".join(masked(line).split()))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def of_url(url: str) -> str:
    """An address without user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return printable(parts._replace(netloc=host, query="", fragment="").geturl())
