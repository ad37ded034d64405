"""The documents say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from shipline import catalogue, errors

ROOT = Path(__file__).parents[2]


def test_every_exit_code_has_a_section() -> None:
    text = (ROOT / "docs/errors.md").read_text()
    sections = set(re.findall(r"^## Exit (\d+)", text, re.MULTILINE))
    classes = [errors.ShiplineError, *errors.ShiplineError.__subclasses__()]
    codes = {str(c.exit_code) for c in classes if c is not errors.CanceledError}
    assert codes | {"0", "130"} == sections
    assert errors.CanceledError(15).section == "docs/errors.md#exit-130"


def test_the_config_in_the_readme_knows_only_settings_that_exist() -> None:
    (block,) = re.findall(r"```yaml\n(release:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    config = yaml.safe_load(block)
    names = {leaf.dotted for leaf in catalogue.settings()}
    used = {f"{section}.{key}" for section, keys in config.items() if isinstance(keys, dict) for key in keys}
    assert {name for name in used if not any(n == name or n.startswith(f"{name}.") for n in names)} == set()
