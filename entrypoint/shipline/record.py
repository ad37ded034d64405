"""``@dataclass`` that costs less at each start.

The standard library compiles up to seven methods for each class, and makes it anew for slots: for fifty classes a
sixth of a short job's work. Here nothing is compiled until a class is much used, and whether a frozen one is changed
is for the type checker to see, which takes this for ``dataclasses.dataclass``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - told to others
else:
    import dataclasses

    C = TypeVar("C")
    _OFTEN = 200  # instances; from then on a compiled __init__ pays

    def dataclass(*, frozen: bool = False, slots: bool = False) -> Callable[[type[C]], type[C]]:  # noqa: ARG001
        """As ``dataclasses.dataclass``; fields with ``compare=False`` or ``repr=False`` are heeded.

        ``slots`` is for the type checker too, which then knows all attributes; none are made.
        """

        def made(cls: type[C]) -> type[C]:
            cls.__doc__ = cls.__doc__ or cls.__name__  # else a signature is worked out for it
            content = vars(cls)
            plain = {name: content[name] for name in ("__annotations__", *cls.__annotations__) if name in content}
            count = 0

            def __init__(self: Any, *args: Any, **given: Any) -> None:  # noqa: N807
                nonlocal count
                count += 1
                if count == _OFTEN:
                    cls.__init__ = dataclasses.dataclass(eq=False, repr=False)(type(cls.__name__, (), plain)).__init__
                self.__dict__.update(_values(cls, args, given))

            for method in (__init__, __eq__, __repr__):
                if method.__name__ not in content:
                    setattr(cls, method.__name__, method)
            cls.__hash__ = __hash__ if frozen else None
            return dataclasses.dataclass(init=False, eq=False, repr=False, match_args=False)(cls)

        return made

    def _values(cls: type, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        fields = cls.__dataclass_fields__
        values = dict(zip(fields, args, strict=False))
        if len(args) > len(fields) or not given.keys() <= fields.keys() - values.keys():
            raise TypeError(f"{cls.__qualname__} takes {', '.join(fields)}, each once")
        values |= given
        if len(values) < len(fields):
            for name in fields.keys() - values.keys():
                field = fields[name]
                value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
                if value is dataclasses.MISSING:
                    raise TypeError(f"{cls.__qualname__} needs {name}")
                values[name] = value
        return values


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name, field in self.__dataclass_fields__.items() if field.compare)


def __eq__(self: Any, other: object) -> bool:  # noqa: N807
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def __hash__(self: Any) -> int:  # noqa: N807
    return hash(_compared(self))


def __repr__(self: Any) -> str:  # noqa: N807
    shown = (f"{name}={getattr(self, name)!r}" for name, field in self.__dataclass_fields__.items() if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
