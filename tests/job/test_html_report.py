"""The run report as a reader has it: an HTML file that tells all, loads nothing and holds no key."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from job.project import KEYS
from shipline.redaction import variants
from shipline.reporting import templates

if TYPE_CHECKING:
    from job.project import Project

FETCHING = ("src", "srcset", "poster", "data", "background", "action", "formaction", "ping", "manifest")
VOID = ("meta", "link", "rect")
INLINE = ("span", "a", "code", "strong", "time")
REPORT = ("--report", "out/report.html")


class Page(HTMLParser):
    """What of a page can be seen, and what a browser would do with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.lines: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.lines += [] if tag in INLINE else [" "]

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self.open}:
            self.lines.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.lines).split())

    def after(self, start: str) -> str:
        """What follows a text, a few words of it."""
        assert start in self.text
        return self.text.partition(start)[2][:300].strip()


def page(project: Project, name: str = "out/report.html") -> Page:
    """The report, which is checked for what none may have."""
    text = (project.path / name).read_text(encoding="utf-8")
    read = Page(text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'; img-src data:;" in text  # a browser runs this script, and no other
    assert script == (templates.FOLDER / "report.js").read_text()
    for tag, attributes in read.tags:
        assert tag not in ("iframe", "object", "embed", "img", "base", "form", "audio", "video"), tag
        assert not any(attributes.get(name) for name in FETCHING)
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        if tag == "link":
            assert attributes["rel"] == "icon"
            assert (attributes["href"] or "").startswith("data:image/svg+xml,")
        elif "href" in attributes:
            assert (attributes["href"] or "").startswith(("http://", "https://", "#"))
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert not [word for word in ("url(", "@import", "expression") if word in style]
    for key in KEYS.values():
        assert [form for form in variants(key) if len(form) >= 6 and form in text] == []
    return read


def test_a_run_that_succeeds_is_told_from_the_end_to_the_requests(project: Project) -> None:
    ended = project.shipline("run", *REPORT)
    assert ended.code == 0, ended.text
    made = page(project)
    assert made.text.startswith("Widget 1.4.0: Succeeded · Shipline Shipline Release report Widget 1.4.0 Succeeded")
    assert "Deployed to Integration and Testing, published to customers, posted to testers." in made.text
    assert "6 of 6 steps done" in made.text
    assert "Open in Centercode" in made.text
    steps = made.after("steps done").partition("Release notes")[0]
    for step in (
        "Done: Create release BuildMaster Release 1.4.0, ",
        "Done: Create build BuildMaster Build 7, ",
        "Done: Deploy to Integration BuildMaster Succeeded, ",
        "Done: Deploy to Testing BuildMaster Succeeded, ",
        "Done: Publish to customers Cryptlex Published, ",
        "Done: Post to testers Centercode Published, ",
    ):
        assert step in made.text, steps
    for request in project.changes():
        url = f"POST {project.sandbox.url}{request['path']}: {request['status']} in "
        assert url in made.text
    assert '"toStage": "Integration"' in made.text
    assert "Release notes From CHANGELOG.md Widgets turn ways." in made.text
    assert "Widgets **turn** <both> ways." in made.text
    assert f"number {ended.outputs['buildmaster-build-number']}, status active" in made.text
    links = {attributes["href"] for tag, attributes in made.tags if tag == "a"}
    assert {ended.outputs["buildmaster-url"], ended.outputs["centercode-release-url"]} <= links
    assert f"{project.sandbox.url}/files/widget.zip" in links
    assert "widget.zip 2.0 KB " + project.receipt()["artifacts"][0]["sha256"] in made.text
    assert made.after("buildmaster.build-number 7").startswith("shipline.yml:")
    assert made.after("buildmaster.api-key").startswith("*** SHIPLINE_BUILDMASTER_API_KEY")
    assert "wrote this file" in made.text


def test_the_report_changes_nothing_of_the_log(project: Project) -> None:
    """Nor are the requests told twice where the log has them too."""
    project.shipline("run", *REPORT)
    plain = project.shipline("run")
    told = project.shipline("run", *REPORT)
    assert told == plain
    loud = project.shipline("run", "-v", *REPORT)
    assert " … GET " in loud.out
    assert page(project).text.count("GET ") == loud.out.count(" … GET ")
    objects = project.shipline("run", "--format", "json", *REPORT).events
    assert {"loaded", "made"}.isdisjoint(event["event"] for event in objects)


def test_look_ups_that_say_the_same_are_one_line(project: Project) -> None:
    project.sandbox.admin("faults", {"operation": "get-deployments", "kind": "status", "status": 503, "times": 3})
    project.config(network="network: {retry-for: 20s}")
    assert project.shipline("run", "--steps", "build,deploy", *REPORT).code == 0
    made = page(project)
    assert "3 times, last " in made.text
    assert made.text.count(": 503 in ") == 1


def test_a_failed_deployment_comes_first_with_what_to_do(project: Project) -> None:
    stages = [{"name": "Integration"}, {"name": "Testing", "outcome": "failed"}]
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": {"stages": stages}}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    assert project.shipline("run", *REPORT).code == 5
    made = page(project)
    assert "Widget 1.4.0: Failed" in made.text
    assert "Failed deploying to Testing. Shipline announced nothing." in made.text
    assert "3 of 6 steps done" in made.text
    assert "Open the build" in made.text
    cause = made.after("exit code 5")
    assert "The deployment to Testing failed after " in cause
    assert "BuildMaster responded id 4, status failed, pipelineStageName Testing" in cause
    assert "log in BuildMaster" in made.after("Next")
    assert any((attributes.get("href") or "").endswith("/errors/#exit-5") for _, attributes in made.tags)
    assert made.text.index("Next") < made.text.index("Done: Create release") < made.text.index("Release notes")
    for step in ("Done: Deploy to Integration", "Failed: Deploy to Testing", "Not run: Publish to customers"):
        assert step in made.text
    assert "Customers (Cryptlex) Nothing published" in made.text
    assert "Build (BuildMaster) Build 7, failed in Testing" in made.text


def test_invalid_input_is_shown_with_every_place(project: Project) -> None:
    project.config(platforms="  platforms: [amiga]", project="  projekt: WidgetPro")
    assert project.shipline("run", *REPORT).code == 2
    assert project.sandbox.requests() == []
    made = page(project)
    assert "shipline run: Failed" in made.text
    assert "Shipline sent nothing." in made.text
    found = made.after("Where Setting Problem")
    assert "shipline.yml:" in found
    assert "centercode.projekt" in found


@pytest.mark.parametrize("flags", [("--format", "yaml"), ("--verbose", "--ci", "nowhere")])
def test_options_that_are_wrong_are_in_the_report_too(project: Project, flags: tuple[str, ...]) -> None:
    assert project.shipline("run", *flags, *REPORT).code == 2
    assert "expected " in page(project).after("Where Setting Problem")


def test_a_refused_key(project: Project) -> None:
    project.sandbox.admin("faults", {"operation": "create-release", "service": "v3", "kind": "status", "status": 403})
    assert project.shipline("run", *REPORT).code == 3
    made = page(project)
    assert "Failed publishing to customers. Shipline announced nothing." in made.text
    assert "SHIPLINE_V3_TOKEN" in made.after("Next")
    assert any((attributes.get("href") or "").endswith("/errors/#exit-3") for _, attributes in made.tags)


def test_what_was_answered_is_there_as_what_was_sent_is(project: Project) -> None:
    fault = {"operation": "get-builds", "status": 503, "body": "<b>Down</b> for a moment", "times": 1}
    project.sandbox.admin("faults", fault)
    project.sandbox.admin(
        "faults", {"operation": "project-release", "status": 400, "body": '{"message": "No such \\"type"}'}
    )
    assert project.shipline("run", *REPORT).code == 4
    text = page(project).text
    assert "<b>Down</b> for a moment" in text.partition("Body of the response")[2]
    assert text.count("Body of the response") == len(project.changes()) + 1
    assert '"message": "No such \\"type"' in text


def test_an_outcome_that_is_not_known(project: Project) -> None:
    project.sandbox.admin("faults", {"operation": "project-release", "kind": "delay", "seconds": 3})
    project.config(network="network: {retry-for: 1s, read-timeout: 1s}")
    assert project.shipline("run", *REPORT).code == 8
    made = page(project)
    assert "Widget 1.4.0: Result unknown" in made.text
    assert "Unknown result of posting to testers. Published to customers." in made.text
    assert "releaseTypes/Firmware: no answer in " in made.text
    assert " (sent)" in made.text
    assert "Result unknown: Post to testers" in made.text
    assert "Testers (Centercode) Unknown" in made.text


def followed(project: Project) -> bool:
    """Whether a deployment has been asked for by its id: so the run knows of it."""
    return any((r["body"] or {}).get("deploymentId") for r in project.sandbox.requests())


def test_a_run_that_is_canceled(project: Project) -> None:
    stages = [{"name": "Integration", "executing_seconds": 300}, {"name": "Testing"}]
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": {"stages": stages}}}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    process = project.start("run", *REPORT)
    deadline = time.monotonic() + 20
    while not followed(project) and time.monotonic() < deadline:
        time.sleep(0.05)
    begun = page(project)
    assert "shipline run: Not ended" in begun.text
    assert "If the CI system killed this run, re-run it." in begun.text
    ended = project.cancel(process, signal.SIGTERM)
    assert ended.code == 143, ended.text
    made = page(project)
    assert "Widget 1.4.0: Canceled" in made.text
    assert "Canceled deploying to Integration. Shipline announced nothing." in made.text
    assert "exit code 143" in made.text
    assert "where this run stopped" in made.after("Next")
    assert "Canceled: Deploy to Integration" in made.text


def test_a_plan_shows_what_would_be_sent(project: Project) -> None:
    assert project.shipline("plan", *REPORT).code == 0
    made = page(project)
    assert "Widget 1.4.0: Planned" in made.text
    assert "Shipline changed nothing. A run will send 8 requests in 6 steps." in made.text
    assert "Planned: Deploy to Integration" in made.text
    assert "shipline runCopy command Sends what this page shows." in made.text
    sends = made.text.partition("What a run sends")[2]
    assert f"POST {project.sandbox.url}/api/releases/builds/create" in sends
    assert '"buildNumber": "7"' in sends
    assert "Release notes From CHANGELOG.md Widgets turn" in sends
    assert project.changes() == []


def test_a_validation(project: Project) -> None:
    assert project.shipline("validate", *REPORT).code == 0
    made = page(project)
    assert "Widget 1.4.0: Succeeded" in made.text
    assert "shipline validate, exit code 0" in made.text
    assert "buildmaster.application Widget shipline.yml:" in made.text
    assert project.sandbox.requests() == []


def test_the_variable_and_the_wrappers_input(project: Project) -> None:
    project.shipline("validate", SHIPLINE_REPORT="a.html")
    project.shipline("run", SHIPLINE_INPUT_REPORT="b.html", SHIPLINE_INPUT_COMMAND="validate", INPUT_REPORT="")
    assert "shipline validate" in page(project, "a.html").text
    assert "shipline validate" in page(project, "b.html").text
    assert project.sandbox.requests() == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("dist", "expected a new file, or an earlier report"),
        ("shipline.yml", "expected a new file, or an earlier report"),
        ("shipline.yml/report.html", "no report can be written there: Not a directory"),
        ("/proc/report.html", "no report can be written there: "),
        ("r" * 300, "no report can be written there: File name too long"),
    ],
)
def test_a_path_that_cannot_be_written_is_found_before_anything_is_sent(project: Project, path: str, why: str) -> None:
    before = {file: file.read_bytes() for file in project.path.rglob("*") if file.is_file()}
    ended = project.shipline("run", "--report", path)
    assert ended.code == 2
    assert f"--report: report: {why}" in ended.text
    assert project.sandbox.requests() == []
    assert {file: file.read_bytes() for file in project.path.rglob("*") if file.is_file()} == before


