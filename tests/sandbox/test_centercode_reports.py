"""Centercode's data packages and record lookups. Names with a number follow the traps in docs/fidelity.md."""

from __future__ import annotations

import csv

import pytest

PRO = "projects/WidgetPro"
LOOKUPS = {
    "userRecordLookups/UserScore": "jim@centercode.com",
    "projectRecordLookups/ProjectStats": "WidgetPro",
    f"{PRO}/userRecordLookups/UserStats": "jim@centercode.com",
    f"{PRO}/feedbackRecordLookups/BugReports": "BUG-0001",
}
PACKAGES = {
    "userDataPackages/NegativeScore": 1,
    "projectDataPackages/UserTotals": 3,
    f"{PRO}/userDataPackages/UserFeedbackTotals": 8,
    f"{PRO}/feedbackDataPackages/FeedbackScores": 5,
}
NOT_FOUND = {"status": 404, "description": "Not Found"}


def package(client, path, **query):
    answer = client.api("GET", path, query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(package):
    """The computed values of a package, row by row."""
    return [[cell["computedValue"] for cell in row] for row in package["data"]]


def test_the_documented_user_package(client):
    assert package(client, "userDataPackages/NegativeScore", page=1) == {
        "paging": {"currentPage": 1, "totalPages": 1, "resultsPerPage": 1000, "totalResults": 1},
        "fields": [
            {"name": "First L. Name", "dataType": "string"},
            {"name": "Community Score Total", "dataType": "integer"},
        ],
        "data": [
            [
                {"fieldOrdinal": 0, "dataType": "string", "computedValue": "Jim C.", "values": ["Jim C."]},
                {"fieldOrdinal": 1, "dataType": "integer", "computedValue": "-825000", "values": [-825000]},
            ]
        ],
    }


@pytest.mark.parametrize("path", PACKAGES)
def test_every_documented_package_has_its_rows(client, path):
    found = package(client, path)
    assert found["paging"]["totalResults"] == len(found["data"]) == PACKAGES[path]
    assert all([cell["fieldOrdinal"] for cell in row] == list(range(len(found["fields"]))) for row in found["data"])


def test_the_documented_rows_of_the_project_packages(client):
    assert shown(package(client, "projectDataPackages/UserTotals"))[0] == [
        "Spaceship V2 Beta",
        "2016-10-26T22:30:56",
        *("9", "9", "5", "5"),
    ]
    totals = shown(package(client, f"{PRO}/userDataPackages/UserFeedbackTotals"))
    assert [row[0] for row in totals][:6] == ["Alex B.", "Annie H.", "Betsy F.", "Jericho S.", "jim a.", "Jim C."]
    assert totals[5] == ["Jim C.", "27", "31", "14", "9", "2", "", ""]
    scores = shown(package(client, f"{PRO}/feedbackDataPackages/FeedbackScores"))
    assert scores[0] == ["BUG-0001", "WiFi Not Connecting", "11", "94", "3"]


def test_t33_values_are_typed_and_nothing_is_an_empty_list(client):
    row = package(client, f"{PRO}/userDataPackages/UserFeedbackTotals")["data"][0]
    assert row[1] == {"fieldOrdinal": 1, "dataType": "integer", "computedValue": "1", "values": [1]}
    assert row[2] == {"fieldOrdinal": 2, "dataType": "integer", "computedValue": "", "values": []}
    assert row[4] == {"fieldOrdinal": 4, "dataType": "integer", "computedValue": "0", "values": [0]}


def test_t33_all_types(client):
    fields = {"Yes": "boolean", "When": "date", "Part": "double", "Empty": "string", "Many": "string"}
    values = {"Yes": True, "When": "2026-01-02T03:04:05", "Part": 0.5, "Empty": "", "Many": ["a", "b"]}
    users = [{"email": "a@x.example", "fields": values}]
    elements = {"userRecordLookups": {"All": {"fields": fields}}}
    client.sandbox.admin("seed", {"centercode": {"users": users, "endpoints": elements}})
    found = client.api("GET", "userRecordLookups/All", {"find": "a@x.example"}).json()["data"]
    assert [(c["field"], c["computedValue"], c["values"]) for c in found] == [
        ("Yes", "true", ["true"]),
        ("When", "2026-01-02T03:04:05", ["2026-01-02T03:04:05"]),
        ("Part", "0.5", [0.5]),
        ("Empty", "", []),
        ("Many", "a, b", ["a", "b"]),
    ]


def test_t35_pages_cover_every_row_once(client):
    element = {"fields": {"E-mail": "string"}, "results_per_page": 3}
    client.sandbox.admin("seed", {"centercode": {"endpoints": {"userDataPackages": {"All": element}}}})
    pages = [package(client, "userDataPackages/All", page=n) for n in (1, 2, 3, 4, 5)]
    assert [len(page["data"]) for page in pages] == [3, 3, 3, 1, 0]
    assert pages[-1]["paging"] == {"currentPage": 5, "totalPages": 4, "resultsPerPage": 3, "totalResults": 10}
    emails = [row[0] for page in pages for row in shown(page)]
    assert len(set(emails)) == len(emails) == 10


@pytest.mark.parametrize("page", ["0", "-1", "1.0", "x", "", "+1", "٣", "9" * 5000])
def test_t35_a_page_is_a_number_from_1(client, page):
    answer = client.api("GET", "userDataPackages/NegativeScore", {"page": page})
    assert answer.status_code == 400
    assert [p["name"] for p in answer.json()["invalidParameters"]] == ["Page"]


def test_t36_csv_is_the_element_s_own_setting(client):
    answer = client.api("GET", f"{PRO}/feedbackDataPackages/FeedbackExport")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, first, *rest = csv.reader(answer.text.splitlines())
    assert header == ["ID", "Type", "Summary", "Status", "Comments"]
    assert first == ["BUG-0001", "Bug Report", "WiFi Not Connecting", "Logged Internally", ""]
    assert len(rest) == 5
    assert client.api("GET", f"{PRO}/feedbackDataPackages/FeedbackExport", {"page": 2}).text.splitlines() == [
        "ID,Type,Summary,Status,Comments"
    ]


def test_t36_csv_of_a_lookup_is_one_line(client):
    elements = {"userRecordLookups": {"Line": {"format": "csv", "fields": {"E-mail": "string", "Note": "string"}}}}
    users = [{"email": "a@x.example", "fields": {"Note": 'one, "two"\nthree'}}]
    client.sandbox.admin("seed", {"centercode": {"users": users, "endpoints": elements}})
    answer = client.api("GET", "userRecordLookups/Line", {"find": "a@x.example"})
    assert answer.content == b'E-mail,Note\r\na@x.example,"one, ""two""\nthree"\r\n'


def test_the_documented_lookup(client):
    answer = client.api("GET", "userRecordLookups/UserScore", {"find": "jim@centercode.com"})
    assert answer.json() == {
        "data": [
            {"field": "First L. Name", "dataType": "string", "computedValue": "Jim C.", "values": ["Jim C."]},
            {"field": "Community Score Total", "dataType": "integer", "computedValue": "-825000", "values": [-825000]},
        ]
    }


def test_the_documented_feedback_lookup(client):
    found = client.api("GET", f"{PRO}/feedbackRecordLookups/BugReports", {"find": "BUG-0001"}).json()["data"]
    by_name = {cell["field"]: cell for cell in found}
    assert list(by_name)[:4] == ["ID", "Summary", "Feature", "Steps to Reproduce"]
    assert by_name["Date Added"]["values"] == ["2015-02-08T19:37:00"]
    assert by_name["# of Occurrences"]["values"] == [3]
    assert (by_name["Priority"]["computedValue"], by_name["Priority"]["values"]) == ("", [])
    assert "\r\n\r\n1. Install the hardware" in by_name["Steps to Reproduce"]["computedValue"]


def test_t32_items_are_named_by_field_as_in_the_examples_or_by_name_as_in_the_schema(client):
    client.switch(lookup_member="name")
    found = client.api("GET", "userRecordLookups/UserScore", {"find": "jim"}).json()["data"]
    assert [cell["name"] for cell in found] == ["First L. Name", "Community Score Total"]
    assert not any("field" in cell for cell in found)


@pytest.mark.parametrize("path", LOOKUPS)
@pytest.mark.parametrize("query", [{}, {"find": ""}, {"find": "  "}, {"Find": "jim"}])
def test_t28_without_find_the_documented_error(client, path, query):
    answer = client.api("GET", path, query)
    assert answer.status_code == 400
    assert answer.json() == {
        "status": 400,
        "description": "The specified request is invalid.",
        "invalidParameters": [{"name": "Find", "description": "A lookup query is required."}],
    }


@pytest.mark.parametrize("path", LOOKUPS)
def test_t38_find_is_a_key_user_name_or_address_in_any_case(client, path):
    first = client.api("GET", path, {"find": LOOKUPS[path]})
    assert first.status_code == 200
    same = [LOOKUPS[path].upper(), LOOKUPS[path].lower(), f" {LOOKUPS[path]} "]
    if "user" in path:
        same += ["jim", "JIM"]
    assert [client.api("GET", path, {"find": name}).json() for name in same] == [first.json()] * len(same)


@pytest.mark.parametrize("path", LOOKUPS)
@pytest.mark.parametrize("name", ["ji", "jim@", "BUG-00", "Widget Pro", "SUG-0023", "*", "%", "0"])
def test_t38_anything_else_is_404(client, path, name):
    answer = client.api("GET", path, {"find": name})
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_t38_the_wrong_element_project_or_spelling_is_404(client):
    for path in ("userRecordLookups/userscore", "userRecordLookups/Nope", "projects/Nope/userRecordLookups/UserStats"):
        assert client.api("GET", path, {"find": "jim"}).status_code == 404
    assert client.api("GET", "userDataPackages/UserScore").status_code == 404
    assert client.api("GET", "userRecordLookups/NegativeScore", {"find": "jim"}).status_code == 404


def test_a_plus_in_an_address_must_be_encoded(client, http):
    client.sandbox.admin("seed", {"centercode": {"users": [{"email": "a+b@x.example"}]}})
    url = f"{client.sandbox.url}/api/v1/userRecordLookups/UserScore?apiKey=sandbox-a&find="
    assert http.get(f"{url}a%2Bb@x.example").status_code == 200
    assert http.get(f"{url}a+b@x.example").status_code == 404


def test_t25_an_element_can_have_a_key_of_its_own(client):
    bound = {"Mine": {"fields": {"E-mail": "string"}, "api_key": "sandbox-mine"}}
    client.sandbox.admin("seed", {"centercode": {"endpoints": {"userDataPackages": bound}}})
    path = "userDataPackages/Mine"
    assert client.api("GET", path).status_code == 403
    assert client.api("GET", path, {"apiKey": "sandbox-mine"}).status_code == 200
    assert client.api("GET", path, {"apiKey": "other"}).status_code == 401
    assert "sandbox-mine" not in str(client.state())


def test_t26_checks_come_in_a_fixed_order(client):
    path, bad = "projects/No/userRecordLookups/No", {"apiKey": "x"}
    answers = [client.api("GET", path, query) for query in (bad, {}, {"find": "jim"})]
    assert [a.status_code for a in answers] == [401, 400, 404]
    wrong = client.api("POST", path, bad)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "section",
    [
        {"endpoints": {"feedback": {"X": {}}}},
        {"endpoints": {"userDataPackages": {"X": {}}}},
        {"endpoints": {"userDataPackages": {"X": {"fields": {"a": "text"}}}}},
        {"endpoints": {"userDataPackages": {"X": {"fields": {}, "results_per_page": 0}}}},
        {"endpoints": {"userDataPackages": {"X": {"fields": {}, "format": "xml"}}}},
        {"endpoints": {"userDataPackages": {"X": {"fields": {}, "where": {"a": {"like": 1}}}}}},
        {"endpoints": {"userMacroListeners": {"X": {"outcome": "failed"}}}},
        {"projects": [{"key": "P", "users": [{"user": "nobody"}]}]},
        {"users": [{"user_name": "a"}]},
    ],
)
def test_a_seed_that_can_t_be_is_refused(client, section):
    with pytest.raises(ValueError, match="400"):
        client.sandbox.admin("seed", {"centercode": section})
