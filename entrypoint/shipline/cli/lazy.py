"""Commands that are created, or create their options, on first use, so that no command pays for another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from shipline.errors import DOCUMENTATION


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete what is typed so far with the names of files."""
    return [CompletionItem(incomplete, type="file")]


class SettingOption(click.Option):
    """An option with a section of the help; one that isn't ``common`` is shown only by ``--help-all``.

    ``values`` complete it in a shell; ``"file"``: the files do.
    """

    def __init__(
        self, *args: Any, section: str = "", common: bool = True, values: Iterable[str] | str = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        self.common = common
        self._values = values

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The values that begin with what is typed so far."""
        if self._values == "file":
            return files(ctx, self, incomplete)
        values = [value for value in self._values if value.startswith(incomplete)]
        return [CompletionItem(value) for value in values] or super().shell_complete(ctx, incomplete)


class LazyCommand(click.Command):
    """A command that calls ``options`` on first use; they precede the parameters that decorators add."""

    def __init__(self, *args: Any, options: Callable[[], Iterable[click.Parameter]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._options = options
        self._created = False

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, with the options."""
        if not self._created:
            self._created = True
            options = [*self._options()]
            self.params[:0] = options
            if any(isinstance(option, SettingOption) and not option.common for option in options):
                text = "Show all options and exit."
                self.params.append(
                    click.Option(
                        ["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=_all, help=text
                    )
                )
        return super().get_params(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by section; the sections in the order of their first options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        hidden = 0
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if isinstance(param, SettingOption) and not (param.common or ctx.meta.get(_ALL)):
                hidden += 1
            elif record and record[1]:
                sections.setdefault(getattr(param, "section", ""), []).append(record)
        for name, records in sections.items():
            with formatter.section(name or "Options"):
                formatter.write_dl(records)
        if hidden:
            formatter.write_paragraph()
            formatter.write_text(f"{hidden} more options: {ctx.command_path} --help-all, or {DOCUMENTATION}/options/")


_ALL = "shipline.help-all"


def _all(ctx: click.Context, _option: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's order
    if given:
        ctx.meta[_ALL] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class LazyGroup(click.Group):
    """A group that also has commands which it creates on first use."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.factories: dict[str, Callable[[], click.Command]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self.factories})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None without one of this name: then all are created, from which click suggests one."""
        if cmd_name not in self.commands:
            for name in {cmd_name} & self.factories.keys() or self.factories:
                self.add_command(self.factories[name]())
        return super().get_command(ctx, cmd_name)
