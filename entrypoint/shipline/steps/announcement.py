"""What the steps that tell testers and customers share: each target's own names for what it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline.steps import Job, Step

if TYPE_CHECKING:
    from collections.abc import Mapping


class Announcement(Step):
    """A target of an announcement.

    The receipt keeps what it made under neutral names, so that targets may be reordered; the run keeps it under the
    target's, so that a second target doesn't overwrite the first's. Outputs are those of the first target of a kind.
    """

    kind: str  # v3 or centercode
    made_names: tuple[str, ...]
    public: bool = True  # people can see what it makes

    def __init__(self, target: str, *, required: bool) -> None:
        self.name = f"publish:{target}"
        self.required = required
        self._prefix = target

    def named(self, made: Mapping[str, str]) -> dict[str, str]:
        return {f"{self._prefix}-{name}": value for name, value in made.items()}

    def neutral(self, made: Mapping[str, str]) -> dict[str, str]:
        return {name.removeprefix(f"{self._prefix}-"): value for name, value in made.items()}

    def restored(self, entry: Mapping[str, Any]) -> Mapping[str, str]:
        return self.named(entry["made"])

    def outputs(self, job: Job) -> Mapping[str, str]:
        names = [f"{self.kind}-{name}" for name in self.made_names] if self._prefix == self.kind else []
        return {name: job.values.get(name, "") for name in names}
