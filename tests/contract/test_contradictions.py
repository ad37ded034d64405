"""Each known contradiction of the documents has tests of what we do about it, and a row in docs/fidelity.md.

The numbers are the ledger's. T-01 to T-18 are about Project Release, whose tests are in sandbox/test_centercode.py.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
LEDGER = TESTS.parent / "docs" / "fidelity.md"
CONTRACT, SENT = "contract/test_centercode.py", "contract/test_documented_requests.py"
DOCUMENTS, RELEASES = "contract/test_documents.py", "sandbox/test_centercode.py"
CURLS, REPORTS = "sandbox/test_centercode_curls.py", "sandbox/test_centercode_reports.py"
LISTENERS, FEEDBACK = "sandbox/test_centercode_listeners.py", "sandbox/test_centercode_feedback.py"
OPERATIONS, SESSION = "job/test_operations.py", "transport/test_session.py"
SENT_AS_DOCUMENTED = f"{SENT}::test_the_documents_request_is_sent_and_its_answer_read"
PRINTED = f"{CURLS}::test_a_printed_command_does_what_the_ledger_says"

PLACES: dict[str, tuple[str, list[str]]] = {
    "T-19": (
        "JSON is wanted, the printed commands send a form",
        [PRINTED, SENT_AS_DOCUMENTED, f"{RELEASES}::test_t19_only_json_is_taken_unless_lenient"],
    ),
    "T-20": (
        "a macro is posted with an empty form",
        [f"{CONTRACT}::test_a_macro_takes_no_body", f"{LISTENERS}::test_t20_a_macro_takes_any_body_or_none"],
    ),
    "T-21": (
        "the printed lookups have two question marks",
        [SENT_AS_DOCUMENTED, f"{CURLS}::test_t21_the_four_lookups_work_once_the_stray_page_is_gone"],
    ),
    "T-22": (
        "Community User Data is printed with the project's path",
        [SENT_AS_DOCUMENTED, f"{CURLS}::test_t22_the_community_s_data_listener_is_another_one"],
    ),
    "T-23": (
        "addresses in answers come without the key they need",
        [
            f"{OPERATIONS}::test_an_answer_that_says_where_to_go_on_is_followed",
            f"{OPERATIONS}::test_the_key_goes_nowhere_else",
        ],
    ),
    "T-24": (
        "the key is in the query",
        [
            f"{SESSION}::test_a_query_key_reaches_the_server_and_no_message",
            f"{SESSION}::test_a_second_origin_receives_nothing_by_any_redirect",
            f"{RELEASES}::test_t24_the_key_is_in_no_log_and_no_state",
            "unit/test_targets.py::test_plain_http",
        ],
    ),
    "T-25": (
        "401 and 403 aren't told apart",
        [
            f"{OPERATIONS}::test_errors_have_the_exit_codes_of_the_main_job",
            f"{RELEASES}::test_t25_unknown_keys_are_401_and_those_of_other_endpoints_403",
        ],
    ),
    "T-26": (
        "two forms of errors, and statuses that are missing from the list",
        [
            "contract/test_cassettes.py::test_centercode",
            f"{RELEASES}::test_t26_checks_come_in_a_fixed_order",
            f"{REPORTS}::test_t26_checks_come_in_a_fixed_order",
        ],
    ),
    "T-27": ("Find is the name of find", [f"{CONTRACT}::test_a_missing_lookup_query_is_answered_so"]),
    "T-28": (
        "the error for a missing find",
        [
            f"{CONTRACT}::test_a_missing_lookup_query_is_answered_so",
            f"{REPORTS}::test_t28_without_find_the_documented_error",
        ],
    ),
    "T-29": ("headings without a status", [f"{DOCUMENTS}::test_the_documented_status_is_the_only_success"]),
    "T-30": (
        "what ten requests a second are counted for",
        [
            f"{RELEASES}::test_t30_rate_limit_as_the_library_answers",
            f"{RELEASES}::test_t30_rate_limit_as_documented",
            f"{SESSION}::test_a_post_is_sent_again_after_429_only",
        ],
    ),
    "T-31": ("examples that hold types", [f"{DOCUMENTS}::test_the_example_fits"]),
    "T-32": (
        "field or name",
        [
            f"{CONTRACT}::test_a_lookup_may_answer",
            f"{REPORTS}::test_t32_items_are_named_by_field_as_in_the_examples_or_by_name_as_in_the_schema",
        ],
    ),
    "T-33": (
        "values are strings or numbers",
        [
            f"{CONTRACT}::test_a_lookup_may_answer",
            f"{CONTRACT}::test_a_package_may_answer",
            f"{REPORTS}::test_t33_values_are_typed_and_nothing_is_an_empty_list",
        ],
    ),
    "T-34": (
        "more results than rows",
        [
            f"{CONTRACT}::test_a_documented_page_has_fewer_rows_than_results",
            f"{REPORTS}::test_every_documented_package_has_its_rows",
        ],
    ),
    "T-35": (
        "what a page may be",
        [
            f"{CONTRACT}::test_a_page_is_counted_from_one",
            f"{OPERATIONS}::test_every_page_or_none",
            f"{REPORTS}::test_t35_a_page_is_a_number_from_1",
            f"{REPORTS}::test_t35_pages_cover_every_row_once",
        ],
    ),
    "T-36": (
        "CSV by the server's setting",
        [
            f"{CONTRACT}::test_packages_and_lookups_may_be_csv_and_nothing_else",
            f"{OPERATIONS}::test_every_page_or_none",
            f"{REPORTS}::test_t36_csv_is_the_element_s_own_setting",
        ],
    ),
    "T-37": ("ids that no example has", [f"{CONTRACT}::test_a_lookup_may_answer", SENT_AS_DOCUMENTED]),
    "T-38": (
        "what find matches",
        [
            f"{REPORTS}::test_t38_find_is_a_key_user_name_or_address_in_any_case",
            f"{REPORTS}::test_a_plus_in_an_address_must_be_encoded",
        ],
    ),
    "T-39": (
        "a macro's status id that is an import's",
        [f"{LISTENERS}::test_t40_the_documented_status_is_there_and_another_id_is_404"],
    ),
    "T-40": (
        "a queue without reasons and without an end",
        [
            f"{CONTRACT}::test_it_may_be",
            f"{OPERATIONS}::test_an_answer_that_says_where_to_go_on_is_followed",
            f"{LISTENERS}::test_t40_a_macro_is_pending_then_processed_then_done",
        ],
    ),
    "T-41": (
        "a comment that comes back as another",
        [
            f"{DOCUMENTS}::test_the_documents_answer_is_not_what_was_sent",
            f"{LISTENERS}::test_t41_comments_are_echoed_exactly_and_stay_on_the_record",
        ],
    ),
    "T-42": (
        "any JSON, also what nobody has configured",
        [
            f"{CONTRACT}::test_it_may_be",
            f"{LISTENERS}::test_t42_what_isn_t_configured_is_answered_as_not_matched",
            f"{LISTENERS}::test_t42_any_json_is_accepted",
        ],
    ),
    "T-43": (
        "title or summary",
        [
            f"{CONTRACT}::test_it_may_be",
            SENT_AS_DOCUMENTED,
            f"{FEEDBACK}::test_t43_the_summary_is_the_title_of_the_printed_command",
        ],
    ),
    "T-44": (
        "feedbackKey means two things",
        [
            f"{CONTRACT}::test_feedback_key_is_a_source_when_feedback_is_created_and_the_feedback_when_files_are_added",
            f"{FEEDBACK}::test_t44_the_source_key_names_the_source_and_the_item_key_the_item",
        ],
    ),
    "T-45": (
        "whose id an attachment's id is",
        [
            f"{CONTRACT}::test_no_id_of_the_documented_feedback_can_be_told_from_another",
            f"{FEEDBACK}::test_t45_the_page_has_ids_of_its_own_and_shows_what_testers_see",
        ],
    ),
    "T-46": (
        "file elements that may be missing",
        [
            f"{CONTRACT}::test_it_may_be",
            f"{FEEDBACK}::test_t46_file_elements_are_named_only_if_there_are_any",
        ],
    ),
    "T-47": (
        "how large and how many files may be",
        [
            f"{SENT}::test_a_form_of_two_gigabytes_is_refused_before_anything_is_sent",
            f"{OPERATIONS}::test_files_that_can_not_be_attached_are_told_before_or_after_the_feedback_is_made",
            f"{FEEDBACK}::test_t47_over_the_limit_is_413_with_the_usual_body",
            f"{FEEDBACK}::test_t47_a_second_file_needs_an_element_that_takes_several",
        ],
    ),
    "T-48": ("headings that aren't the paths", [f"{CONTRACT}::test_the_operations_are_the_references"]),
    "T-49": (
        "an end date whose time doesn't count",
        [
            "sandbox/test_page.py::test_dates_say_whether_a_release_can_be_seen",
            "unit/test_targets.py::test_end_date_is_the_day_that_was_written",
            "unit/test_targets.py::test_end_date_before_which_testers_see_nothing_is_a_warning",
        ],
    ),
    "T-50": (
        "the guide's date with AM",
        [
            f"{RELEASES}::test_t01_other_dates_are_refused",
            "unit/test_values.py::test_an_ambiguous_instant_shows_the_fix",
        ],
    ),
    "T-51": (
        "names that can't be listed",
        ["unit/test_publish_centercode.py::test_one_that_was_refused_is_posted_again"],
    ),
    "T-52": (
        "what a link may say, and what needn't be a link",
        [
            f"{RELEASES}::test_t18_links_bucket_files_both_or_none",
            "unit/test_publish_centercode.py::test_each_link_has_its_own_settings_and_need_not_be_an_artifact",
            f"{OPERATIONS}::test_comments_and_data_may_be_any_json_and_a_release_its_title_alone",
        ],
    ),
}


def test_none_is_left_out() -> None:
    assert list(PLACES) == [f"T-{number}" for number in range(19, 53)]


@pytest.mark.parametrize("number", PLACES)
def test_it_has_tests(number: str) -> None:
    title, places = PLACES[number]
    assert title
    assert places
    assert missing_tests(places) == []


def missing_tests(places: list[str]) -> list[str]:
    """Those that no test has."""
    return [place for place in places if place.partition("::")[2] not in _functions(place.partition("::")[0])]


@functools.cache
def _functions(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("number", [f"T-{number:02}" for number in range(1, 53)])
def test_it_has_a_row_in_the_ledger(number: str) -> None:
    rows = re.findall(rf"^\| {number} \|(.+)\|$", LEDGER.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 1
    _, document, sandbox = rows[0].split(" | ")
    assert document.strip()
    assert re.match(r"[DOAR]: ", sandbox)  # documented, observed, assumed, own rule
