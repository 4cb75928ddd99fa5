"""A dataset's or a model's repo on the Hub: what it holds, and the few ways to change it.

Whatever the Hub's client raises becomes one of ours here. What is asked is asked again for a
while where the Hub is busy or a connection breaks; the client does that for uploads and lists only.
"""

import hashlib
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from mmusset.bounded import MOST_FACTS, read_bounded, size
from mmusset.errors import MmussetError, Refused, ServerGone, UsageError
from mmusset.safe_text import first_line, remember, without_addresses
from mmusset.temporary_folder import TemporaryFolder
from mmusset.text import duration

from .published import File, RepoKind

T = TypeVar("T")
MAIN = "main"
BUSY = frozenset({408, 429, 500, 502, 503, 504})
MOVED = frozenset({409, 412})  # another commit came first
TRIES = 7
PATIENCE_S = 600.0  # in all: twice the time after which the Hub's limits on requests are reset
SILENCE_S = 300.0  # a connection that is silent for so long is given up


class Unanswered(Exception):
    """The Hub is busy, or a connection broke: what was asked may or may not have been done.

    `wait_s` is how long the Hub asks to wait, 0 where it says nothing.
    """

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Patience:
    """Longer and longer waits between tries, about a minute in all if the Hub asks for no more."""

    def __init__(self, log: Callable[[str], None], tries: int) -> None:
        self._log = log
        self._most_tries = tries
        self._tries, self._waited_s = 0, 0.0

    def wait(self, trouble: Unanswered) -> None:
        """Wait before the next try. Raises ServerGone where there were enough."""
        wait_s = trouble.wait_s or 2.0**self._tries
        self._tries += 1
        self._waited_s += wait_s
        if self._tries == self._most_tries or self._waited_s > PATIENCE_S:
            raise ServerGone(
                f"the Hub does not do what it is asked ({trouble}); nothing is lost:"
                " run the same command again to go on"
            ) from None
        self._log(f"the Hub is in trouble ({trouble}); trying again in {duration(wait_s)}")
        time.sleep(wait_s)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the Hub lists it. `sha256` is "" for one that git keeps by itself."""

    name: str
    size: int
    sha256: str
    blob_id: str

    def holds(self, path: Path, sha256: str) -> bool:
        """Whether it has the bytes of a local file, whose sha256 is given."""
        if self.sha256:
            return self.sha256 == sha256
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size)
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
        return self.blob_id == digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a revision of a repo holds, by name."""

    commit: str
    files: dict[str, HubFile]


