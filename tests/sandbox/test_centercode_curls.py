"""The 27 commands printed in Centercode's API reference, as curl sends them, with host and key replaced.

docs/fidelity.md promises what becomes of each, in strict and in lenient mode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

_KEY, _PRINTED_KEY = "sandbox-test", "9e3c8a050fdb40ff9ca13ac3b1873c45"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Curl:
    """A printed command. ``data`` goes with ``--data``, which makes curl say it is a form; ``form`` with ``--form``."""

    heading: str
    method: str
    url: str
    strict: int
    lenient: int
    data: str | None = None
    form: str | None = None
    operation: str | None = None
    """What answers, where that isn't the operation of the heading."""


def _json(heading: str, url: str, status: int, data: str, operation: str | None = None) -> Curl:
    """JSON that is printed without its content type: 415 unless lenient."""
    return Curl(heading, "POST", url, 415, status, data=data, operation=operation)


_STATUS = "status/a4b50639-ebcf-2a3e-933d-20a6c5c17ead?apiKey=KEY"
_RELEASE = (
    r'{"title":"Software v0.1.1","subtitle":"New features and security updates for this product",'
    r'"releaseValue":"0.1.1","body":"<p>New software release available. Please install.</p>",'
    r'"startDate":"2020-01-01T00:00:00Z","endDate":"2050-09-30T12:00:00-0700","isClickThroughNotice":false,'
    r'"ftpBucketFiles":[{"fileName":"Firmware_0.1.1.exe"},{"fileName":"Builds/Installer_0.1.1.exe"}],'
    r'"links":[{"label":"Software v0.1.1","url":"https:\/\/www.example.com","size":2,"sizeUnit":"MB",'
    r'"openInNewWindow":false,"includeInDownloadBlock":true,"logDownloadAttempts":true}]}'
)

CURLS = [
    Curl("Community User Data Package", "GET", "userDataPackages/NegativeScore?page=1&apiKey=KEY", 200, 200),
    Curl("Community Project Data Package", "GET", "projectDataPackages/UserTotals?page=1&apiKey=KEY", 200, 200),
    Curl(
        "Project User Data Package",
        "GET",
        "projects/WidgetPro/userDataPackages/UserFeedbackTotals?page=1&apiKey=KEY",
        200,
        200,
    ),
    Curl(
        "Project Feedback Data Package",
        "GET",
        "projects/WidgetPro/feedbackDataPackages/FeedbackScores?page=1&apiKey=KEY",
        200,
        200,
    ),
    Curl(
        "Community User Lookup",
        "GET",
        "userRecordLookups/UserScore?find=jim%40centercode.com?page=1&apiKey=KEY",
        404,
        404,
    ),
    Curl(
        "Community Project Lookup",
        "GET",
        "projectRecordLookups/ProjectStats?find=WidgetPro?page=1&apiKey=KEY",
        404,
        404,
    ),
    Curl(
        "Project User Lookup",
        "GET",
        "projects/WidgetPro/userRecordLookups/UserStats?find=jim%40centercode.com?page=1&apiKey=KEY",
        404,
        404,
    ),
    Curl(
        "Project Feedback Lookup",
        "GET",
        "projects/WidgetPro/feedbackRecordLookups/BugReports?find=BUG-0001?page=1&apiKey=KEY",
        404,
        404,
    ),
    Curl("Community User Macro", "POST", "userMacroListeners/Enrich?find=jim&apiKey=KEY", 202, 202, data=""),
    Curl("Community User Macro Status", "GET", f"userMacroListeners/Enrich/{_STATUS}", 200, 200),
    Curl(
        "Project User Macro",
        "POST",
        "projects/WidgetPro/userMacroListeners/Promotion?find=jim&apiKey=KEY",
        202,
        202,
        data="",
    ),
    Curl("Project User Macro Status", "GET", f"projects/WidgetPro/userMacroListeners/Promotion/{_STATUS}", 200, 200),
    Curl(
        "Project Feedback Macro",
        "POST",
        "projects/WidgetPro/feedbackMacroListeners/ClosedInJIRA?find=BUG-0001&apiKey=KEY",
        202,
        202,
        data="",
    ),
    Curl(
        "Project Feedback Macro Status",
        "GET",
        f"projects/WidgetPro/feedbackMacroListeners/ClosedInJIRA/{_STATUS}",
        200,
        200,
    ),
    _json(
        "Community User Comment",
        "userCommentListeners/UserComment?find=nathan&apiKey=KEY",
        201,
        '{"author": "admin@centercode.com", "message": "Please consider this user in subscription tests."}',
    ),
    _json(
        "Project User Comment",
        "projects/WidgetPro/userCommentListeners/UserComment?find=nathan&apiKey=KEY",
        201,
        '{"author": "admin@centercode.com", "message": "This user has been very active in the app."}',
    ),
    _json(
        "Project Feedback Comment",
        "projects/WidgetPro/feedbackCommentListeners/BugComment?find=BUG-0001&apiKey=KEY",
        201,
        '{"author": "admin@centercode.com", "message": "Thanks for your bug report, keep up the good work!"}',
    ),
    _json(
        "Community User Data",
        "projects/WidgetPro/userDataListeners/Performance?find=sam%40gmail.com&apiKey=KEY",
        201,
        '{"performance": "Excellent"}',
        operation="project-user-data",
    ),
    _json(
        "Project User Data",
        "projects/WidgetPro/userDataListeners/Subscription?find=jim&apiKey=KEY",
        201,
        '{"subscription": "Enterprise"}',
    ),
    _json(
        "Project Feedback Data",
        "projects/WidgetPro/feedbackDataListeners/CrashLog?find=BUG-0001&apiKey=KEY",
        201,
        '{"crashlog": "~/Library/Logs/CrashReporter/MobileDevice/iPhone8s"}',
    ),
    _json("Community User Import", "userImports/Mobile?apiKey=KEY", 202, '{"email": "person@gmail.com"}'),
    Curl("Community User Import Status", "GET", f"userImports/Mobile/{_STATUS}", 200, 200),
    _json(
        "Project User Import", "projects/WidgetPro/userImports/Mobile?apiKey=KEY", 202, '{"email": "person@gmail.com"}'
    ),
    Curl("Project User Import Status", "GET", f"projects/WidgetPro/userImports/Mobile/{_STATUS}", 200, 200),
    _json(
        "Create Feedback",
        "projects/WidgetPro/feedback/Mobile?apiKey=KEY",
        201,
        '{"submitter": "jim@centercode.com", "title": "Lighting Presets Should be More Robust", '
        '"description": "I wish the app would have more lighting preset options.", "topic": 23795}',
    ),
    Curl(
        "Upload File Attachment",
        "POST",
        "projects/WidgetPro/feedbackTypes/Mobile/feedback/SUG-0023/fileElements/Screenshot?apiKey=KEY",
        201,
        201,
        form="file=@screenshot.png",
    ),
    _json("Project Release", "projects/WidgetPro/releaseTypes/Firmware?apiKey=KEY", 201, _RELEASE),
]


