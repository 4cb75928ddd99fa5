"""Who writes the text: one method, a brief in, a validated object out.

`base.py` says what a speaker is; `offline.py` is the grammar that needs no model.
"""
