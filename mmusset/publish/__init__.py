"""Publishing a dataset: its card, then the way to the Hub and back.

`facts.py` gathers what a card says, `card.py` and `card.md.j2` say it, `readme.py` keeps what the
dataset's owner wrote around it; `features.py` and `croissant.py` tell programs the same;
`contact_sheet.py` draws a few samples. `push.py` sends a dataset to the Hub, `pull.py` fetches
one; `published.py` says which files that is, and `remote.py` talks to the Hub.
"""