def kebab(heading):
    return heading.lower().replace(" ", "-")


def send(client, curl):
    """As curl would: the URL to the letter, ``--data`` as a form, ``--form`` as multipart."""
    url = f"{client.sandbox.url}/api/v1/{curl.url.replace('KEY', _KEY)}"
    if curl.form is not None:
        name, _, file = curl.form.partition("=@")
        return client.http.request(curl.method, url, files={name: (file, b"\x89PNG", "image/png")}, timeout=10)
    headers = {} if curl.data is None else _FORM
    return client.http.request(curl.method, url, data=curl.data, headers=headers, timeout=10)


def test_all_27_are_here():
    assert len({curl.heading for curl in CURLS}) == len(CURLS) == 27


@pytest.mark.parametrize("mode", ["strict", "lenient"])
@pytest.mark.parametrize("curl", CURLS, ids=[kebab(curl.heading) for curl in CURLS])
def test_a_printed_command_does_what_the_ledger_says(client, curl, mode):
    client.switch(content_type=mode)
    answer = send(client, curl)
    assert answer.status_code == (curl.strict if mode == "strict" else curl.lenient), answer.text
    assert client.sandbox.requests()[-1]["operation"] == (curl.operation or kebab(curl.heading))


def test_t21_the_four_lookups_work_once_the_stray_page_is_gone(client):
    lookups = [curl for curl in CURLS if "?page=1&" in curl.url and "find=" in curl.url]
    assert len(lookups) == 4
    for curl in lookups:
        mended = re.sub(r"\?page=1&.*", f"&apiKey={_KEY}", curl.url)
        assert client.http.get(f"{client.sandbox.url}/api/v1/{mended}", timeout=10).status_code == 200


def test_t22_the_community_s_data_listener_is_another_one(client):
    (curl,) = [curl for curl in CURLS if curl.heading == "Community User Data"]
    community = curl.url.removeprefix("projects/WidgetPro/").replace("KEY", _KEY)
    answer = client.http.post(f"{client.sandbox.url}/api/v1/{community}", json={"performance": "Fair"}, timeout=10)
    assert answer.status_code == 201
    assert client.sandbox.requests()[-1]["operation"] == "community-user-data"


def test_a_real_key_is_refused_wherever_it_is_printed(client):
    for curl in CURLS:
        url = curl.url.replace("KEY", _PRINTED_KEY)
        answer = client.http.request(curl.method, f"{client.sandbox.url}/api/v1/{url}", timeout=10)
        assert answer.status_code == 401, curl.heading