def test_a_report_takes_the_place_of_an_earlier_one(project: Project) -> None:
    project.shipline("validate", *REPORT)
    project.shipline("plan", *REPORT)
    assert "shipline plan" in page(project).text
    assert [file.name for file in (project.path / "out").iterdir()] == ["report.html"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root writes for others")
def test_the_report_belongs_to_the_folders_owner(project: Project) -> None:
    os.chown(project.path, 1234, 1234)
    project.shipline("validate", *REPORT)
    for name in ("out", "out/report.html"):
        assert (project.path / name).stat().st_uid == 1234


def products(made: Page) -> dict[str, str]:
    """What a fleet's page shows of each product, by the product's name in the timeline."""
    parts = made.text.partition("Products Failures first.")[2].split("Succeeded: ")[1:]
    return {part.partition(" ")[0].lower(): f"Succeeded: {part}" for part in parts}


def fleet(project: Project, *names: str) -> list[str]:
    """Config files of products that differ in their names only."""
    text = (project.path / "shipline.yml").read_text()
    for name in names:
        own = text.replace("application: Widget", f"application: {name}").replace("WidgetPro", f"{name}Pro")
        project.write(f"products/{name.lower()}.yml", own.partition("v3:")[0])
    applications = [
        {"id": number, "name": name, "pipelines": {"Standard": {"stages": [{"name": s} for s in STAGES]}}}
        for number, name in enumerate(names, start=1)
    ]
    project.sandbox.admin("seed", {"buildmaster": {"applications": applications}})
    (project.path / "shipline.yml").unlink()
    return [f"products/{name.lower()}.yml" for name in names]


STAGES = ("Integration", "Testing")


def test_a_fleet_has_one_report_in_which_each_request_is_its_products(project: Project) -> None:
    names = ("Router", "Camera", "Door")
    fleet(project, *names)
    ended = project.shipline("run", "--config", "products/*.yml", "--parallel", "2", *REPORT)
    assert ended.code == 0, ended.text
    made = page(project)
    assert made.text.startswith("3 products: Succeeded")
    assert "3 of 3 products done." in made.text
    for name, own in products(made).items():
        assert f"Succeeded: {name.title()} 1.4.0 Deployed to Integration and Testing." in own
        assert own.count('"applicationName": "') == own.count(f'"applicationName": "{name.title()}"') > 0
        assert len(re.findall(r"POST \S+/(?:create|deploy)\b", own)) == 4
    assert {*products(made)} == {"router", "camera", "door"}


def test_a_fleet_that_fails_and_one_whose_input_is_wrong(project: Project) -> None:
    fleet(project, "Router", "Camera")
    project.sandbox.admin("faults", {"operation": "create-build", "status": 403})
    ended = project.shipline("run", "--config", "products/*.yml", "--parallel", "1", "--fail-fast", *REPORT)
    assert ended.code == 3, ended.text
    made = page(project)
    assert "2 products: Failed" in made.text
    assert "0 of 2 products done. camera: failed creating the build." in made.text
    assert "exit code 3" in made.text
    assert made.text.index("camera: ") < made.text.index("Products Failures first.")
    assert "Not started: Router" in made.text
    project.write("products/door.yml", "release: {version: x}\nv3: {}\n")
    assert project.shipline("run", "--config", "products/*.yml", *REPORT).code == 2
    assert "products/door.yml:1:" in page(project).after("Where Setting Problem")


HOSTILE = "</pre></style><script>alert(1)</script><img src=x onerror=alert(2)>\"' onmouseover='x"


def test_hostile_texts_are_text(project: Project) -> None:
    name = "Widget <script>alert(3)</script> \"x\" 'y' &amp; \u202egnp"
    project.config(
        application=f"  application: {json.dumps(name.replace(chr(0x202E), ''))}",
        notes=f"  notes: {{text: {json.dumps(HOSTILE)}}}",
        variables=f"  variables: {{Branch: {json.dumps(HOSTILE)}}}",
    )
    for command, fault in (("plan", None), ("run", None), ("run", {"status": 400, "body": HOSTILE})):
        if fault:
            project.sandbox.admin("faults", {"operation": "get-releases", **fault})
        project.shipline(command, *REPORT)
        assert "<script>alert(3)" in page(project).text or fault
    project.write("shipline.yml", json.dumps({HOSTILE: 1, "release": {"version": HOSTILE}}))
    assert project.shipline("validate", *REPORT).code == 2
    assert "</pre></style><script>alert(1)</script>" in page(project).text


def test_what_a_server_says_is_no_link_to_click_on(project: Project) -> None:
    answer = {"id": HOSTILE, "url": "javascript:alert(1)", "status": HOSTILE}
    fault = {"operation": "project-release", "status": 201, "body": json.dumps(answer), "when": "after_apply"}
    project.sandbox.admin("faults", fault)
    assert project.shipline("run", *REPORT).code == 0
    made = page(project)
    assert "Testers (Centercode)" in made.text
    assert "javascript:alert(1)" in made.text
    assert "javascript:alert(1)" not in [attributes.get("href") for _, attributes in made.tags]


def test_keys_in_places_where_nobody_expects_them(project: Project) -> None:
    """page() looks for each form of each key."""
    key = KEYS["SHIPLINE_V3_TOKEN"]
    project.config(notes=f"  notes: {{text: {json.dumps(f'see {key} <b>{key}</b>')}}}", title=f"  title: {key}")
    for command in ("validate", "plan", "run"):
        project.shipline(command, *REPORT)
        page(project)
    project.write("shipline.yml", f"{key}: 1\nrelease: {{version: {key!r}}}\n")
    project.shipline("validate", *REPORT)
    page(project)
