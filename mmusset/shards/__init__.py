"""Writing, verifying and reading WebDataset tars.

`durable.py` writes files that are whole or absent; `tar.py` writes and reads
shards; `verify.py` checks a finished folder.
"""
