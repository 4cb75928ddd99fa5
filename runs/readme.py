"""README's picture and captions anew, from the example source as `make demo-ears` builds it.

    python runs/readme.py out/demo-ears

`make readme` builds it first. `tests/examples/test_heard.py` compares.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from mmusset.shards.tar import read_shard

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SHEET = ROOT / "docs/samples.jpg"
# The list of all captions, between its heading and the end of what can be unfolded.
LISTED = re.compile(r"(?<=none left out</summary>\n\n).*?\n(?=\n)", re.DOTALL)


def main() -> int:
    out = Path(sys.argv[1])
    readme = README.read_text(encoding="utf-8")
    changed = with_captions(readme, captions(out))
    shutil.copyfile(out / "assets" / "samples.jpg", SHEET)
    README.write_text(changed, encoding="utf-8")
    print(f"README.md and {SHEET.relative_to(ROOT)} show {out}")
    return 0


def captions(out: Path) -> Iterator[str]:
    """The captions of a dataset, in its order."""
    for shard in sorted((out / "data").glob("*.tar")):
        for _, members in read_shard(shard):
            yield json.loads(members["json"])["caption"]["text"]


def with_captions(readme: str, texts: Iterator[str]) -> str:
    """The front page with these captions in its list."""
    listed = "".join(f"- {text}\n" for text in texts)
    changed, count = LISTED.subn(lambda _: listed, readme)
    if count != 1:
        raise SystemExit("README.md has no list of all captions")
    return changed


if __name__ == "__main__":
    sys.exit(main())
