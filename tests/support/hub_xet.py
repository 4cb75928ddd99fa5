"""The part of xet's store that an upload needs: chunks come in xorbs, and shards say which chunks
are which file. Xorbs have to come uncompressed (HF_XET_XORB_COMPRESSION_POLICY=none)."""

import hashlib
import struct

HEADER, ENTRY = 48, 48  # bytes of a shard's header, and of each row in it
END = b"\xff" * 32
VERIFIED, WITH_METADATA = 0x80000000, 0x40000000


class Cas:
    """Files by their sha256, as they were put together from what came."""

    def __init__(self) -> None:
        self.xorbs = dict[str, list[bytes]]()
        self.files = dict[str, bytes]()
        self.received = 0

    def answer(self, command: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a request under /cas."""
        if command == "POST" and path.startswith("/cas/v1/xorbs/"):
            self.received += len(body)
            self.xorbs[path.rpartition("/")[2]] = chunks(body)
            return 200, b'{"was_inserted":true}'
        if (command, path) == ("POST", "/cas/v1/shards"):
            for data in self.files_of(body):
                self.files[hashlib.sha256(data).hexdigest()] = data
            return 200, b'{"result":1}'
        return 404, b""  # no chunk is known from elsewhere; no newer ways are offered

    def files_of(self, shard: bytes) -> list[bytes]:
        """The files that a shard tells how to put together."""
        at, found = HEADER, []
        while shard[at : at + 32] != END:
            flags, count = struct.unpack_from("<II", shard, at + 32)
            at += ENTRY
            data = b""
            for _ in range(count):
                _, _, first, end = struct.unpack_from("<IIII", shard, at + 32)
                data += b"".join(self.xorbs[name(shard[at : at + 32])][first:end])
                at += ENTRY
            at += ENTRY * count if flags & VERIFIED else 0
            at += ENTRY if flags & WITH_METADATA else 0
            found.append(data)
        return found


def name(digest: bytes) -> str:
    """How xet spells a hash: four numbers of 8 bytes, each the other way round."""
    return b"".join(digest[n : n + 8][::-1] for n in range(0, 32, 8)).hex()


def chunks(xorb: bytes) -> list[bytes]:
    """The chunks of a xorb, in order."""
    at, found = 0, []
    while at < len(xorb):
        size, scheme = int.from_bytes(xorb[at + 1 : at + 4], "little"), xorb[at + 4]
        assert scheme == 0, "it is compressed"
        found.append(xorb[at + 8 : at + 8 + size])
        at += 8 + size
    return found
