"""The Jenkins library in pipelines that really run, and the examples as they stand, against the sandbox."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runners.container import PROJECT
from runners.jenkins import LIBRARY, Jenkins
from runners.user import KEYS, changes, stage, user_project
from shipline.ci.jenkins import camel_case
from shipline.inputs import catalogue
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runners.container import Engine
    from runners.jenkins import Ended

# The id of the credential for each service's key.
SERVICES = {"buildmaster": "buildmaster-key", "centercode": "centercode-key", "v3": "v3-token", "journal": "v3-token"}
SERVICES_IN_GROOVY = str(SERVICES).replace("{", "[").replace("}", "]")
EXAMPLES = PROJECT / "examples/jenkins"
CREDENTIALS = dict(zip(("buildmaster-key", "centercode-key", "v3-token"), KEYS.values(), strict=True))
IDS = "buildmasterCredentialsId: 'buildmaster-key', centercodeCredentialsId: 'centercode-key'"
IDS += ", v3CredentialsId: 'v3-token'"
DEPLOYED = ["create-release", "create-build", "deploy-build", "deploy-build"]
ANNOUNCED = ["create-release", "create-release-file", "publish-release", "project-release"]
SCRIPT = "exec shipline run"
ON_WINDOWS = "shipline run"
# In the place of the program: what it was given, and results of its own.
STUB = """\
#!/bin/sh
env -0 > "$WORKSPACE/seen-$SHIPLINE_INPUT_RELEASE_VERSION"
mkdir -p "$SHIPLINE_OUT_FOLDER"
sleep 0.3
printf 'result=%s\\nbuildmasterBuildNumber=%s\\n' "${STUB_RESULT:-succeeded}" "$SHIPLINE_INPUT_RELEASE_VERSION" \
  > "$SHIPLINE_OUT_FOLDER/outputs"
