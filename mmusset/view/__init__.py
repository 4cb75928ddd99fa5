"""A page to look at a dataset and listen to it: `mmusset view`, and the same as a folder of files.

Items are read from the ledger one by one, as a page needs them; an index of its own in
`.mmusset/view.db` answers filters, searches and counts. Marks are all that is written.

What a page asks of a dataset is in `dataset.py`, answered from a ledger (`built.py`) or from
shards alone (`pulled.py`); what it filters by in `facets.py`, by which rule in `filters.py`.

Doors:
    server    `serve`: the page on a port, until SIGINT or SIGTERM; `serve_app` for other pages
    guard     who may look, and what pages may load
    pages     `static_file`: the style that pages share
    export    `export`: the same pages as files
"""
