"""The overview of `mmusset --help`: commands by group, each with its whole first sentence."""

from typing import Any

from typer.core import TyperGroup

MOST_CHARACTERS = 1000  # of a first sentence: click cuts it at 45 else


class GroupedCommands(TyperGroup):
    """Lists commands under the names of their groups, in the order in which they are declared."""

    # typer brings a click of its own, whose types have no public name.
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is None or command.hidden:
                continue
            group = str(getattr(command, "rich_help_panel", None) or "Commands")
            sentence = command.get_short_help_str(MOST_CHARACTERS)
            groups.setdefault(group, []).append((name, sentence))
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)