exit "${STUB_CODE:-0}"
"""


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=30) as server:
        yield server


@pytest.fixture
def jenkins(tmp_path: Path) -> Jenkins:
    if os.environ.get("SHIPLINE_RUNNERS") != "1":
        pytest.skip('needs Groovy (Debian, root): eval "$(tests/runners/engine)"')
    return Jenkins(tmp_path, credentials=CREDENTIALS)


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "shipline").write_text(STUB)
    (folder / "shipline").chmod(0o755)
    return folder


def ship(jenkins: Jenkins, sandbox: Running, given: str, **others: str | bytes) -> Ended:
    """One call of the step in a scripted pipeline, whose result the build returns."""
    repository = jenkins.repository({**user_project(sandbox), **others})
    return sound(jenkins.run(f"{LIBRARY}node {{\n checkout scm\n return shipline({given})\n}}", repository))


def sound(ended: Ended) -> Ended:
    """A build in which no key is to be seen and no script is but those that were written."""
    told = [ended.log, ended.description or "", *(argument for command in ended.commands for argument in command)]
    told += [path.read_text() for path in (ended.work / "archive").rglob("*") if path.is_file()]
    for key in KEYS.values():
        assert [text for text in told if key in text or key.partition("+")[2] in text] == []
    assert set(ended.scripts) <= {SCRIPT, "make dist"}
    return ended


def test_a_tag_is_released_once_and_the_pipeline_knows(jenkins: Jenkins, sandbox: Running) -> None:
    """A second call in the workspace continues from the receipt."""
    repository = jenkins.repository(user_project(sandbox))
    calls = f"shipline({IDS})\n return shipline({IDS})"
    ended = sound(jenkins.run(f"{LIBRARY}node {{\n checkout scm\n {calls}\n}}", repository))
    assert ended.result == "SUCCESS", ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    (posted,) = sandbox.admin("state")["centercode"]["releases"]
    out = ended.returned or {}
    assert (out["result"], out["failedStep"], out["buildmasterBuildNumber"]) == ("succeeded", "", "1.4.0")
    assert out["centercodeReleaseUrl"] == posted["url"]
    each = ["codequality.json", "description.html", "outputs", "report.html"]
    assert [Path(name).name for name in ended.archived] == [*each, *each, "widget-1.4.0.json"]
    assert "<h2>&#9989; Widget 1.4.0: succeeded</h2>" in (ended.description or "")
    assert re.search(r'/artifact/\.shipline/jenkins/[0-9a-f-]+/report\.html">Run report</a>', ended.description or "")
    assert ended.scripts == [SCRIPT, SCRIPT]
    assert "\x1b" not in ended.log


def test_a_release_is_promoted_published_looked_up_and_taken_back(jenkins: Jenkins, sandbox: Running) -> None:
    repository = jenkins.repository(user_project(sandbox))
    calls = f"""shipline({IDS}, buildmasterStages: ['Integration'], v3State: 'draft')
        shipline.promote({IDS}, toStage: ['Testing'])
        def found = shipline.status({IDS}, releaseVersion: '1.4.0', v3State: 'draft', failOnError: false)
        shipline.retract({IDS})
        return found"""
    ended = sound(jenkins.run(f"{LIBRARY}node {{\n checkout scm\n {calls}\n}}", repository))
    assert ended.result == "SUCCESS", ended
    assert (ended.returned or {})["result"] == "succeeded"
    sent = [*DEPLOYED[:3], *ANNOUNCED[:2], "project-release", "deploy-build", "delete-release", "reject-build"]
    assert changes(sandbox) == sent


def test_the_example_of_the_readme_in_the_image_as_a_user_it_does_not_know(
    jenkins: Jenkins, sandbox: Running, engine: Engine
) -> None:
    (printed,) = re.findall(r"```groovy\n(.*?)```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(printed.splitlines()) <= 6
    jenkins.image = engine.image
    ended = sound(jenkins.run(printed, jenkins.repository(user_project(sandbox))))
    assert ended.result == "SUCCESS", ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    (started,) = [command for command in ended.commands if command[:2] == ["podman", "run"]]
    assert "--entrypoint=" in started
    assert "SHIPLINE_BUILDMASTER_API_KEY" not in started  # else `docker inspect` would show it
    assert ".shipline/widget-1.4.0.json" in ended.archived


def test_in_a_pod_with_keys_from_vault_and_from_a_file(jenkins: Jenkins, sandbox: Running, engine: Engine) -> None:
    jenkins.image = engine.image
    build = f"""{LIBRARY}
    podTemplate(containers: [containerTemplate(name: 'shipline', image: 'shipline', command: 'sleep', args: '99d')]) {{
        node(POD_LABEL) {{
            checkout scm
            def keys = [[path: 'secret/shipline', secretValues: [
                [envVar: 'SHIPLINE_BUILDMASTER_API_KEY', vaultKey: 'buildmaster-key'],
                [envVar: 'SHIPLINE_CENTERCODE_API_KEY', vaultKey: 'centercode-key']]]]
            withVault(vaultSecrets: keys) {{
                withCredentials([file(credentialsId: 'v3-token', variable: 'SHIPLINE_V3_TOKEN_FILE')]) {{
                    container('shipline') {{ return shipline() }}
                }}
            }}
        }}
    }}"""
    ended = jenkins.run(build, jenkins.repository(user_project(sandbox)))
    assert ended.result == "SUCCESS", ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    assert (ended.returned or {})["receipt"] == ".shipline/widget-1.4.0.json"
    assert not [key for key in KEYS.values() if key in ended.log]


def test_an_aborted_build_stays_aborted_and_keeps_its_files(jenkins: Jenkins, sandbox: Running) -> None:
    stage(sandbox, "Testing", executing_seconds=1e6)
    repository = jenkins.repository(user_project(sandbox))
    build = f"{LIBRARY}node {{\n checkout scm\n shipline(failOnError: false, {IDS})\n}}"
    ended = sound(jenkins.run(build, repository, abort_at="deployment to Testing"))
    assert ended.result == "ABORTED", ended
    assert changes(sandbox) == DEPLOYED
    names = [Path(name).name for name in ended.archived]
    assert names == ["codequality.json", "description.html", "outputs", "report.html", "widget-1.4.0.json"]
    (outputs,) = (ended.work / "archive").rglob("outputs")
    assert {"result=canceled", "buildmasterBuildNumber=1.4.0"} <= set(outputs.read_text().splitlines())
    assert "canceled" in (ended.description or "")


@pytest.mark.nightly
def test_an_aborted_build_stays_aborted_if_its_agent_is_gone(jenkins: Jenkins, sandbox: Running) -> None:
    stage(sandbox, "Testing", executing_seconds=1e6)
    repository = jenkins.repository(user_project(sandbox))
    build = f"{LIBRARY}node {{\n checkout scm\n shipline({IDS})\n}}"
    ended = jenkins.run(build, repository, abort_at="deployment to Testing", agent_lost=True)
    assert (ended.result, ended.archived) == ("ABORTED", []), ended


def seen(ended: Ended, version: str, agent: int = 1) -> dict[str, str]:
    text = (ended.work / f"agent-{agent}/workspace/seen-{version}").read_text(encoding="utf-8")
    return dict(entry.split("=", 1) for entry in text.split("\0") if entry)


VALUES = r"""
    releaseVersion: '1.4.0', releaseTitle: '\'"; touch pwned; $(touch pwned) `touch pwned` é {version}',
    releaseNotesText: 'one\ntwo $HOME ${HOME} $$ $$HOME \\ %s', config: "${'a'}.yml", verbose: true, quiet: false,
    steps: ['build', "deploy"], buildmasterStages: ['In $WORKSPACE', '{tag}'], networkReadTimeout: null,
    buildmasterVariables: [Branch: '$BRANCH_NAME', Zip: '{artifact_url}=1'], buildmasterRelease: '1.10', v3Version: 2
