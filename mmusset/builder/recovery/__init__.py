"""Recovery: a ledger that was damaged or lost is put together again from what is left.

Door:
    recover   `recover(out, dry_run)`, the command, and the `Recovery` that it returns

`salvage` reads a damaged SQLite file row by row; `from_shards` reads items and verdicts out of
the shards themselves. A recovered ledger has the next generation, so the old one, should it come
back from a backup, is not taken for it.
"""
