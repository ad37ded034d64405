"""Commands whose options are made when they are asked for, so that no command pays for those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Command(click.Command):
    """Has what ``options`` makes, before the parameters that decorators give it.

    ``spared``: where no argument looks like an option, the command is called without them.
    """

    def __init__(
        self,
        *args: Any,
        options: Callable[[], Iterable[click.Parameter]],
        spared: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._options = options
        self._spared = spared
        self._made, self._asked_for = False, True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        completing = ctx.resilient_parsing  # the shell asks
        self._asked_for = not self._spared or completing or any(arg.startswith("-") for arg in args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if self._asked_for and not self._made:
            self._made = True
            self.params[:0] = self._options()
        return super().get_params(ctx)
