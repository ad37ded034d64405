"""The templates for Azure Pipelines and TeamCity, run by stand-ins for their agents."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from job.project import KEYS
from repository.ci_schemas import accepted
from shipline.ci.jenkins import camel_case
from shipline.inputs import catalogue
from unit.ci_commands import OBEYED

if TYPE_CHECKING:
    from job.project import Project

ROOT = Path(__file__).parents[2]
AZURE = yaml.safe_load((ROOT / "ci_templates/azure/shipline.yml").read_text(encoding="utf-8"))
TEAMCITY = ET.parse(ROOT / "ci_templates/teamcity/Shipline.xml")
LISTED = [leaf for leaf in catalogue.by_name().values() if leaf.shown != "file" and leaf.name not in ("ci", "comment")]
AZURE_RUN = {
    "TF_BUILD": "True",
    "BUILD_SOURCEBRANCH": "refs/tags/v1.4.0",
    "BUILD_BUILDID": "7",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECT": "Widget",
    "SYSTEM_JOBATTEMPT": "1",
}


def azure_step(parameters: dict[str, str], macros: dict[str, str]) -> dict[str, Any]:
    """The template's only step, as Azure Pipelines expands it for these parameters and variables."""
    values = {each["name"]: each["default"] for each in AZURE["parameters"]}
    assert set(parameters) <= set(values)
    values |= parameters

    def chosen(condition: str) -> bool:
        function, name, value = re.fullmatch(r"\$\{\{ if (ne|eq)\(parameters\.(\w+), '(.*)'\) }}", condition).groups()  # type: ignore[union-attr]
        return (values[name] == value) is (function == "eq")

    def expanded(text: str) -> str:
        text = re.sub(r"\$\{\{ parameters\.(\w+) }}", lambda match: values[match[1]], text)
        return re.sub(r"\$\(([\w.]+)\)", lambda match: macros.get(match[1], match[0]), text)

    (step,) = [step for entry in AZURE["steps"] for key, steps in entry.items() if chosen(key) for step in steps]
    env = {name: expanded(value) for name, value in step["env"].items() if not name.startswith("$")}
    for condition in [name for name in step["env"] if name.startswith("$")]:
        env |= {name: expanded(text) for name, text in step["env"][condition].items() if chosen(condition)}
    return {**step, "env": env}


def test_azures_template_has_the_inputs_of_the_schema() -> None:
    parameters = {each["name"]: each for each in AZURE["parameters"]}
    assert set(parameters) == {"image", "workingDirectory", "condition", *(camel_case(leaf.name) for leaf in LISTED)}
    assert all(each["default"] in each.get("values", [each["default"]]) for each in parameters.values())
    texts = [step.get("bash", "") + step.get("script", "") for e in AZURE["steps"] for s in e.values() for step in s]
    assert "${{" not in "".join(texts)  # no value becomes part of a script


def test_azure_runs_the_template(project: Project) -> None:
    project.config(pipeline="  pipeline: Full")
    keys = {"buildmasterApiKey": "$(bm)", "centercodeApiKey": "$(cc)", "v3Token": "$(v3)", "image": ""}
    macros = dict(zip(("bm", "cc", "v3"), KEYS.values(), strict=True))
    step = azure_step({**keys, "releaseTitle": "Widget ##vso[task.complete result=Failed;]"}, macros)
    assert step["name"] == "shipline"
    ended = project.shipline("run", **dict.fromkeys(KEYS, ""), **AZURE_RUN, **step["env"])
    assert ended.code == 0, ended.text
    commands = [*OBEYED["azure"](ended.text)]
    names = {command.name for command in commands}
    assert names <= {"group", "endgroup", "task.setsecret", "task.setvariable", "task.uploadsummary", "task.logissue"}
    assert set(KEYS.values()) <= {command.text for command in commands if command.name == "task.setsecret"}
    outputs = {c.properties["variable"]: c.text for c in commands if c.name == "task.setvariable"}
    assert outputs["OUT_RESULT"] == ended.outputs["result"]
    assert outputs["OUT_BUILDMASTER_BUILD_NUMBER"] == "7"
    (summary,) = [command.text for command in commands if command.name == "task.uploadsummary"]
    assert Path(summary).read_text().startswith("## ")
    step = azure_step({**keys, "command": "promote", "toStage": "Production"}, macros)
    assert project.shipline("run", **dict.fromkeys(KEYS, ""), **AZURE_RUN, **step["env"]).code == 0
    assert project.operations()[-1] == "deploy-build"
    later = project.shipline("validate", **AZURE_RUN)
    assert "task.uploadsummary" not in {command.name for command in OBEYED["azure"](later.text)}
    assert project.receipt()["run"]["ci"] == "azure"


def test_azures_key_that_is_no_variable_is_named(project: Project) -> None:
    step = azure_step({"v3Token": "$(v3Tokn)", "image": ""}, {})
    ended = project.shipline("plan", **{**AZURE_RUN, **step["env"], "SHIPLINE_INPUT_COMMAND": "plan"})
    assert ended.code == 2
    assert "is the name of a variable" in ended.text
    assert project.changes() == []


