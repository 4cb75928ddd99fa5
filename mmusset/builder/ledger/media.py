"""The part of a ledger that holds what was measured: of the source's files, of items, and of
music that was generated for pictures without any.

Decoding is what a build without a model spends its time on, so nothing is measured twice.
"""

import sqlite3
from array import array
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import lru_cache

import numpy as np
from pydantic import ValidationError

from mmusset.builder.decoding.tasks import Survey
from mmusset.errors import MmussetError
from mmusset.lazy_sequence import LazySequence
from mmusset.sample import Prepared
from mmusset.sample_parts.evidence import Heard
from mmusset.sources.recordings import Print

PRINTS_KEPT = 1000  # fingerprints, of 2.8 kB at most


class LedgerMedia:
    """The measurements of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def survey(self, path: bytes, size: int, mtime_ns: int) -> Survey | None:
        """What a file says of itself, if it was read when it had this size and time."""
        row = self._db.execute(
            "SELECT survey FROM sound_file WHERE path = ? AND size = ? AND mtime_ns = ?",
            (path, size, mtime_ns),
        ).fetchone()
        return Survey.model_validate_json(row[0]) if row else None

    def is_surveyed(self, path: bytes, size: int, mtime_ns: int) -> bool:
        """Whether a file was read when it had this size and time."""
        row = self._db.execute(
            "SELECT 1 FROM sound_file WHERE path = ? AND size = ? AND mtime_ns = ?",
            (path, size, mtime_ns),
        ).fetchone()
        return row is not None

    def size_read(self, path: bytes) -> int:
        """How large a file was when it was last read; 0 where it never was."""
        row = self._db.execute("SELECT size FROM sound_file WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else 0

    def sha256_read(self, path: bytes) -> str:
        """The hash of a file's bytes when it was last read; "" where it never was."""
        row = self._db.execute("SELECT survey FROM sound_file WHERE path = ?", (path,)).fetchone()
        return Survey.model_validate_json(row[0]).sha256 if row else ""

    def paths_of_same_hash(self) -> set[bytes]:
        """The files whose hash another file has too."""
        rows = self._db.execute(
            "WITH hashed AS (SELECT path, json_extract(survey, '$.sha256') AS sha256 FROM file)"
            " SELECT path FROM hashed WHERE sha256 IN"
            " (SELECT sha256 FROM hashed GROUP BY sha256 HAVING COUNT(*) > 1)"
        )
        return {path for (path,) in rows}

    def keep_survey(self, path: bytes, size: int, mtime_ns: int, survey: Survey) -> None:
        """Keep what a file says of itself; a row that would stay the same is not written.

        Its fingerprint is kept by its content, and stays when the file goes.
        """
        if survey.fingerprint:
            self._db.execute(
                "INSERT OR REPLACE INTO fingerprint (music_sha256, words, duration_s)"
                " VALUES (?, ?, ?)",
                (survey.sha256, b64decode(survey.fingerprint), survey.duration_s),
            )
            survey = survey.without_fingerprint()
        self._db.execute(
            "INSERT INTO file (path, size, mtime_ns, survey) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
            " survey = excluded.survey WHERE (file.size, file.mtime_ns, file.survey)"
            " IS NOT (excluded.size, excluded.mtime_ns, excluded.survey)",
            (path, size, mtime_ns, survey.model_dump_json()),
        )

    def fingerprints(self, first: Iterable[str]) -> "LedgerPrints":
        """The fingerprints of all music that was ever read: those of these hashes of files, in this
        order, and then the others."""
        return LedgerPrints(self._db, first)

    def replace_alike(self, earlier: Mapping[str, str]) -> None:
        """Set which music is the same recording as an earlier piece, and which that is."""
        if dict(self._db.execute("SELECT music_sha256, earlier FROM sound_alike")) != earlier:
            self._db.execute("DELETE FROM alike")
            self._db.executemany(
                "INSERT INTO alike (music_sha256, earlier) VALUES (?, ?)", sorted(earlier.items())
            )

    def same_recordings(self, music_sha256s: Set[str]) -> set[str]:
        """The music that is the same recording as one of these pieces, by what was found last."""
        pairs = list(self._db.execute("SELECT music_sha256, earlier FROM sound_alike"))
        known, found = set(music_sha256s), set[str]()
        while new := {each for pair in pairs if known & {*pair} for each in pair} - known:
            known |= new
            found |= new
        return found

    def alike_count(self) -> int:
        """How many pieces with an accepted clip are the recording of an earlier one with any."""
        (count,) = self._db.execute(
            "WITH accepted AS (SELECT DISTINCT music_sha256 FROM item JOIN verdict USING (idx)"
            " WHERE status = 'accepted') SELECT COUNT(*) FROM alike"
            " WHERE music_sha256 IN accepted AND earlier IN accepted"
        ).fetchone()
        return int(count)

    def prepared(self, idx: int) -> Prepared | None:
        """What was measured of an item, once it was.

        Raises MmussetError where other things were measured than the measurements on the list.
        """
        row = self._db.execute("SELECT value FROM sound_prepared WHERE idx = ?", (idx,)).fetchone()
        if row is None:
            return None
        try:
            return Prepared.model_validate_json(row[0])
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise MmussetError(
                "this dataset was measured with other measurements than this mmusset has"
                f" ({where}: {fault['msg']}); list those that it was built with"
                " (MEASUREMENTS.add), or build it again"
            ) from None

    def keep_prepared(self, idx: int, prepared: Prepared) -> None:
        """Keep what was measured of an item."""
        self._db.execute(
            "INSERT OR REPLACE INTO prepared (idx, value) VALUES (?, ?)",
            (idx, prepared.model_dump_json()),
        )

    def keep_heard(self, idx: int, heard: Heard) -> None:
        """Keep what was heard in an item's clip since it was measured."""
        prepared = self.prepared(idx) if heard else None
        if prepared:
            self.keep_prepared(idx, prepared.with_heard(heard))

    def upsampled_count(self) -> int:
        """How many clips had a lower sample rate than they are stored at."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM prepared WHERE json_extract(value, '$.media.music.upsampled')"
        ).fetchone()
        return int(count)

    # --- generated music -------------------------------------------------------------------

    def generated(self, name: str) -> Survey | None:
        """What the generated music of this name says of itself, once there is any."""
        row = self._db.execute(
            "SELECT survey FROM sound_generated WHERE name = ?", (name,)
        ).fetchone()
        return Survey.model_validate_json(row[0]) if row else None

    def keep_generated(self, name: str, music: Survey) -> None:
        """Keep what generated music says of itself."""
        self._db.execute(
            "INSERT INTO generated (name, music_sha256, survey) VALUES (?, ?, ?)",
            (name, music.sha256, music.model_dump_json()),
        )

    def generated_name(self, music_sha256: str) -> str:
        """The name of generated music by the hash of its file. It must be known."""
        row = self._db.execute(
            "SELECT name FROM sound_generated WHERE music_sha256 = ?", (music_sha256,)
        ).fetchone()
        return str(row[0])

    def generated_count(self) -> int:
        """How many accepted clips are of generated music."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM prepared JOIN verdict USING (idx) WHERE status = 'accepted'"
            " AND json_extract(value, '$.media.music.generated_by') != ''"
        ).fetchone()
        return int(count)


