"""Release notes as people see them: in the plan, in the summary, in the report, and in the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from job.project import Project

NOTES = """## 1.4.0

> [!WARNING]
> Back up first.

- [x] **turn** <!-- internal: ACME-123 --> in https://git.example.com/w/pull/12
- <kbd>Ctrl</kbd> ![logo](https://git.example.com/logo.png)

| a | b |
|---|---|
| 1 | 2 |

<script>alert(1)</script>

```
### Links
::error::x

end
```
"""


@pytest.fixture
def notes(project: Project) -> None:
    project.write("CHANGELOG.md", NOTES)


@pytest.mark.usefixtures("notes")
def test_the_plan_shows_the_notes_of_each_target(project: Project) -> None:
    ended = project.shipline("plan")
    assert ended.code == 0, ended.text
    v3, _, centercode = ended.out.partition("Release notes for v3, ")[2].partition("Release notes for centercode, ")
    assert "  | > [!WARNING]" in v3
    assert "  | - [x] **turn**  in https://git.example.com/w/pull/12" in v3
    shown = [
        *(
            "> Warning",
            ">",
            "> Back up first.",
            "",
            "- [x] turn in https://git.example.com/w/pull/12",
            "- Ctrl logo",
            "",
        ),
        *("a | b", "1 | 2", "", "    ### Links", "    ::error::x", "", "    end"),
    ]
    assert "".join(f"  | {line}\n" for line in shown).replace(" \n", "\n") in centercode.replace(" \n", "\n")
    assert "ACME" not in ended.text
    assert "won't see <script>, </script>" in ended.err
    planned = project.shipline("plan", "--format", "json").out.splitlines()
    texts = next(event["notes"] for event in map(json.loads, planned) if event["event"] == "plan")
    assert texts["centercode"].startswith("<blockquote>\n<p><strong>Warning</strong></p>")
    assert texts["v3"].startswith("> [!WARNING]\n> Back up first.\n\n- [x] **turn**  in https://")


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("command", ["plan", "run"])
def test_the_summary_and_the_report_show_the_notes(project: Project, command: str) -> None:
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project.path / "summary.md")}
    ended = project.shipline(command, "--ci", "github", "--report", "report.html", **github)
    assert ended.code == 0, ended.text
    assert "\n::error::x" not in ended.out
    summary = (project.path / "summary.md").read_text(encoding="utf-8")
    block = summary.partition("### Release notes\n\nFrom ")[2].partition("\n\n")[2].partition("\n\n")[0]
    assert block.startswith("<div>\n<blockquote>\n<p><strong>Warning</strong></p>")
    assert block.endswith("</div>")
    assert "☑  <strong>turn</strong>" in block
    assert "\n### Links\n" not in block
    assert "end\n</code></pre>" in block
    report = (project.path / "report.html").read_text(encoding="utf-8")
    assert '<div class="prose"><blockquote>\n<p><strong>Warning</strong></p>' in report
    assert '<a href="https://git.example.com/w/pull/12">' in report
    assert "<pre>&gt; [!WARNING]" in report
    for page in (summary, report):
        assert "alert(1)" not in page.replace("&lt;script&gt;alert(1)", "").replace("<script>alert(1)", "")
        assert "ACME" not in page
    assert "<img" not in report


@pytest.mark.usefixtures("notes")
def test_testers_see_the_notes_in_the_sandbox(project: Project) -> None:
    assert project.shipline("run").code == 0
    state = project.sandbox.admin("state")
    (tester,), (customer,) = state["centercode"]["releases"], state["v3"]["releases"]
    assert "<td>1</td>" in tester["body"]
    assert '<input type="checkbox" checked="" disabled=""> <strong>turn</strong>' in tester["body"]
    assert "<script" not in tester["body"]
    assert "ACME" not in tester["body"] + customer["notes"]


def test_notes_that_are_cut_are_a_warning(project: Project) -> None:
    project.write("CHANGELOG.md", "## 1.4.0\n\n" + "word " * 1066 + "\n")
    refused = project.shipline("validate")
    assert refused.code == 2
    assert "the notes have 53" in refused.err
    config = yaml.safe_load((project.path / "shipline.yml").read_text())
    config["release"]["notes"] = {"file": "CHANGELOG.md", "too-long": "truncate"}
    project.write("shipline.yml", json.dumps(config))
    planned = project.shipline("plan")
    assert planned.code == 0, planned.text
    assert "v3 accepts 4,096 characters: cut 1,2" in planned.err
    assert "word\n  | \n  | … " in planned.out or "word\n  |\n  | … " in planned.out
