"""Writing, verifying and reading WebDataset tars.

`durable.py` writes files that are whole or absent; `tar.py` writes shards and reads our own;
`reader.py` reads whatever stands in a folder, a glob or on the Hub; `verify.py` checks a
finished folder.
"""
