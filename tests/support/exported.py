"""An export's own scripts, run outside of a browser: what its pages would show for a filter."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Playwright brings a Node of its own.
_NODE = "driver/node"
# `disk.js` and what it takes from the page around it: elements, facts of the page, its data files.
_HARNESS = """
const fs = require("fs"), vm = require("vm"), readline = require("readline");
const [folder, pageFacts] = [process.argv[1], JSON.parse(process.argv[2])];
const context = vm.createContext({
  pageFacts: { ...pageFacts, source: "disk" },
  serverSource: {},
  el: (name, attributes) => attributes,
  // A browser loads a script later, too.
  document: { head: { append: (script) => setImmediate(() =>
    vm.runInContext(fs.readFileSync(`${folder}/${script.src}`, "utf8"), context)) } },
});
vm.runInContext(fs.readFileSync(`${folder}/static/disk.js`, "utf8"), context);
const source = vm.runInContext("source", context);
const words = vm.runInContext("wordsOf", context);
(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { state, key } = JSON.parse(line);
    const answer = {
      page: await source.page(state), counts: await source.counts(state),
      place: await source.place(state, key), words: words(state.q),
    };
    process.stdout.write(JSON.stringify(answer) + "\\n");
  }
})();
"""


class ExportedPages:
    """The pages of one export."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(
        self, words: str, labels: dict[str, str], page: int = 1, key: str = "", sort: str = ""
    ) -> Any:
        """`page`, `counts`, `place` of the item `key`, and the `words` that are searched for."""
        assert self._process.stdin and self._process.stdout
        state = {"q": words, "labels": labels, "page": page, "sort": sort}
        self._process.stdin.write(json.dumps({"state": state, "key": key}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def exported(folder: Path) -> Iterator[ExportedPages]:
    """The scripts of an export, ready to answer."""
    import playwright

    from mmusset.view.pages import page_facts

    node = Path(playwright.__file__).parent / _NODE
    command = [str(node), "-e", _HARNESS, str(folder), json.dumps(page_facts())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield ExportedPages(process)
        assert process.stdin
        process.stdin.close()
