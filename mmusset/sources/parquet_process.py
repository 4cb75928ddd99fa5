"""The child process that opens a strange Parquet file: with little memory and without a network.

    python -m mmusset.sources.parquet_process rows FILE
        a line of JSON for each row: its values by column. Of what holds the bytes of a file, a
        picture or a sound, there is {"group": row group, "row": row in it, "path": its name}
    python -m mmusset.sources.parquet_process blobs FILE GROUP FOLDER
        writes these bytes, of one row group, as FOLDER/COLUMN-ROW

What goes wrong is one line on stderr, and the exit status 1.
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmusset.no_network import drop_network

if TYPE_CHECKING:
    import pyarrow

MEMORY = 4 << 30  # bytes
BATCH = 64  # rows at a time
MOST_OF_A_GROUP = 8 << 30  # bytes of sounds and pictures that are taken out of a row group
MOST_CELL = 1 << 20  # characters, or elements of a list


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    drop_network()
    what, file, *rest = sys.argv[1:]
    try:
        if what == "rows":
            for row in _rows(Path(file)):
                print(json.dumps(row, default=lambda _: None))
        else:
            _write_blobs(Path(file), int(rest[0]), Path(rest[1]))
    except MemoryError:
        sys.exit("it takes too much memory")
    except Exception as error:  # noqa: BLE001 (a strange file: whatever its library raises)
        if isinstance(error, OSError) and error.errno:
            sys.exit(str(error.strerror))
        sys.exit("it is damaged, or no Parquet file")


def _opened(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    return pq.ParquetFile(file, thrift_string_size_limit=1 << 26)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    parquet = _opened(file)
    schema = parquet.schema_arrow
    blobs = [field.name for field in schema if _is_blob(field.type)]
    plain = [field.name for field in schema if field.name not in blobs]
    named = [name for name in blobs if _has_path(schema.field(name).type)]
    for group in range(parquet.num_row_groups):
        count = parquet.metadata.row_group(group).num_rows
        columns = [*plain, *(f"{name}.path" for name in named)]
        lines = _batches(parquet, group, columns) if columns else ({} for _ in range(count))
        for number, values in enumerate(lines):
            row = {name: _bounded(values.get(name)) for name in plain}
            for name in blobs:
                path = (values.get(name) or {}).get("path") if name in named else None
                row[name] = {"group": group, "row": number, "path": path or ""}
            yield row


def _batches(parquet: Any, group: int, columns: list[str]) -> Iterator[dict[str, Any]]:
    for batch in parquet.iter_batches(BATCH, row_groups=[group], columns=columns):
        yield from batch.to_pylist()


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list) and len(value) > MOST_CELL:
        return None
    return value


def _is_blob(kind: "pyarrow.DataType") -> bool:
    """Whether a column holds the bytes of files: alone, or as Hugging Face's Audio and Image."""
    import pyarrow.types as of

    if of.is_struct(kind):
        at = kind.get_field_index("bytes")
        return at >= 0 and _is_blob(kind.field(at).type)
    return bool(of.is_binary(kind) or of.is_large_binary(kind))


def _has_path(kind: "pyarrow.DataType") -> bool:
    import pyarrow.types as of

    return bool(of.is_struct(kind)) and kind.get_field_index("path") >= 0


def _write_blobs(file: Path, group: int, folder: Path) -> None:
    parquet, total = _opened(file), 0
    blobs = [field.name for field in parquet.schema_arrow if _is_blob(field.type)]
    row = 0
    for batch in parquet.iter_batches(1, row_groups=[group], columns=blobs):
        for values in batch.to_pylist():
            for place, name in enumerate(blobs):
                value = values[name]
                data = value.get("bytes") if isinstance(value, dict) else value
                if data:
                    total += len(data)
                    if total > MOST_OF_A_GROUP:
                        raise MemoryError
                    (folder / f"{place}-{row}").write_bytes(data)
            row += 1


if __name__ == "__main__":
    main()
