"""Commands whose options are made when they are asked for, so that no command pays for those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Command(click.Command):
    """Has what ``options`` makes, before the parameters that decorators give it."""

    def __init__(self, *args: Any, options: Callable[[], Iterable[click.Parameter]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._options = options
        self._made = False

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not self._made:
            self._made = True
            self.params[:0] = self._options()
        return super().get_params(ctx)
