"""The release workflow's helpers; they need nothing but Python.

check VERSION     the program has this version, and the changelog a dated section for it
notes VERSION     print that section
todo DRAFT        print what a person has to tick in the draft at this URL before it is published
pin IMAGE         let action.yml run IMAGE (NAME:TAG@sha256:DIGEST) in place of building the Dockerfile, and the GitLab
                  template in place of what has the tag
mirror FOLDER     write into FOLDER what GitLab's CI/CD catalog requires: templates/shipline.yml, README.md, and a
                  .gitlab-ci.yml that tests and publishes the component
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION_FILE = "entrypoint/shipline/__init__.py"
TEMPLATE = "ci_templates/gitlab/shipline.yml"
# What GitLab's catalog requires, and the files that it is a copy of.
CATALOG = {
    "templates/shipline.yml": TEMPLATE,
    "README.md": "README.md",
    ".gitlab-ci.yml": "ci_templates/gitlab_catalog/pipeline.yml",
}
_BUILT = "\n        IMAGE: Dockerfile\n"
_DEFAULT = re.compile(r'default: "ghcr\.io/[a-z0-9./_-]+:v[^"@]+"')
# distribution's reference grammar, with tag and digest both: the digest decides, the tag tells people what it is.
_IMAGE = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)+:[\w][\w.-]{0,127}@sha256:[0-9a-f]{64}", re.ASCII)


def check(version: str, root: Path = ROOT) -> None:
    """Raise ValueError if ``version`` isn't what would be released."""
    found = re.search(r'^__version__ = "(.+)"$', (root / VERSION_FILE).read_text(encoding="utf-8"), re.MULTILINE)
    if not found or found[1] != version:
        raise ValueError(f"{VERSION_FILE} says {found and found[1]}, not {version}: change it there, on main, first")
    notes(version, root)


def notes(version: str, root: Path = ROOT) -> str:
    """The section of CHANGELOG.md for ``version``, without its heading; ValueError if there is none with a date."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}$"
    section = re.search(rf"{heading}\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", text, re.MULTILINE | re.DOTALL)
    if not section or not section[1].strip():
        raise ValueError(f'CHANGELOG.md has nothing for {version}: expected is "## [{version}] - YYYY-MM-DD" and text')
    return section[1].strip()


def pin(image: str, root: Path = ROOT) -> None:
    """Rewrite both; ValueError for an image without a tag and a digest, or files that are pinned already."""
    if not _IMAGE.fullmatch(image):
        raise ValueError(f"{image} is no image with a tag and a digest: expected is NAME:TAG@sha256:DIGEST")
    path = root / "action.yml"
    text = path.read_text(encoding="utf-8")
    if text.count(_BUILT) != 1:
        raise ValueError("action.yml doesn't build the Dockerfile: is it pinned already?")
    path.write_text(text.replace(_BUILT, f"\n        IMAGE: {image}\n"), encoding="utf-8", newline="\n")
    path = root / TEMPLATE
    text, replaced = _DEFAULT.subn(f'default: "{image}"', path.read_text(encoding="utf-8"))
    if replaced != 1:
        raise ValueError(f"{TEMPLATE} has no image by tag as its default: is it pinned already?")
    path.write_text(text, encoding="utf-8", newline="\n")


def mirror(folder: str, root: Path = ROOT) -> None:
    """Write the component into ``folder``, the checkout of the project that is in the catalog."""
    for name, source in CATALOG.items():
        target = Path(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((root / source).read_bytes())


def todo(draft: str) -> str:
    """What no workflow can do: a release on the Marketplace is listed by a person, and fixed once it is published."""
    return f"""## What is left to do by hand

Open [the draft]({draft}), choose Edit, and tick:

- [ ] Publish this Action to the GitHub Marketplace (primary category: Deployment; second: Continuous integration)
- [ ] Set as the latest release, but for a pre-release: Set as a pre-release
- [ ] Four files: the wheel, the source archive, the bill of materials (.cdx.json), the provenance (.intoto.jsonl)

Then choose Publish release. If immutable releases are enabled, nothing of it can be changed afterwards.
Then approve the deployment to `pypi`, if it waits, and mirror the tag to GitLab."""


def main(arguments: list[str]) -> int:
    """Carry out one of the commands above; 0, or 1 and why not."""
    commands = {"check": check, "notes": notes, "todo": todo, "pin": pin, "mirror": mirror}
    if len(arguments) != 2 or arguments[0] not in commands:  # noqa: PLR2004 - a command and its argument
        print(__doc__, file=sys.stderr)
        return 2
    try:
        printed = commands[arguments[0]](arguments[1])
    except ValueError as error:
        print(f"::error::{error}", file=sys.stderr)
        return 1
    if printed:
        print(printed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
