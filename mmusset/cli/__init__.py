"""The command line: a file for each group of commands. Each parses, calls one function of a room,
and prints.

Rooms are imported inside the commands, so that `mmusset --help` answers at once.

Doors:
- `main`: `app`, the typer application, and `main`, which runs it.
"""
