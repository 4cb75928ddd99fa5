"""A bucket as a store, or a part of one: S3 and what speaks its protocol, Google's, Azure's.

To make what is not there yet is a put on a condition (If-None-Match), which the service itself
keeps. The clock is the one that the service stamps objects with.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mmusset import safe_text
from mmusset.errors import MmussetError, UsageError
from mmusset.files import PARTIAL, sync_file, sync_folder

from .store import StoredObject

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# How long a service that is busy, or away, is asked again.
RETRY_S = 60.0
# What names another service of the same protocol, such as MinIO; of each, the first is told.
ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT",),
}


@dataclass(frozen=True)
class CloudStore:
    """The objects under a URL. Rights come from the environment, as the service's own tools find
    them (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, ...)."""

    url: str
    retry_s: float = field(default=RETRY_S, compare=False)

    def __str__(self) -> str:
        return safe_text.of_url(self.url)

    def put(self, name: str, data: bytes) -> None:
        self._put(name, data)

    def create(self, name: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            self._put(name, data, "create")
        except (AlreadyExistsError, PreconditionError):
            # It may be ours: a reply was lost, and the put was tried again.
            return self.read(name) == data
        return True

    def put_file(self, name: str, path: Path) -> None:
        self._put(name, path)

    def read(self, name: str) -> bytes | None:
        import obstore

        with self._trouble():
            try:
                return bytes(obstore.get(self._objects, name).bytes())
            except FileNotFoundError:
                return None

    def fetch(self, name: str, path: Path) -> None:
        import obstore

        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        with self._trouble():
            parts = obstore.get(self._objects, name).stream()
            with partial.open("wb") as file:
                for part in parts:
                    file.write(part)
        sync_file(partial)
        partial.replace(path)
        sync_folder(path.parent)

    def copy(self, name: str, to: str) -> None:
        """Have an object under a second name, without its bytes coming here. Raises
        FileNotFoundError where there is none."""
        import obstore

        with self._trouble():
            obstore.copy(self._objects, name, to)

    def size(self, name: str) -> int | None:
        """How many bytes an object has; None where there is none."""
        import obstore

        with self._trouble():
            try:
                return int(obstore.head(self._objects, name)["size"])
            except FileNotFoundError:
                return None

    def objects(self, prefix: str) -> list[StoredObject]:
        import obstore

        with self._trouble():
            found = [
                StoredObject(each["path"], each["size"], each["last_modified"].timestamp())
                for page in obstore.list(self._objects, prefix.rstrip("/") or None)
                for each in page
            ]
        return sorted(found, key=lambda each: each.name)

    def delete(self, name: str) -> None:
        self._delete([name])

    def delete_all(self, prefix: str) -> None:
        self._delete([each.name for each in self.objects(prefix)])

    def now_s(self, who: str) -> float:
        import obstore

        name = f"clock/{who}"
        self.put(name, b"")
        with self._trouble():
            return float(obstore.head(self._objects, name)["last_modified"].timestamp())

    def _put(
        self, name: str, data: bytes | Path, mode: Literal["create", "overwrite"] = "overwrite"
    ) -> None:
        import obstore

        with self._trouble():
            try:
                obstore.put(self._objects, name, data, mode=mode)
            except FileNotFoundError:
                raise UsageError(f"{self} can't be used: there is no such bucket") from None

    def _delete(self, names: list[str]) -> None:
        import obstore

        with self._trouble():
            for name in names:
                with suppress(FileNotFoundError):  # as Google's and Azure's say, and S3 does not
                    obstore.delete(self._objects, name)

    @property
    def _named_by(self) -> tuple[str, ...]:
        return ENDPOINTS[self.url.partition("://")[0]]

    @cached_property
    def _objects(self) -> "ObjectStore":
        """Raises UsageError for a URL that names no bucket."""
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        is_plain = any(os.environ.get(name, "").startswith("http://") for name in self._named_by)
        try:
            return from_url(
                self.url,
                client_options={"allow_http": True} if is_plain else None,
                retry_config={"retry_timeout": timedelta(seconds=self.retry_s)},
            )
        except (BaseError, ValueError) as error:
            raise UsageError(f"{self} can't be used: {_first_line(error)}") from None

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Raises MmussetError where the service refuses, or stays away; what is not there, or is
        there already, goes through."""
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        try:
            yield
        except (AlreadyExistsError, PreconditionError):
            raise
        except BaseError as error:
            raise MmussetError(
                f"{self} can't be used: {_first_line(error)}; fix that and run the same command"
                f" again (another service is named by {self._named_by[0]})"
            ) from None


def _first_line(error: Exception) -> str:
    return safe_text.first_line(str(error).partition("\n\n")[0])
