"""Lints what CI systems and shells read: workflows, actions, their scripts, and the project's own.

Installs nothing: actionlint, check-jsonschema, shellcheck, yamllint and zizmor (requirements/lint.txt) and node are on
PATH; GitHub's own parser (tools/languageservice) is in .venv. Says what it checked; exits with 1 if there is
anything to say against it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = (".github/workflows", "examples/github")
PARSER = ROOT / ".venv/languageservice"
SAMPLES = "tools/languageservice/samples"
STYLE = """{extends: default, rules: {line-length: disable, document-start: disable, truthy: {check-keys: false},
    indentation: {indent-sequences: whatever}, comments: {min-spaces-from-content: 1}}}"""


def main() -> int:
    """Run every check, whatever the others found."""
    tools = ("actionlint", "check-jsonschema", "node", "shellcheck", "yamllint", "zizmor")
    missing = [name for name in tools if shutil.which(name) is None]
    if missing or not PARSER.is_dir():
        print(
            f"not on PATH or in .venv: {', '.join(missing) or PARSER.name}; remove .venv/.lint and run `make lint-ci`",
            file=sys.stderr,
        )
        return 2
    pipelines = [*_yaml("examples/gitlab"), *_yaml("ci_templates/gitlab_catalog")]
    workflows = [file for folder in WORKFLOWS for file in _yaml(folder)]
    samples = _yaml(SAMPLES)
    actions = [file for file in _files() if Path(file).name == "action.yml" and file not in samples]
    documents = sorted({*workflows, *actions, *_yaml(".github"), *_yaml("examples"), *_yaml("ci_templates")})
    checks: list[tuple[str, list[str], Callable[[list[str]], bool]]] = [
        ("yamllint", documents, lambda files: _run("yamllint", "--strict", "--config-data", STYLE, *files)),
        ("schema of actions", actions, lambda files: _schema("github-actions", files)),
        ("schema of workflows", workflows, lambda files: _schema("github-workflows", files)),
        ("schema of GitLab pipelines", pipelines, lambda files: _schema("gitlab-ci", files)),
        ("schema of the GitLab template", _yaml("ci_templates/gitlab"), _gitlab_template),
        ("schema of dependabot", [".github/dependabot.yml"], lambda files: _schema("dependabot", files)),
        ("schema of the Renovate preset", ["default.json"], lambda files: _schema("renovate", files)),
        ("actionlint", workflows, lambda files: _run(*_ACTIONLINT, *files)),
        ("GitHub's own parser", [*workflows, *actions], lambda files: _run(*_GITHUB, *files)),
        ("samples for both", samples, _samples),
        ("zizmor", [*workflows, *actions, ".github/dependabot.yml"], _zizmor),
        ("shellcheck", [file for file in _files() if _is_shell(file)], lambda files: _run("shellcheck", *files)),
        ("shellcheck of run lines", [*workflows, *actions], _run_lines),
    ]
    failed = []
    for name, files, check in checks:
        good = bool(files) and check(files)
        print(f"{'ok  ' if good else 'FAIL'} {name}: {', '.join(files) or 'no files'}", flush=True)
        failed += [] if good else [name]
    return 1 if failed else 0


def _files() -> list[str]:
    """What is or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file())


def _yaml(folder: str) -> list[str]:
    """Its YAML files, and those of its folders."""
    return [name for name in _files() if name.startswith(f"{folder}/") and name.endswith((".yml", ".yaml"))]


def _is_shell(name: str) -> bool:
    with (ROOT / name).open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"/sh", b"/bash", b" sh", b" bash"))


def _run(*command: str, given: str | None = None) -> bool:
    """Whether it ended with 0; what it printed only if it didn't."""
    done = subprocess.run(
        command, cwd=ROOT, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def _schema(name: str, files: list[str]) -> bool:
    return _run("check-jsonschema", "--builtin-schema", f"vendor.{name}", *files)


_ACTIONLINT = ("actionlint", "-oneline", "-shellcheck=", "-pyflakes=")  # shellcheck has a check of its own
_GITHUB = ("node", "tools/languageservice/check.mjs", str(PARSER))


def _samples(files: list[str]) -> bool:
    """Whether each checker accepts the syntax of today, and refuses exactly the lines that are wrong."""
    wrong = {
        f"{file}:{number}"
        for file in files
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), start=1)
        if line.endswith("# wrong")
    }
    good = True
    for command, read in (
        (_ACTIONLINT, [file for file in files if Path(file).name != "action.yml"]),
        (_GITHUB, files),
    ):
        printed = subprocess.run([*command, *read], cwd=ROOT, capture_output=True, text=True, check=False).stdout
        refused = set(re.findall(r"(?m)^(\S+?:\d+):\d+:", printed))
        expected = {place for place in wrong if place.partition(":")[0] in read}
        if refused != expected:
            print(f"{command[0]} refuses {sorted(refused)}, not {sorted(expected)}:\n{printed}", flush=True)
            good = False
    return good


def _gitlab_template(files: list[str]) -> bool:
    """Its header, and its content as it is if it is included without inputs."""

    def filled(node: Any, inputs: dict[str, Any]) -> Any:
        if isinstance(node, dict):
            return {filled(key, inputs): filled(value, inputs) for key, value in node.items()}
        if isinstance(node, list):
            return [filled(value, inputs) for value in node]
        for name, spec in inputs.items() if isinstance(node, str) else ():
            block, value = f"$[[ inputs.{name} ]]", spec["default"]
            text = value if isinstance(value, str) else json.dumps(value)
            node = value if node == block else node.replace(block, text) if isinstance(node, str) else node
        return node

    good = True
    for file in files:
        header, content = yaml.safe_load_all((ROOT / file).read_text(encoding="utf-8"))
        for document in (header, filled(content, header["spec"]["inputs"])):
            command = ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "-")
            good = _run(*command, given=json.dumps(document)) and good
    return good


def _zizmor(files: list[str]) -> bool:
    return _run("zizmor", "--offline", "--no-progress", "--strict-collection", "--config", ".github/zizmor.yml", *files)


def _run_lines(files: list[str]) -> bool:
    """As the runner starts them: by bash, ended by the first command that fails."""
    good = True
    for file in files:
        for script in _scripts(yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))):
            if not _run("shellcheck", "--shell", "bash", "--exclude", "SC2148", "-", given=f"set -e\n{script}"):
                print(f"in {file}:\n{script}", flush=True)
                good = False
    return good


def _scripts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("run"), str) and node.get("shell", "bash") == "bash":
            yield node["run"]
        for value in node.values():
            yield from _scripts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _scripts(value)


if __name__ == "__main__":
    raise SystemExit(main())
