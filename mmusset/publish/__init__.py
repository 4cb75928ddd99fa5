"""Publishing a dataset: `push.py` sends it to the Hub, `pull.py` fetches one.

`published.py` says which files that is, and `remote.py` talks to the Hub.
"""
