"""The build: plan, run, ledger, accounting.

It is handed the agents' graph and never imports it. `run.py` is the build itself;
`ledger.py` is the only thing that knows what is done.
"""