def test_azure_runs_the_program_alone_in_cmd_and_in_bash_which_a_cancel_of_it_reaches(tmp_path: Path) -> None:
    script = azure_step({"image": ""}, {})["script"]
    assert [line for line in script.splitlines() if not line.startswith(":")] == ["shipline run"]  # cmd.exe's labels
    if os.name == "posix":
        program = tmp_path / "shipline"
        program.write_text("#!/bin/sh\ntrap 'exit 143' TERM\necho $$ $*\nwhile :; do sleep 0.01; done\n")
        program.chmod(0o755)
        (tmp_path / "script.sh").write_text(script)
        command = ["bash", "--noprofile", "--norc", tmp_path / "script.sh"]
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as agent:
            assert agent.stdout
            assert agent.stdout.readline() == f"{agent.pid} run\n"
            agent.terminate()
            assert agent.wait(60) == 143


@pytest.mark.skipif(os.name == "nt", reason="agents that run the image have Linux")
def test_azures_docker_gets_names_of_variables_and_no_values(tmp_path: Path) -> None:
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    docker.chmod(0o755)
    step = azure_step({"v3Token": "$(v3)", "journalStore": "git", "releaseNotesText": "a\nSHIPLINE_X=1 $(rm) `rm`"}, {})
    macros = {"SYSTEM_DEFAULTWORKINGDIRECTORY": str(tmp_path), "AGENT_TEMPDIRECTORY": "/agent/_temp"}
    given = {**AZURE_RUN, **macros, **step["env"], "SHIPLINE_V3_TOKEN_FILE": "/agent/_temp/key", "OTHER": "x"}
    environ = {**given, "PATH": f"{docker.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", step["bash"]], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    arguments = done.stdout.splitlines()
    names = {argument.removeprefix("--env=") for argument in arguments if argument.startswith("--env")}
    assert names == {name for name in given if re.match("SHIPLINE_|BUILD_|SYSTEM_|TF_BUILD", name)}
    assert {"SYSTEM_ACCESSTOKEN", "SHIPLINE_V3_TOKEN_FILE", "SHIPLINE_INPUT_V3_TOKEN"} <= names
    assert arguments[-1].startswith("ghcr.io/shipline/shipline:v")
    assert "/agent/_temp:/agent/_temp:ro" in arguments


def test_teamcity_runs_the_meta_runner(project: Project) -> None:
    project.config(pipeline="  pipeline: Full")
    parameters = {
        each.get("name", ""): each.get("value", "") for each in TEAMCITY.iterfind("settings/parameters/param")
    }
    variables = {leaf.variable.replace("SHIPLINE_", "env.SHIPLINE_INPUT_", 1) for leaf in LISTED}
    assert set(parameters) == {"shipline.image", "env.SHIPLINE_INPUT_CI", *variables}
    (runner,) = TEAMCITY.iterfind("settings/build-runners/runner")
    step = {each.get("name"): each.get("value") for each in runner.iterfind("parameters/param")}
    assert (step["script.content"], step["plugin.docker.imageId"]) == ("shipline run", "%shipline.image%")
    parameters["env.SHIPLINE_INPUT_RELEASE_TITLE"] = "Widget ##teamcity[buildStatus status='FAILURE']"
    environ = {name[4:]: value for name, value in parameters.items() if name.startswith("env.")}
    config = project.write("agent/config", "teamcity.build.vcs.branch.Widget=refs/tags/v1.4.0\n")
    system = project.write("agent/system", f"teamcity.build.id=77\nteamcity.configuration.properties.file={config}\n")
    agent = {"TEAMCITY_VERSION": "2025.11", "BUILD_NUMBER": "12", "TEAMCITY_BUILD_PROPERTIES_FILE": str(system)}
    ended = project.shipline("run", **agent, **environ)
    assert ended.code == 0, ended.text
    messages = [*OBEYED["teamcity"](ended.text)]
    names = {message.name for message in messages}
    assert names <= {"blockOpened", "blockClosed", "message", "setParameter", "buildStatus", "publishArtifacts"}
    outputs = {m.properties["name"]: m.properties["value"] for m in messages if m.name == "setParameter"}
    assert outputs["env.SHIPLINE_OUT_RESULT"] == ended.outputs["result"]
    assert [m.properties.get("text") for m in messages if m.name == "buildStatus"] == [
        f"{{build.status.text}}; Shipline: {ended.outputs['result']}"
    ]
    assert (project.path / ".shipline-reports/summary.md").is_file()
    assert project.receipt()["run"]["id"] == "77"
    environ |= {"SHIPLINE_INPUT_COMMAND": "promote", "SHIPLINE_INPUT_TO_STAGE": "Production"}
    assert project.shipline("run", **agent, **environ).code == 0
    assert project.operations()[-1] == "deploy-build"


def test_the_pages_use_parameters_that_exist() -> None:
    page = (ROOT / "docs/how-to/azure-pipelines.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (call,) = [step["parameters"] for step in yaml.safe_load(example)["steps"] if "template" in step]
    for image in ("", "an/image"):
        accepted("azure-pipelines", {"steps": [azure_step({**call, "image": image, "journalStore": "git"}, {})]})
    accepted("azure-pipelines", yaml.load(example, Loader=yaml.BaseLoader))  # to Azure Pipelines, all of it is text
    kotlin = set(re.findall(r'param\("([\w.]+)"', (ROOT / "docs/how-to/teamcity.md").read_text(encoding="utf-8")))
    assert kotlin <= {each.get("name", "") for each in TEAMCITY.iterfind("settings/parameters/param")}