class LedgerPrints(LazySequence[Print]):
    """Fingerprints, each read from the ledger as it is asked for; `first` counts those that were
    named."""

    def __init__(self, connection: sqlite3.Connection, first: Iterable[str]) -> None:
        self._db = connection
        self._rows = array("q")
        every = np.fromiter(self._numbers("ORDER BY music_sha256"), np.int64)
        for sha256 in first if len(every) else ():
            self._rows.extend(self._numbers("WHERE music_sha256 = ?", sha256))
        self.first = len(self._rows)
        self._rows.frombytes(every[~np.isin(every, self._rows)].tobytes())
        # A piece is compared with many others, one after the other, and they with the next.
        self._kept = lru_cache(PRINTS_KEPT)(self._read)

    def name(self, place: int) -> str:
        """The hash of the file that a fingerprint is of."""
        query = "SELECT music_sha256 FROM fingerprint WHERE rowid = ?"
        (name,) = self._db.execute(query, (self._rows[place],)).fetchone()
        return str(name)

    def __len__(self) -> int:
        return len(self._rows)

    def value(self, at: int) -> Print:
        return self._kept(at)

    def _read(self, at: int) -> Print:
        query = (
            "SELECT words, duration_s FROM sound_fingerprint WHERE music_sha256 ="
            " (SELECT music_sha256 FROM fingerprint WHERE rowid = ?)"
        )
        words, duration_s = self._db.execute(query, (self._rows[at],)).fetchone()
        return Print(np.frombuffer(words, "<u4"), duration_s)

    def _numbers(self, condition: str, *values: str) -> Iterator[int]:
        rows = self._db.execute(f"SELECT rowid FROM fingerprint {condition}", values)
        return (row for (row,) in rows)