"""


def test_values_reach_the_program_whole(jenkins: Jenkins, stub: Path) -> None:
    build = f"{LIBRARY}node {{ return shipline({VALUES}) }}"
    ended = jenkins.run(build, jenkins.repository({"a": ""}), path=stub, environ={"SHIPLINE_INPUT_STEPS": "publish"})
    assert ended.result == "SUCCESS", ended
    given = {
        k.removeprefix("SHIPLINE_INPUT_"): v for k, v in seen(ended, "1.4.0").items() if k.startswith("SHIPLINE_IN")
    }
    assert re.fullmatch(r"\.shipline/jenkins/1-[0-9a-f-]{36}/report\.html", given.pop("REPORT"))
    assert given == {
        "RELEASE_VERSION": "1.4.0",
        "RELEASE_TITLE": "'\"; touch pwned; $(touch pwned) `touch pwned` é {version}",
        "RELEASE_NOTES_TEXT": "one\ntwo $HOME ${HOME} $$ $$HOME \\ %s",
        "CONFIG": "a.yml",
        "VERBOSE": "true",
        "QUIET": "false",
        "STEPS": "build\ndeploy",
        "BUILDMASTER_STAGES": "In $WORKSPACE\n{tag}",
        "BUILDMASTER_VARIABLES": "Branch=$BRANCH_NAME\nZip={artifact_url}=1",
        "BUILDMASTER_RELEASE": "1.10",
        "V3_VERSION": "2",
        "CI": "jenkins",
    }
    assert ended.scripts == [SCRIPT]
    assert list(ended.work.rglob("pwned")) == []


TITLE = "env.SHIPLINE_INPUT_RELEASE_TITLE"


@pytest.mark.nightly
@pytest.mark.parametrize("script", [f'"shipline run --release-title ${{{TITLE}}}"', f"'shipline run ' + {TITLE}"])
def test_a_library_that_put_values_into_its_script_would_be_noticed(
    jenkins: Jenkins, stub: Path, tmp_path: Path, script: str
) -> None:
    library = Path("ci_templates/jenkins/vars/shipline.groovy")
    text = (PROJECT / library).read_text()
    assert text.count("script: 'exec shipline run'") == text.count(" sh(") == 1
    (tmp_path / "other" / library).parent.mkdir(parents=True)
    (tmp_path / "other" / library).write_text(text.replace("script: 'exec shipline run'", f"script: {script}"))
    build = f"{LIBRARY}node {{ return shipline(releaseTitle: 'x; touch pwned') }}"
    ended = jenkins.run(build, jenkins.repository({"a": ""}), path=stub, project=tmp_path / "other")
    assert ended.scripts != [SCRIPT]
    assert list(ended.work.rglob("pwned")) != []


def given_for(setting: catalogue.Setting) -> tuple[str, str]:
    """A value of an input in Groovy, and in the variable that it becomes."""
    if setting.kind in ("list", "artifacts"):
        return "['a', \"${'b'}\"]", "a\nb"
    if setting.kind == "map":
        return "[\"${'A'}b\": 'c', D: \"${1}\"]", "Ab=c\nD=1"
    return f"'{setting.name}'", setting.name


def test_every_input_by_any_kind_of_name_on_any_agent(jenkins: Jenkins, stub: Path) -> None:
    """By text on Linux, and by GStrings, in nested maps too, on Windows, whose agents have no ``sh``."""
    settings = [s for s in (*catalogue.options(), *catalogue.settings()) if s.name != "ci" and not s.secret]
    given = {camel_case(s.name): given_for(s)[0] for s in settings}
    ids = {f"{service}CredentialsId": f"'{key}'" for service, key in SERVICES.items()}
    by_text = ", ".join(f"{name}: {value}" for name, value in (given | ids).items())
    by_gstring = ", ".join(f"(\"${{'{name[:2]}'}}{name[2:]}\"): {value}" for name, value in given.items())
    build = f"""{LIBRARY}
    node('linux') {{ shipline([{by_text}]) }}
    node('windows') {{
        def ids = {SERVICES_IN_GROOVY}
        shipline([{by_gstring}] + ids.keySet().collectEntries {{ ["${{it}}CredentialsId": "${{ids[it]}}"] }})
        shipline(["${{'com'}}mand": 'validate', "${{'release'}}Version": 'checked'])
        shipline.plan(["${{'com'}}mand": 'run', "${{'release'}}Version": 'planned', "${{'build'}}Description": false])
    }}"""
    ended = jenkins.run(build, jenkins.repository({"a": ""}), path=stub)
    assert ended.result == "SUCCESS", ended
    assert set(ended.scripts) == {SCRIPT, ON_WINDOWS}
    expected = {s.variable: given_for(s)[1] for s in settings}
    for agent in (1, 2):
        found = seen(ended, "release-version", agent)
        read = {k.replace("_INPUT", ""): v for k, v in found.items() if k.startswith("SHIPLINE_INPUT_")}
        assert read == expected | {"SHIPLINE_CI": "jenkins"}
        assert {found[variable] for variable in KEYS} == {CREDENTIALS[SERVICES[s]] for s in list(SERVICES)[:3]}
        assert found["SHIPLINE_JOURNAL_TOKEN"] == CREDENTIALS[SERVICES["journal"]]
    assert seen(ended, "checked", 2)["SHIPLINE_INPUT_COMMAND"] == "validate"
    assert seen(ended, "planned", 2)["SHIPLINE_INPUT_COMMAND"] == "plan"


def test_what_is_wrong_is_refused_before_anything_runs(jenkins: Jenkins) -> None:
    wrong = {
        "buildmasterUlr: 'x', 'v3-url': 'y'": "did you mean buildmasterUrl?; v3-url: unknown: did you mean v3Url?",
        "stages: ['a']": "stages: unknown: did you mean buildmasterStages?",
        "zzzzzz: 1": "zzzzzz: unknown: expected a name from the help of this step",
        "ci: 'github'": "ci: unknown",
        "centercodeApiKey: 'sandbox-1'": "put it into a credential, and its id into centercodeCredentialsId",
        "journalToken: 'sandbox-1'": "put it into a credential, and its id into journalCredentialsId",
        "buildmasterUrl: ['a']": "buildmasterUrl: expected text, found a list",
        "artifacts: [a: 'b']": "artifacts: expected a list, found a map",
        "steps: ['a\\nb']": "steps: expected items of text, each on one line",
        "buildmasterVariables: ['a=b': 'c']": "buildmasterVariables: expected names without =",
        "failOnError: 'no'": "failOnError: expected true or false",
        "releaseTitle: { -> 'x' }": "releaseTitle: expected text",
    }
    calls = "".join(
        f" try {{ shipline({given}) }} catch (e) {{ found['{number}'] = e.message }}\n"
        for number, given in enumerate(wrong)
    )
    ended = jenkins.run(f"{LIBRARY}def found = [:]\nnode {{\n{calls}}}\nreturn found", jenkins.repository({"a": ""}))
    messages = list((ended.returned or {}).values())
    assert len(messages) == len(wrong), ended
    for message, expected in zip(messages, wrong.values(), strict=True):
        assert message.startswith("shipline: nothing was run: ")
        assert expected in message
        assert "sandbox-1" not in message
    assert (ended.scripts, ended.archived) == ([], [])


def test_wrong_input_is_a_file_that_record_issues_reads(jenkins: Jenkins, sandbox: Running) -> None:
    """As the how-to shows it."""
    page = (PROJECT / "docs/how-to/jenkins.md").read_text(encoding="utf-8")
    (printed,) = (block for block in re.findall(r"```groovy\n(.*?)```", page, re.DOTALL) if "recordIssues" in block)
    config = str(user_project(sandbox)["shipline.yml"]).replace("  platforms: [linux]", "  platfroms: [linux]")
    repository = jenkins.repository({**user_project(sandbox), "shipline.yml": config})
    build = f"{LIBRARY}node {{\n checkout scm\n {printed}}}"
    ended = jenkins.run(build, repository, environ={"SHIPLINE_V3_STATE": "publised"})
    assert ended.result == "FAILURE", ended
    found = {file: (line, text) for file, line, text in ended.issues}
    assert found["shipline.yml"][0] == str(config.splitlines().index("  platfroms: [linux]") + 1)
    assert "did you mean platforms?" in found["shipline.yml"][1]
    assert found["Jenkinsfile"][0] == "1"
    assert found["Jenkinsfile"][1].startswith("SHIPLINE_V3_STATE: v3.state: ")


def test_a_failed_deployment_fails_the_build_and_keeps_the_receipt(jenkins: Jenkins, sandbox: Running) -> None:
    stage(sandbox, "Testing", outcome="failed")
    ended = ship(jenkins, sandbox, IDS)
    assert ended.result == "FAILURE"
    assert "ERROR: shipline: failed at deploy:Testing, exit 5" in ended.log
    assert ".shipline/widget-1.4.0.json" in ended.archived
    assert "Failed deploying to Testing" in (ended.description or "")


@pytest.mark.nightly
def test_a_failed_run_tells_its_outputs_if_it_may_fail(jenkins: Jenkins, sandbox: Running) -> None:
    stage(sandbox, "Testing", outcome="failed")
    ended = ship(jenkins, sandbox, f"failOnError: false, {IDS}")
    out = ended.returned or {}
    assert (ended.result, out["result"], out["failedStep"]) == ("SUCCESS", "failed", "deploy:Testing")
    assert (out["buildmasterBuildNumber"], out.get("centercodeReleaseUrl")) == ("1.4.0", None)


@pytest.mark.nightly
@pytest.mark.parametrize(("given", "result"), [("", "SUCCESS"), ("unstableOnWarning: true, ", "UNSTABLE")])
def test_a_warning_makes_the_build_unstable_if_asked(
    jenkins: Jenkins, sandbox: Running, given: str, result: str
) -> None:
    stage(sandbox, "Testing", outcome="warned")
    ended = ship(jenkins, sandbox, f"{given}{IDS}")
    assert (ended.result, (ended.returned or {})["result"]) == (result, "warned"), ended


@pytest.mark.nightly
def test_a_plan_and_a_check_send_nothing(jenkins: Jenkins, sandbox: Running) -> None:
    calls = f"[checked: shipline.validate().result, planned: shipline.plan({IDS}).result]"
    repository = jenkins.repository(user_project(sandbox))
    ended = sound(jenkins.run(f"{LIBRARY}node {{\n checkout scm\n return {calls}\n}}", repository))
    assert ended.returned == {"checked": "succeeded", "planned": "planned"}, ended
    assert changes(sandbox) == []


def test_a_program_that_is_not_there_is_a_failure(jenkins: Jenkins, stub: Path) -> None:
    (stub / "shipline").write_text("#!/bin/sh\nexit 0\n")  # not ours: it tells nothing
    ended = jenkins.run(LIBRARY + "node { shipline() }", jenkins.repository({"a": ""}), path=stub)
    assert ended.result == "FAILURE"
    assert "shipline: failed, exit 0" in ended.log


@pytest.mark.nightly
def test_calls_side_by_side_in_one_workspace_keep_their_results_apart(jenkins: Jenkins, stub: Path) -> None:
    branches = ", ".join(f"b{n}: {{ shipline(releaseVersion: '1.{n}').buildmasterBuildNumber }}" for n in range(3))
    build = f"{LIBRARY}node {{ return parallel([{branches}]) }}"
    ended = jenkins.run(build, jenkins.repository({"a": ""}), path=stub)
    assert ended.returned == {"b0": "1.0", "b1": "1.1", "b2": "1.2"}, ended


def example(jenkins: Jenkins, sandbox: Running, name: str, **others: str | bytes) -> Ended:
    repository = jenkins.repository({**user_project(sandbox), **others})
    ended = sound(jenkins.run((EXAMPLES / f"{name}.groovy").read_text(), repository))
    assert ended.options[0] == "disableConcurrentBuilds"
    return ended


@pytest.mark.parametrize("name", [pytest.param("declarative", marks=pytest.mark.nightly), "scripted"])
def test_example_in_the_image(jenkins: Jenkins, sandbox: Running, engine: Engine, name: str) -> None:
    jenkins.image = engine.image
    ended = example(jenkins, sandbox, name)
    assert ended.result == "SUCCESS", ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]


@pytest.mark.nightly
def test_example_scripted_checks_what_is_not_a_tag(jenkins: Jenkins, sandbox: Running, engine: Engine) -> None:
    jenkins.image = engine.image
    repository = jenkins.repository(user_project(sandbox))
    build = (EXAMPLES / "scripted.groovy").read_text()
    ended = sound(jenkins.run(build, repository, environ={"TAG_NAME": "", "BRANCH_NAME": "main"}))
    assert (ended.result, sandbox.requests()) == ("SUCCESS", []), ended
    assert "valid: version 0.0.0" in ended.log


@pytest.mark.nightly
def test_example_approve_then_publish(jenkins: Jenkins, sandbox: Running) -> None:
    ended = example(jenkins, sandbox, "approve-then-publish")
    assert ended.result == "SUCCESS", ended
    assert changes(sandbox) == [*DEPLOYED, *ANNOUNCED]
    assert ended.inputs == [{"onNode": False}]
    assert len(ended.nodes) == 2
    receipts = {path.read_bytes() for path in ended.work.glob("agent-*/workspace/.shipline/*.json")}
    assert len(receipts) == 2  # the second agent's went on from the first one's
    assert "posted 1.4.0 to WidgetPro/Firmware" in ended.log


@pytest.mark.nightly
def test_example_parallel(jenkins: Jenkins, sandbox: Running) -> None:
    files = user_project(sandbox)
    widget = str(files.pop("shipline.yml"))
    gadget = widget.partition("buildmaster:")[0] + "centercode:" + widget.partition("centercode:")[2]
    products = {"products/widget.yml": widget, "products/gadget.yml": gadget.replace("Firmware", "Software")}
    build = (EXAMPLES / "parallel.groovy").read_text()
    ended = sound(jenkins.run(build, jenkins.repository({**files, **products})))
    assert ended.result == "SUCCESS", ended
    assert sorted(changes(sandbox)) == sorted([*DEPLOYED, *ANNOUNCED, "project-release"])
    assert (ended.description or "").count("<h2>") == 2
    assert len([name for name in ended.archived if name.endswith("-1.4.0.json")]) == 2


def test_example_rehearse(jenkins: Jenkins, sandbox: Running, engine: Engine) -> None:
    jenkins.image = engine.image
    files = user_project(sandbox) | {"CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- Widgets hum.\n"}
    build = (EXAMPLES / "rehearse.groovy").read_text()
    ended = jenkins.run(build, jenkins.repository(files), environ={"TAG_NAME": "", "CHANGE_ID": "5"})
    assert (ended.result, sandbox.requests()) == ("SUCCESS", []), ended
    assert "The second run sent 0 requests" in ended.log


def test_every_example_is_tested() -> None:
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [file.stem for file in EXAMPLES.iterdir() if file.stem not in tested] == []
