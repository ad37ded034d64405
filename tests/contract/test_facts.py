"""Each row of docs/fidelity.md about BuildMaster, the v3 API and its clients has tests, or says what isn't emulated.

Rows are found by their first column. Centercode's have numbers, and their tests in test_contradictions.py.
"""

from __future__ import annotations

import re

import pytest

from contract.test_contradictions import LEDGER, missing_tests

BUILDMASTER, DEPLOYMENTS = "sandbox/test_buildmaster.py", "sandbox/test_deployments.py"
V3, UPDATES = "sandbox/test_v3.py", "sandbox/test_v3_updates.py"
UPLOADS, WEBHOOKS, PAGE = "sandbox/test_v3_uploads.py", "sandbox/test_v3_webhooks.py", "sandbox/test_page.py"
OPERATIONS, OUTCOMES, REJECTED = "job/test_operations.py", "job/test_outcomes.py", "job/test_rejected.py"
TARGETS, CLIENTS = "unit/test_targets.py", "clients/test_cryptlex.py"
WEBHOOK = f"{WEBHOOKS}::test_webhooks_are_listed_and_deleted", f"{WEBHOOKS}::test_a_webhook_is_changed_in_what_is_given"
MASK = f"{OPERATIONS}::test_a_webhooks_token_is_masked_in_its_field_and_nowhere_else"
BY_LICENSE = f"{OPERATIONS}::test_an_update_check_shows_whether_the_license_allows_the_release"
BOTH_FLAGS = f"{CLIENTS}::test_lexactivator_finds_what_a_license_allows_with_both_flags"
CODES = f"{UPDATES}::test_bad_questions_are_400_with_the_code_that_lexactivator_reads"
CODES_READ = f"{CLIENTS}::test_lexactivator_reads_the_codes_of_the_sandbox"
STATUSES = f"{CLIENTS}::test_lexactivator_tells_statuses_apart"
SDK = f"{CLIENTS}::test_the_python_sdk_lists_creates_and_changes_releases_files_and_webhooks"

