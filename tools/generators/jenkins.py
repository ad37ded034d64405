"""The names that the Jenkins step takes, in ci_templates/jenkins/vars/shipline.groovy, and its help, shipline.txt."""

from __future__ import annotations

import json
import re
import textwrap
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from shipline import schemas
from shipline.ci.jenkins import camel_case
from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.inputs.catalogue import Setting

_LIBRARY = Path(__file__).resolve().parents[2] / "ci_templates/jenkins/vars/shipline.groovy"
_MARK = "        // Written by tools/generate.py from the schemas, down to the end of the list.\n"
_NAMES = re.compile(rf"{re.escape(_MARK)}(?:(?: +\w+: '\w+',)+\n)*")
_WIDTH = 112
_KINDS = {"list": "list", "artifacts": "list", "map": "map"}
_SECRETS = {
    "buildmaster": "BuildMaster",
    "centercode": "Centercode",
    "v3": "the v3 releases API",
    "journal": "the journal's repository",
}
# The step's own, which the program never sees: name, kind, what it is.
_OWN = (
    *(
        (f"{name}CredentialsId", "step", f"The id of a credential of the kind Secret text: the key for {whose}.")
        for name, whose in _SECRETS.items()
    ),
    (
        "image",
        "step",
        "The image to run in, by digest or tag. Default: the program <code>shipline</code> on the agent's PATH.",
    ),
    (
        "failOnError",
        "switch",
        "false: a failed run doesn't fail the build; the returned map says how it ended. Default: true.",
    ),
    ("unstableOnWarning", "switch", "true: the result <code>warned</code> makes the build unstable. Default: false."),
    (
        "buildDescription",
        "switch",
        "false: no summary on the build's page, such as where Jenkins shows descriptions as plain text. Default: true.",
    ),
)
_HEAD = """\
<!-- Written by tools/generate.py from the schemas; change those and run `make generate`. -->
<p>Has BuildMaster build and deploy, waits for the deployment, and tells testers (Centercode) and customers (the v3
releases API) where to get it. Safe to run again: what is done is not repeated.</p>
<pre>
def out = shipline(
    config: 'shipline.yml',
    buildmasterStages: ['Integration', 'Testing'],
    buildmasterCredentialsId: 'buildmaster-key',
    centercodeCredentialsId: 'centercode-key'
)
echo "build ${out.buildmasterBuildNumber}: ${out.result}"
</pre>
<p><code>shipline.plan(…)</code> takes the same and only shows what would be sent; <code>shipline.rehearse(…)</code>
runs the main job against the sandbox, without keys; <code>shipline.validate(…)</code>
checks what can be checked without a network. <code>shipline.promote(…)</code>, <code>shipline.publish(…)</code>,
<code>shipline.retract(…)</code> and <code>shipline.status(…)</code> are for a release that exists. What isn't given
here is taken from the config file. Lists are Groovy lists, mappings Groovy maps. Names in braces, such as
<code>{version}</code>, are Shipline's own. A number that is a name, such as a release, is written in quotes:
<code>'1.10'</code>. A key may also be a variable around the step (from <code>withVault</code>, for example), or with
<code>_FILE</code> after the variable's name the path of a file.</p>
<p>The receipt and the report are archived. Keep the workspace, or hand <code>.shipline</code> on by
<code>stash</code>: without the receipt an announcement to Centercode can't be told from one that was never made.
Where agents don't keep it, the Copy Artifact plugin brings it from the build before. Files that are linked with
<code>artifactsUrl: 'ci'</code> are archived by your pipeline before this step. Two builds must not run at once:
<code>disableConcurrentBuilds()</code>.</p>
"""


def library() -> str:
    """The step with its list of names as the schemas have it; all else is as it stands."""
    text = _LIBRARY.read_text(encoding="utf-8")
    entries = [(name, kind) for name, kind, _ in _OWN]
    entries += [(camel_case(leaf.name), _KINDS.get(leaf.kind, "text")) for leaf in _inputs()]
    # Several to a line: npm-groovy-lint allows a method a hundred.
    names = textwrap.wrap(" ".join(f"{name}:\0'{kind}'," for name, kind in entries), _WIDTH)
    lines = "".join(f"        {line}\n".replace("\0", " ") for line in names)
    replaced, count = _NAMES.subn(lambda _: _MARK + lines, text)
    if count != 1:
        raise ValueError(f"{_LIBRARY.name}: {count} places for the list of names, expected one")
    return replaced


def help_text() -> str:
    """What Jenkins shows under Global Variables Reference: HTML."""
    own = (f"<dt><code>{name}</code></dt>\n<dd>{text}</dd>\n" for name, _, text in _OWN)
    listed = sorted((leaf for leaf in _inputs() if leaf.shown != "file"), key=lambda leaf: leaf.shown != "common")
    return "".join(
        [
            _HEAD,
            "<h4>What the step takes</h4>\n<dl>\n",
            *own,
            *(f"<dt><code>{camel_case(leaf.name)}</code></dt>\n<dd>{_description(leaf)}</dd>\n" for leaf in listed),
            "</dl>\n<p>Every other setting of docs/options.md can be given as well, named likewise.</p>\n",
            "<h4>What it returns</h4>\n<dl>\n",
            *_outputs(),
            "</dl>\n",
        ]
    )


def _inputs() -> list[Setting]:
    return [leaf for leaf in (*catalogue.options(), *catalogue.settings()) if leaf.name != "ci" and not leaf.secret]


def _description(leaf: Setting) -> str:
    parts = [escape(leaf.description, quote=False)]
    if leaf.enum:
        parts.append(f"One of {', '.join(_shown(value) for value in leaf.enum)}.")
    elif leaf.kind in ("list", "artifacts"):
        parts.append("A list.")
    elif leaf.kind == "map":
        parts.append("A map.")
    if leaf.default is not None:
        parts.append(f"Default: {_shown(leaf.default)}.")
    return " ".join(parts)


def _outputs() -> Iterator[str]:
    for name, schema in schemas.load("receipt")["properties"]["outputs"]["properties"].items():
        yield f"<dt><code>{camel_case(name)}</code></dt>\n<dd>{escape(schema['description'], quote=False)}</dd>\n"


def _shown(value: object) -> str:
    return f"<code>{escape(value if isinstance(value, str) else json.dumps(value), quote=False)}</code>"