class Remote:
    """The dataset or the model `user/name` on the Hub, with the token from the usual place.

    `log` is called with trouble that passes; each request is tried at most `tries` times. Raises
    UsageError for what is no such name.
    """

    def __init__(
        self,
        name: str,
        log: Callable[[str], None],
        tries: int = TRIES,
        kind: RepoKind = "dataset",
    ) -> None:
        if len(name.split("/")) != 2:
            raise UsageError(f"{name} is no name on the Hub: give user/name")
        try:
            from huggingface_hub import HfApi, get_token, set_client_factory
            from huggingface_hub.utils import disable_progress_bars
        except ImportError:
            raise MmussetError("the Hub needs its client: pip install 'mmusset[hub]'") from None

        set_client_factory(_client)
        disable_progress_bars()
        # It warns of each try, with addresses that are signed; what comes of it is said here.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self.name = name
        self.kind = kind
        self.log = log
        self.tries = tries
        self._api = HfApi(library_name="mmusset")
        self._token = get_token() or ""
        remember(self._token)
        self._operations: dict[str, Any] = {}

    @cached_property
    def user(self) -> str:
        """Whose token it is. Raises MmussetError where there is none, or an unknown one."""
        if not self._token:
            raise MmussetError(
                "there is no token for the Hub: log in with `hf auth login`, or set HF_TOKEN"
            )
        return str(self._patiently(self._api.whoami)["name"])

    def snapshot(self, revision: str) -> Snapshot | None:
        """What a branch, tag or commit holds; None where there is no such repo or revision."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        try:
            info = self._patiently(
                lambda: self._api.repo_info(
                    self.name, revision=revision, repo_type=self.kind, expand=["sha"]
                )
            )
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return None
        listed = self._patiently(
            lambda: list(
                self._api.list_repo_tree(
                    self.name, recursive=True, revision=info.sha, repo_type=self.kind
                )
            )
        )
        files = [
            HubFile(entry.path, entry.size, entry.lfs.sha256 if entry.lfs else "", entry.blob_id)
            for entry in listed
            if hasattr(entry, "blob_id")
        ]
        return Snapshot(info.sha, {file.name: file for file in files})

    def private(self) -> bool | None:
        """Whether the repo is private; None where there is none that the token may see."""
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            info = self._patiently(
                lambda: self._api.repo_info(self.name, repo_type=self.kind, expand=["private"])
            )
        except RepositoryNotFoundError:
            return None
        return bool(info.private)

    def tags(self) -> dict[str, str]:
        """The commit of each tag, by its name."""
        refs = self._patiently(lambda: self._api.list_repo_refs(self.name, repo_type=self.kind))
        return {ref.name: ref.target_commit for ref in refs.tags}

    def create(self, private: bool) -> None:
        """Make the repo; one that is there stays as it is."""
        self._patiently(
            lambda: self._api.create_repo(
                self.name, private=private, repo_type=self.kind, exist_ok=True
            )
        )

    def create_branch(self, branch: str) -> None:
        """Make a branch that begins where `main` is; one that is there stays as it is."""
        self._patiently(
            lambda: self._api.create_branch(
                self.name, branch=branch, repo_type=self.kind, exist_ok=True
            )
        )

    def create_tag(self, tag: str, commit: str) -> None:
        """Name a commit. Raises Refused where another commit has the name."""
        self._patiently(
            lambda: self._api.create_tag(
                self.name, tag=tag, revision=commit, repo_type=self.kind, exist_ok=True
            )
        )
        if self.tags().get(tag) != commit:
            raise Refused(f"somebody else gave the tag {tag} to another commit of {self.name}")

    def upload(self, branch: str, files: Sequence[File]) -> None:
        """Bring the bytes of files to the Hub's store, where nobody sees them yet.

        What the store has is not sent again. Raises MmussetError where a file has changed, and
        ServerGone where the client, which asks again by itself, has given up.
        """
        from huggingface_hub import CommitOperationAdd

        operations = {file.name: CommitOperationAdd(file.name, file.path) for file in files}
        try:
            with self._client_trouble():
                self._api.preupload_lfs_files(
                    self.name,
                    operations.values(),
                    repo_type=self.kind,
                    revision=branch,
                    free_memory=False,
                )
        except Unanswered as trouble:
            raise ServerGone(
                f"the Hub does not take what is sent ({trouble}); what it has it keeps:"
                " run the same command again to go on"
            ) from None
        for file in files:
            if operations[file.name].upload_info.sha256.hex() != file.sha256:
                raise MmussetError(f"{file.name} changed while it was sent; run the command again")
        self._operations |= operations

    def commit(
        self, branch: str, parent: str, message: str, added: Iterable[str], deleted: Iterable[str]
    ) -> str:
        """Make uploaded files, by name, the branch's own, and delete others; gives the commit.

        All in one commit on top of `parent`. Raises Unanswered where it may or may not have been
        made, also where another commit came first: look at what the Hub has before trying again.
        """
        from huggingface_hub import CommitOperationDelete

        operations = [self._operations[name] for name in added]
        operations += [CommitOperationDelete(name, is_folder=False) for name in deleted]
        with self._client_trouble(MOVED), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata that the Hub would like to see
            commit = self._api.create_commit(
                self.name,
                operations,
                commit_message=message,
                repo_type=self.kind,
                revision=branch,
                parent_commit=parent,
            )
        return str(commit.oid)

    def fetch(self, name: str, commit: str, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        """A file of a commit, whole, under its name in a folder.

        `on_bytes` is called with the count of bytes as they arrive. Where a connection breaks,
        the client goes on where it was.
        """

        def download() -> str:
            return str(
                self._api.hf_hub_download(
                    self.name,
                    name,
                    repo_type=self.kind,
                    revision=commit,
                    local_dir=folder,
                    tqdm_class=_counting_bar(on_bytes),
                )
            )

        return Path(self._patiently(download))

    def read(self, name: str, there: Snapshot) -> bytes:
        """A small file's bytes, as they are in a snapshot. Raises MmussetError for a large one."""
        if there.files[name].size > MOST_FACTS:
            raise MmussetError(f"{name} of {self.name} is larger than {size(MOST_FACTS)}")
        with TemporaryFolder() as folder:
            fetched = self.fetch(name, there.commit, Path(folder), lambda _: None)
            return read_bounded(fetched, MOST_FACTS)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """What an answer says that may be asked for more than once."""
        patience = Patience(self.log, self.tries)
        while True:
            try:
                with self._client_trouble():
                    return ask()
            except Unanswered as trouble:
                patience.wait(trouble)

    @contextmanager
    def _client_trouble(self, unanswered: frozenset[int] = frozenset()) -> Iterator[None]:
        """What the client raises as Unanswered, where asking again may help, or MmussetError.

        What is not there, and errors of this disk, go through as they are. More statuses can be
        given that mean Unanswered.
        """
        from huggingface_hub.errors import (
            EntryNotFoundError,
            HfHubHTTPError,
            LocalEntryNotFoundError,
            OfflineModeIsEnabled,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
        from huggingface_hub.utils import httpx

        try:
            yield
        except LocalEntryNotFoundError as error:  # a download that met no Hub
            raise Unanswered(self._message_of(error)) from None
        except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError):
            raise
        except OfflineModeIsEnabled:
            raise MmussetError("HF_HUB_OFFLINE is set, and this needs the Hub; unset it") from None
        except (HfHubHTTPError, httpx.HTTPError, RuntimeError, ValueError) as error:
            # An upload of several files names the file; what happened to it is its cause.
            cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
            if isinstance(cause, OSError) and not isinstance(cause, HfHubHTTPError):
                raise cause from None
            if isinstance(cause, HfHubHTTPError):
                status = cause.response.status_code
                if status in BUSY | unanswered:
                    wait_s = _requested_wait_s(cause.response.headers)
                    raise Unanswered(f"{status}: {self._message_of(cause)}", wait_s) from None
                raise MmussetError(self._refusal(status, cause)) from None
            if isinstance(cause, httpx.TransportError | json.JSONDecodeError | RuntimeError):
                raise Unanswered(self._message_of(cause)) from None
            raise MmussetError(f"the Hub refuses: {self._message_of(cause)}") from None

    def _refusal(self, status: int, error: Exception) -> str:
        if status in (401, 403):
            return (
                f"the Hub does not let you ({status}: {self._message_of(error)}); log in with"
                f" `hf auth login`, with a token that may do this to {self.name}"
            )
        return f"the Hub refuses ({status}: {self._message_of(error)})"

    def _message_of(self, error: BaseException) -> str:
        """What an error says, on one line, without secrets and without addresses: those of the
        store are signed, and whoever has one may write to it."""
        message = getattr(error, "server_message", None) or str(error) or type(error).__name__
        return first_line(without_addresses(" ".join(str(message).split())))


def _client() -> Any:
    """The Hub's HTTP client, which by itself would wait forever."""
    from huggingface_hub.utils import _http, httpx

    client = _http.default_client_factory()
    client.timeout = httpx.Timeout(SILENCE_S, connect=30.0)
    return client


def _requested_wait_s(headers: Any) -> float:
    """How many seconds the Hub asks us to wait; 0 where it says nothing, or a date."""
    from huggingface_hub.utils import parse_ratelimit_headers

    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds) + 1
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _counting_bar(on_bytes: Callable[[int], None]) -> type:
    """What the client takes for a progress bar; it shows nothing, and passes counts on."""
    from huggingface_hub.utils import tqdm

    class CountingBar(tqdm):  # type: ignore[misc]
        def update(self, n: float | None = 1) -> None:
            on_bytes(int(n or 0))

    return CountingBar
