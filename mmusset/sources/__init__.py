"""Folders of media become items: walking, tags, pairing, groups and splits.

`walk.py` lists what is there, `pair.py` says which picture and story belong to which
music, `group.py` and `split.py` keep what belongs together in one split.
"""
