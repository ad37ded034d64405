"""ci_templates/teamcity/Shipline.xml: a meta-runner (since 2025.03 a recipe), whose parameters are the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from generators import wrappers
from shipline import __version__
from shipline.ci import teamcity

if TYPE_CHECKING:
    from shipline.inputs.catalogue import Setting

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- Written by tools/generate.py from the schemas; change those and run `make generate`.
     How to install and use it: docs/how-to/teamcity.md. Tested without a real agent. -->
<meta-runner name="Shipline">
  <description>Deploy with BuildMaster and announce to testers (Centercode) and customers (v3)</description>
  <settings>
    <parameters>
"""
_TAIL = """\
      <param name="env.SHIPLINE_INPUT_CI" value="teamcity" spec="text display='hidden'" />
    </parameters>
    <build-runners>
      <runner name="Shipline" type="simpleRunner">
        <parameters>
          <param name="plugin.docker.imageId" value="%shipline.image%" />
          <param name="script.content" value="shipline run" />
          <param name="teamcity.step.mode" value="default" />
          <param name="use.custom.script" value="true" />
        </parameters>
      </runner>
    </build-runners>
    <requirements />
  </settings>
</meta-runner>
"""
_IMAGE = "The image to run in, which needs Docker or Podman. Empty: the program shipline on the agent's PATH."


def meta_runner() -> str:
    """The meta-runner. Every parameter becomes a variable of the step, and reaches no script."""
    image = f"ghcr.io/shipline/shipline:v{__version__}"
    return "".join(
        [
            _HEAD,
            _parameter("shipline.image", image, "text", label="Image", description=_IMAGE),
            *map(_input, wrappers.listed()),
            _TAIL,
        ]
    )


def _input(leaf: Setting) -> str:
    values = {f"data_{number}": value for number, value in enumerate(wrappers.allowed(leaf), start=1)}
    kind = "password" if leaf.secret else "select" if values else "text"
    shown = {"label": leaf.title, "description": wrappers.description(leaf), **values}
    return _parameter(f"env.{wrappers.given_as(leaf)}", wrappers.default(leaf), kind, **shown)


def _parameter(name: str, value: str, kind: str, **shown: str) -> str:
    """A parameter and its field in a step's form; the specification is quoted as service messages are."""
    mode = {"validationMode": "any"} if kind == "text" else {}
    fields = {"display": "normal", **shown, **mode}
    spec = " ".join((kind, *(f"{key}='{teamcity.escaped(text)}'" for key, text in fields.items())))
    return f"      <param name={quoteattr(name)} value={quoteattr(value)} spec={quoteattr(spec)} />\n"
