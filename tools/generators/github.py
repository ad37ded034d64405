"""action.yml, the GitHub Action, and native/action.yml, its alias that never uses the container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shipline import schemas
from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.inputs.catalogue import Setting

_HEAD = """\
# Written by tools/generate.py from the schemas; change those and run `make generate`.
name: Shipline{variant}
description: Deploy with BuildMaster and announce to testers (Centercode) and customers (v3), exactly once
author: The Shipline authors
branding:
  icon: send
  color: blue
"""

# A composite action has no `post`: its last steps run `if: always()`, also when the job is canceled.
_RUNS = """\
runs:
  using: composite
  steps:
    - id: prepare
      shell: ${{{{ runner.os == 'Windows' && 'bash' || 'sh' }}}}
      run: exec sh "$GITHUB_ACTION_PATH{folder}/prepare.sh"
      env:
        RECEIPT_KEY: ${{{{ inputs.receipt-key }}}}
        UPLOAD_REPORT: ${{{{ inputs.upload-report }}}}
        JOURNAL_STORE: ${{{{ inputs.journal-store }}}}
        LEG: {leg}
        VERSION: ${{{{ github.ref_name }}}} ${{{{ inputs.release-version }}}}
        CONFIG: ${{{{ inputs.config }}}}
        PRODUCT: ${{{{ inputs.buildmaster-application || inputs.centercode-project || inputs.v3-product-id }}}}
    - if: steps.prepare.outputs.key
      uses: {restore}
      with:
        path: ${{{{ inputs.receipt || '.shipline' }}}}
        key: ${{{{ steps.prepare.outputs.key }}}}
        # The newest of this job's earlier attempts, else of the job before it, else of an earlier run of this version.
        restore-keys: |
          ${{{{ steps.prepare.outputs.of-job }}}}
          ${{{{ steps.prepare.outputs.of-run }}}}
          ${{{{ steps.prepare.outputs.of-product }}}}
    - id: shipline
      shell: ${{{{ runner.os == 'Windows' && 'bash' || 'sh' }}}}
      run: exec sh "$GITHUB_ACTION_PATH{folder}/launch.sh"
      env:
        IMAGE: {image}
        SHIPLINE_INPUT_CI: github
        # For the comment; for the journal, if nobody names a token and the checkout has left none. Not for others.
        GITHUB_TOKEN: ${{{{ env.GITHUB_TOKEN || {with_api} && github.token || '' }}}}
        SHIPLINE_MATRIX: {leg}
        SHIPLINE_INPUT_REPORT: {report}
{variables}\
    - if: always() && steps.prepare.outputs.key && !contains(fromJSON('{reads_only}'), inputs.command)
      uses: {save}
      with:
        path: ${{{{ inputs.receipt || '.shipline' }}}}
        key: ${{{{ steps.prepare.outputs.key }}}}
    - if: always() && inputs.upload-report == 'true'
      continue-on-error: true
      uses: {upload}
      with:
        path: {report}
        archive: false
        if-no-files-found: ignore
        overwrite: true # by a second attempt
"""
_ACTIONS = {
    "restore": "actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "save": "actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "upload": "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
}
_LEG = "${{ inputs.receipt-key == 'none' && toJSON(matrix) || inputs.receipt-key }}"
_WITH_API = "(inputs.journal-store == 'git' || inputs.comment == 'true')"
_READS_ONLY = '["plan","validate","rehearse","status"]'
_REPORT = "${{ inputs.report || inputs.upload-report == 'true' && steps.prepare.outputs.report || '' }}"


def action() -> str:
    """Runs in the container where Docker works, else natively. Inputs are passed as SHIPLINE_INPUT_…."""
    return _composite("", "/native", "Dockerfile")


def native_action() -> str:
    """The same action, always without the container."""
    return _composite(" (native)", "", '""')


def _composite(variant: str, folder: str, image: str) -> str:
    variables = (
        f"        {leaf.variable.replace('SHIPLINE_', 'SHIPLINE_INPUT_', 1)}: ${{{{ inputs.{leaf.name} }}}}\n"
        for leaf in _listed()
        if leaf.name != "report" and leaf not in catalogue.of_action()
    )
    parts = {"leg": _LEG, "report": _REPORT, "with_api": _WITH_API, "reads_only": _READS_ONLY, **_ACTIONS}
    runs = _RUNS.format(folder=folder, image=image, variables="".join(variables), **parts)
    return "".join([_HEAD.format(variant=variant), *_inputs(), *_outputs(), runs])


def _listed() -> list[Setting]:
    """The inputs that wrappers list: the everyday ones first."""
    every = (*catalogue.options(), *catalogue.of_action(), *catalogue.settings())
    shown = [leaf for leaf in every if leaf.shown != "file" and leaf.name != "ci"]
    return sorted(shown, key=lambda leaf: leaf.shown != "common")


def _inputs() -> Iterator[str]:
    yield "inputs:\n"
    for leaf in _listed():
        yield f"  {leaf.name}:\n    description: {_quoted(_description(leaf))}\n    required: false\n"
        # Only for what can't be in the config file: a default here would hide what that says.
        if leaf not in catalogue.settings() and leaf.default is not None:
            yield f"    default: {_quoted(_shown(leaf.default))}\n"


def _description(leaf: Setting) -> str:
    parts = [leaf.description]
    if leaf.secret:
        parts.append(f"A secret; or the variable {leaf.variable}.")
    elif leaf.enum:
        parts.append(f"One of {', '.join(_shown(value) for value in leaf.enum)}.")
    elif leaf.kind in ("list", "artifacts"):
        parts.append(f"One a line{' or with commas' if leaf.commas else ''}, or a JSON array.")
    elif leaf.kind == "map":
        parts.append("Lines of name=value.")
    if leaf.default is not None and "${{" not in str(leaf.default):
        parts.append(f"Default: {_shown(leaf.default)}.")
    return " ".join(parts)


def _outputs() -> Iterator[str]:
    yield "outputs:\n"
    for name, schema in schemas.load("receipt")["properties"]["outputs"]["properties"].items():
        yield f"  {name}:\n    description: {_quoted(schema['description'])}\n"
        yield f"    value: ${{{{ steps.shipline.outputs.{name} }}}}\n"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
