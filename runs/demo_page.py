"""The picture and the captions of `docs/demo.md` anew, from the example source as `make demo-ears`
builds it.

    python runs/demo_page.py out/demo-ears

`make demo-page` builds it first. `tests/examples/test_heard.py` compares.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from mmusset.shards.tar import read_shard

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/demo.md"
SHEET = ROOT / "docs/samples.jpg"
# The list of all captions, up to the line that is empty.
LISTED = re.compile(r"(?<=none left out:\n\n).*?\n(?=\n)", re.DOTALL)


def main() -> int:
    out = Path(sys.argv[1])
    changed = with_captions(PAGE.read_text(encoding="utf-8"), captions(out))
    shutil.copyfile(out / "assets" / "samples.jpg", SHEET)
    PAGE.write_text(changed, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} and {SHEET.relative_to(ROOT)} show {out}")
    return 0


def captions(out: Path) -> Iterator[str]:
    """The captions of a dataset, in its order."""
    for shard in sorted((out / "data").glob("*.tar")):
        for _, members in read_shard(shard):
            yield json.loads(members["json"])["caption"]["text"]


def with_captions(page: str, texts: Iterator[str]) -> str:
    """The page with these captions in its list."""
    listed = "".join(f"- {text}\n" for text in texts)
    changed, count = LISTED.subn(lambda _: listed, page)
    if count != 1:
        raise SystemExit(f"{PAGE.relative_to(ROOT)} has no list of all captions")
    return changed


if __name__ == "__main__":
    sys.exit(main())