ROWS: dict[str, dict[str, list[str]]] = {
    "## BuildMaster": {
        "Place of the key": [f"{BUILDMASTER}::test_a_sandbox_key_is_taken_from_each_documented_place"],
        "Unknown key": [
            f"{BUILDMASTER}::test_another_key_is_403_with_a_text",
            f"{BUILDMASTER}::test_a_refused_key_may_get_an_empty_body",
        ],
        "Repeated parameter": [f"{BUILDMASTER}::test_parameter_in_query_and_body_is_400"],
        "Variable names": ["contract/test_variable_names.py::test_a_name_is_accepted_by_both_or_by_neither"],
        "Body": [f"{BUILDMASTER}::test_other_bodies_are_400", f"{BUILDMASTER}::test_json_body_works_as_a_form_does"],
        "Error body": [f"{BUILDMASTER}::test_bad_requests_are_400_with_a_reason"],
        "Dates": ["contract/test_cassettes.py::test_buildmaster"],
        "Stage order": [f"{DEPLOYMENTS}::test_stages_have_an_order_unless_forced"],
        "Next stage after the last": [f"{DEPLOYMENTS}::test_without_a_stage_the_next_one_is_taken"],
        "Furthest stage": [f"{DEPLOYMENTS}::test_parent_waits_and_executes_and_its_child_appears_then"],
        "Several targets in a stage": [
            f"{DEPLOYMENTS}::test_several_targets_make_several_children_and_the_worst_counts"
        ],
        "Last stage": [
            f"{DEPLOYMENTS}::test_the_last_stage_marks_build_and_release_deployed",
            f"{DEPLOYMENTS}::test_a_failed_last_stage_marks_nothing_deployed",
        ],
        "Deploying a rejected build, or into a canceled release": [
            f"{DEPLOYMENTS}::test_canceled_releases_and_rejected_builds_are_not_deployed"
        ],
        "Start time": [f"{DEPLOYMENTS}::test_start_time_without_date_or_time"],
        "Canceled deployment": [f"{DEPLOYMENTS}::test_a_deployment_can_be_ended_by_hand"],
        "Canceled release": [
            f"{BUILDMASTER}::test_cancel_and_restore",
            f"{DEPLOYMENTS}::test_canceled_releases_and_rejected_builds_are_not_deployed",
        ],
        "Events after the last stage": [
            f"{DEPLOYMENTS}::test_events_of_a_completed_pipeline_cancel_older_releases_and_create_the_next",
            f"{REJECTED}::test_build_that_is_rejected_at_its_end_is_announced_with_a_warning",
            "job/test_rerun.py::test_latest_is_kept_in_the_receipt",
        ],
        '"Override Status" of a failed deployment': [
            f"{DEPLOYMENTS}::test_status_of_a_failed_deployment_is_overridden_by_hand",
            f"{OUTCOMES}::test_failed_deployment_whose_status_was_overridden_is_not_deployed_again",
        ],
        "`targetDate` of a release, `environmentId` and `environmentName` of a deployment": [
            f"{DEPLOYMENTS}::test_environment_of_a_stage",
            f"{BUILDMASTER}::test_a_seed_may_hold_releases_of_any_state",
        ],
        "Builds without a release": [
            f"{BUILDMASTER}::test_build_without_a_release",
            f"{OPERATIONS}::test_every_operation_of_buildmaster",
            "unit/test_sdk.py::test_a_build_without_a_release_is_created_in_a_pipeline",
            f"{REJECTED}::test_build_without_a_release_is_created_once_and_announced",
        ],
        "The vendor's Jenkins plugin": [
            "contract/test_cassettes.py::test_sandbox_answers_the_calls_of_the_vendors_jenkins_plugin"
        ],
        "Names that a key can see": [
            "job/test_buildmaster.py::test_unknown_name_is_refused_with_the_names_that_the_key_can_see",
            "job/test_doctor.py::test_all_is_well_before_the_first_release_and_after_it",
            "unit/test_display.py::test_known_names_are_listed_nearest_first_and_ten_at_most",
        ],
        "Slugs in web addresses": ["unit/test_deploy.py::test_page_of_an_application_with_a_slug"],
    },
    "## v3 releases API": {
        "`list-releases`": [f"{V3}::test_lists_filter_sort_and_page", f"{V3}::test_a_page_has_25_unless_asked"],
        "`create-release`": [
            f"{V3}::test_a_new_release_is_a_draft",
            f"{V3}::test_a_wrong_member_is_400",
            f"{V3}::test_the_same_product_version_channel_and_a_platform_in_common_is_409",
        ],
        "`get-release`": [f"{OPERATIONS}::test_every_operation_of_v3"],
        "`update-release`": [
            f"{V3}::test_update_changes_what_is_given",
            "unit/test_publish_v3.py::test_update_adds_the_missing_platforms_to_a_draft",
        ],
        "`publish-release`": [f"{V3}::test_publishing_is_for_ever"],
        "`delete-release`": [f"{V3}::test_a_draft_can_be_deleted_with_its_files"],
        "`list-release-files`": [f"{V3}::test_release_files_need_a_release"],
        "`create-release-file`": [
            f"{V3}::test_a_file_is_registered_once",
            f"{V3}::test_the_answer_to_a_file_may_be_the_release",
        ],
        "`get-release-file`, `delete-release-file`": [f"{OPERATIONS}::test_every_operation_of_v3"],
        "`check-update`": [
            f"{UPDATES}::test_an_update_is_a_release_that_is_newer_in_the_parts_asked_for",
            f"{UPDATES}::test_a_license_may_not_allow_the_newest_release",
        ],
        "`check-allowed`": [f"{UPDATES}::test_a_license_may_not_allow_the_newest_release", BY_LICENSE],
        "`get-latest-release`": [f"{UPDATES}::test_only_published_releases_of_platform_and_channel_count"],
        "`list-webhooks`, `get-webhook`, `create-webhook`, `update-webhook`, `delete-webhook`": [*WEBHOOK, MASK],
        "`list-webhook-events`": [f"{OPERATIONS}::test_every_operation_of_v3"],
        "`list-webhook-event-logs`": [f"{WEBHOOKS}::test_a_new_release_is_told_and_signed"],
        "`upload-release-file`": [
            f"{UPLOADS}::test_a_file_is_stored_and_added_to_the_draft",
            f"{UPLOADS}::test_refusals_without_a_body",
            f"{UPLOADS}::test_servers_of_ones_own_take_a_form",
        ],
        "`list-my-releases`": [f"{V3}::test_a_user_sees_published_releases_that_are_neither_private_nor_archived"],
        "`list-release-platforms`, `create-release-platform`, `list-release-channels`, `create-release-channel`": [
            f"{V3}::test_platforms_and_channels_are_created_once_and_listed"
        ],
        "`delete-uploaded-file`": [f"{UPLOADS}::test_deleting_removes_the_bytes_only"],
        "`download-release-file`": [f"{UPLOADS}::test_customers_get_it_with_a_license_key"],
        "Token": [f"{V3}::test_without_a_sandbox_token_it_is_401"],
        "Errors": [CODES],
        "Version": [f"{V3}::test_a_wrong_member_is_400"],
        "Content type": [f"{V3}::test_other_bodies"],
        "Rate limit": [f"{V3}::test_unknown_members_and_rate_limit"],
        "Release server": [f"{UPLOADS}::test_a_file_is_stored_and_added_to_the_draft"],
        "Sending to webhooks": [f"{WEBHOOKS}::test_a_new_release_is_told_and_signed"],
        "Webhook addresses": [f"{WEBHOOKS}::test_what_can_not_be_delivered_is_logged_and_holds_nothing_up"],
        "Failed event": [f"{WEBHOOKS}::test_a_listener_that_fails_is_logged"],
        "Archive": [
            f"{UPDATES}::test_an_archived_release_is_offered_to_no_app",
            "job/test_v3_drafts.py::test_an_archived_release_is_refused_until_it_is_restored",
            "job/test_status.py::test_what_has_failed_and_what_was_taken_back",
        ],
        "Channels, platforms": [f"{V3}::test_platforms_and_channels_are_created_once_and_listed"],
        "Products that a token can see": [
            "job/test_buildmaster.py::test_unknown_name_is_refused_with_the_names_that_the_key_can_see",
            "job/test_doctor.py::test_all_is_well_before_the_first_release_and_after_it",
        ],
        "`LA_RELEASES_ALL` requests `GET /v3/releases/update`, and after a 200 "
        "`GET /v3/releases/ID/allowed?accountId&key`": [BOTH_FLAGS, BY_LICENSE],
        "`LA_RELEASES_ALLOWED` requests the first with `allowed=true`": [BOTH_FLAGS, BY_LICENSE],
        "It always sends a channel": [
            BOTH_FLAGS,
            f"{CLIENTS}::test_lexactivator_finds_no_update_in_the_parts_that_it_sends_or_in_another_channel",
        ],
        '`true` and `{"allowed": true}` are status 30, `{"allowed": false}` and `{}` are 32': [
            f"{CLIENTS}::test_lexactivator_reads_each_form_of_an_allowance",
            f"{OPERATIONS}::test_each_form_of_an_allowance_is_read_as_lexactivator_does",
        ],
        "In the update check, 400 `INVALID_VERSION_FORMAT` is 70, `INVALID_PRODUCT_ID` 43, other codes 92; 403 is 54, "
        "404 48, 429 90, 5xx 91": [CODES, CODES_READ, STATUSES],
        "Of `/allowed`, a 4xx is 48, but 429 is 90; 5xx is 91": [
            f"{CLIENTS}::test_lexactivator_tells_statuses_apart_of_an_allowance",
            f"{OPERATIONS}::test_each_form_of_an_allowance_is_read_as_lexactivator_does",
        ],
        "`INVALID_RELEASE_VERSION_FORMAT` and `RELEASE_VERSION_NOT_ALLOWED` belong to activations, and are 92 here": [
            CODES_READ,
            f"{V3}::test_a_wrong_member_is_400",
        ],
        "`SetReleaseVersion` accepts 2 to 4 numbers, also `1..2`, `01.2` and numbers beyond 32 bits": [
            f"{CLIENTS}::test_lexactivator_sends_versions_that_no_release_has",
            CODES,
            f"{UPDATES}::test_an_update_is_a_release_that_is_newer_in_the_parts_asked_for",
        ],
        "Its structures hold 10 files, 10 platforms, notes of 4,096 bytes with final NUL, 32-bit sizes (LexTypes.h). "
        "In Python: 12 files, 12 platforms, 705,032,704 for 5,000,000,000 bytes": [
            BOTH_FLAGS,
            f"{TARGETS}::test_more_than_an_application_can_hold_is_a_warning",
            f"{TARGETS}::test_a_size_of_more_than_32_bits_is_shown_as_an_application_sees_it",
            f"{TARGETS}::test_notes_that_an_application_can_not_hold_are_a_warning",
            "unit/test_publish_v3.py::test_a_size_that_only_the_files_server_reports_is_a_warning_if_no_application_can_hold_it",
        ],
        "It doesn't decode `\\u00e4`: an app sees `u00e4`, but `ä` in UTF-8": [BOTH_FLAGS],
        "Without product data (`SetProductData`) it sends an empty `accountId`": [BOTH_FLAGS, CODES_READ],
        "It refuses plain HTTP": [
            BOTH_FLAGS,
            "sandbox/test_sandbox.py::test_https_is_by_a_certificate_of_an_authority_that_is_printed",
        ],
        "The SDK sends `platform`, older than several platforms": [SDK],
        "The SDK's update check, older than 3.53.0, has no `accountId`": [
            SDK,
            f"{CLIENTS}::test_the_python_sdk_finds_an_update_on_an_api_of_its_time",
            f"{UPDATES}::test_an_older_api_needs_no_account",
        ],
        "The SDK reads the response to a new file as a release, and a 409 as an error object": [SDK],
    },
}
_SECTIONS = {part.split("\n", 1)[0]: part for part in re.split(r"(?m)^(?=## )", LEDGER.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("section", ROWS)
def test_every_row_has_tests_or_says_that_it_is_not_emulated(section: str) -> None:
    rows = re.findall(r"(?m)^\| (.+?) \| (.+) \|$", _SECTIONS[section])
    described = {first: rest for first, rest in rows if first not in {"Operation", "Subject", "Fact"}}
    if section == "## BuildMaster":  # sandbox/test_sandbox.py checks that each operation has a row
        described = {first: rest for first, rest in described.items() if not re.fullmatch(r"`[\w-]+`", first)}
        assert [first for first, rest in described.items() if not re.search(r"\b[DOAR]\b|not emulated", rest)] == []
    unshown = [first for first, rest in described.items() if first not in ROWS[section] and "not emulated" not in rest]
    assert (unshown, [first for first in ROWS[section] if first not in described]) == ([], [])


@pytest.mark.parametrize(("section", "row"), [(section, row) for section, rows in ROWS.items() for row in rows])
def test_the_tests_of_a_row_exist(section: str, row: str) -> None:
    assert missing_tests(ROWS[section][row]) == []
