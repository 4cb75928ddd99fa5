"""The agents: captioner, story writer, critic, reconciler, a file each.

Each makes a brief, asks its speaker, and returns what it changed; `graph.py` ties them.
"""
