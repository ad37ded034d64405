"""Values that are plainly no keys, and keys in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.redaction import redact
from unit.resolving import BUILDMASTER, CENTERCODE, V3, problems, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BM, CC, V3_TOKEN = "SHIPLINE_BUILDMASTER_API_KEY", "SHIPLINE_CENTERCODE_API_KEY", "SHIPLINE_V3_TOKEN"
TEXTS = {BM: BUILDMASTER, CC: CENTERCODE, V3_TOKEN: V3}
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6WyJyZWxlYXNlOndyaXRlIl19.c2lnbmF0dXJlLW9mLWl0"
HEX = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def redactor() -> Iterator[None]:
    """Texts that are ordinary words aren't hidden from the tests that follow."""
    yield
    redact.__init__()  # type: ignore[misc]


each_key = pytest.mark.parametrize("variable", TEXTS)


@each_key
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$CC_KEY", "is the name of a variable"),
        ("${CC_KEY}", "is the name of a variable"),
        ("${CC_KEY:-none of it}", "is the name of a variable"),
        ("$(CC_KEY)", "is the name of a variable"),
        ("$env:CC_KEY", "is the name of a variable"),
        ("$[[ inputs.key ]]", "is the name of a variable"),
        ("${{ secrets.CC_KEY }}", "is the name of a variable"),
        ("%CC_KEY%", "is the name of a variable"),
        ("%env.CC_KEY%", "is the name of a variable"),
        ("<your API key>", "is the name of a variable"),
        ("***", "is how a log shows a key"),
        ("[MASKED]", "is how a log shows a key"),
        ('"QUOTED-4711"', "is in quotes"),
        ("'QUOTED-4711'", "is in quotes"),
        ("keys/cc.txt", "is the path of a file, and not the key itself: put the path into {variable}_FILE instead"),
        ("WORKSPACE/keys/cc.txt", "is the path of a file"),
        ("https://cc.widget.test/?apiKey=4711", "is a URL"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "is a token of GitHub"),
        ("glpat-0123456789abcdefghij", "is a token of GitLab"),
        ("a-key-4711\n", "has a space, a line break or another character"),
        (" a-key-4711", "has a space"),
        ("a-key\r\nb-4711", "has a space"),
    ],
)
def test_what_is_plainly_no_key_is_a_problem_and_not_shown(
    variable: str, text: str, says: str, workspace: Path
) -> None:
    (workspace / "keys").mkdir()
    (workspace / "keys/cc.txt").write_text("the-key")
    text = text.replace("WORKSPACE", str(workspace))
    (found,) = problems(workspace, TEXTS[variable], environ={variable: text})
    assert found.startswith(f"{variable}: ")
    assert says.format(variable=variable) in found
    assert text.strip() not in found


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        (BM, JWT, "has the form of v3's access token: expected BuildMaster's API key"),
        (CC, JWT, "has the form of v3's access token: expected Centercode's API key"),
        (V3_TOKEN, HEX, "has the form of Centercode's API key: expected v3's access token"),
        (V3_TOKEN, HEX.upper(), "has the form of Centercode's API key"),
    ],
)
def test_another_services_form_is_a_problem(variable: str, text: str, says: str, workspace: Path) -> None:
    (found,) = problems(workspace, TEXTS[variable], environ={variable: text})
    assert says in found
    assert text not in found


@each_key
@pytest.mark.parametrize(
    "text",
    [
        "sandbox-key",
        "$2b$10$abcdefghijklmnopqrstuv",
        "pa$$word-$NAME-",
        "${half",
        "100%sure-50%",
        "***almost",
        '"one-quote',
        "it's-o'clock",
        "/not/a/file",
        "AbC+/dEf0123==",
        "glacier-production-deploy-key-1",
        "acme_0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123",
        "eyJhbGciOiJ-but-no-token",
        "x" * 4000,
    ],
)
def test_a_value_that_may_be_a_key_is_taken(variable: str, text: str, workspace: Path) -> None:
    assert read(workspace, TEXTS[variable], environ={variable: text}, need=True)


def test_each_service_takes_its_own_form(workspace: Path) -> None:
    text = BUILDMASTER + V3 + CENTERCODE
    assert read(workspace, text, environ={BM: HEX, CC: HEX, V3_TOKEN: JWT}, need=True)


def test_a_key_of_key_env_is_checked_and_named_by_its_variable(workspace: Path) -> None:
    text = CENTERCODE.replace("}", ", key-env: CC_KEY}")
    (workspace / "cc.txt").write_text("the-key")
    (found,) = problems(workspace, text, environ={"CC_KEY": "cc.txt"})
    assert found.startswith("CC_KEY: centercode.api-key: is the path of a file")
    assert "into CC_KEY_FILE" in found


@each_key
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_key_in_a_file_is_taken_without_one_line_ending(variable: str, end: str, workspace: Path) -> None:
    file = workspace / "key"
    file.write_bytes(f"key-in-a-file-4711{end}".encode())
    loaded = read(workspace, TEXTS[variable], environ={f"{variable}_FILE": str(file)}, need=True)
    key = next(t.key for t in (loaded.pipeline.buildmaster, *loaded.pipeline.v3, *loaded.pipeline.centercode) if t)
    assert key is not None
    assert key.reveal() == "key-in-a-file-4711"
    assert loaded.missing_keys == loaded.pipeline.warnings == ()
    assert redact("x key-in-a-file-4711") == "x ***"
    assert any(origin == f"{variable}_FILE" for _, _, origin in loaded.origins)


@each_key
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't read the file that it names (No such file or directory)"),
        (b"", "names an empty file"),
        (b"\r\n", "names an empty file"),
        (b"k" * 8193, "names a file of more than 8192 bytes"),
        (b"key-4711\n\n", "has a space, a line break"),
        (b"key-4711\nkey-4712\n", "has a space, a line break"),
        (b"\xff\xfek\x00e\x00y\x00", "has a space, a line break or another character"),
        (b'"key-4711"\n', "is in quotes"),
        (b"${CC_KEY}\n", "is the name of a variable"),
    ],
)
def test_a_file_that_holds_no_key_is_one_problem(
    variable: str, content: bytes | None, says: str, workspace: Path
) -> None:
    file = workspace / "key-file"
    if content is not None:
        file.write_bytes(content)
    (found,) = problems(workspace, TEXTS[variable], environ={f"{variable}_FILE": str(file)})
    assert found.startswith(f"{variable}_FILE: ")
    assert says in found
    assert "key-file" not in found  # the key itself may have been put there
    assert "4711" not in found


def test_a_folder_is_no_key_file(workspace: Path) -> None:
    (found,) = problems(workspace, BUILDMASTER, environ={f"{BM}_FILE": str(workspace)})
    assert "can't read the file that it names (Is a directory)" in found


def test_a_variable_and_its_file_may_both_be_set_only_if_they_agree(workspace: Path) -> None:
    file = workspace / "key"
    file.write_text("the-same-key\n")
    environ = {f"{BM}_FILE": str(file), BM: "the-same-key"}
    assert read(workspace, BUILDMASTER, environ=environ, need=True)
    (found,) = problems(workspace, BUILDMASTER, environ={**environ, BM: "another-key"})
    assert found == (
        f"{BM}_FILE: buildmaster.api-key: names a file with another key than {BM} holds: set one of the two variables"
    )


def test_a_wrapper_input_wins_over_a_file(workspace: Path) -> None:
    environ = {f"{BM}_FILE": str(workspace / "none"), "SHIPLINE_INPUT_BUILDMASTER_API_KEY": "key-of-the-pipeline"}
    loaded = read(workspace, BUILDMASTER, environ=environ, need=True)
    assert loaded.pipeline.buildmaster is not None
    assert loaded.pipeline.buildmaster.key is not None
    assert loaded.pipeline.buildmaster.key.reveal() == "key-of-the-pipeline"


@pytest.mark.parametrize("variable", ["CC_KEY", "SHIPLINE_CC_KEY"])
def test_a_key_env_variable_may_have_a_file_too(variable: str, workspace: Path) -> None:
    text = CENTERCODE.replace("}", f", key-env: {variable}}}")
    file = workspace / "key"
    file.write_text("firmware-key-4711\n")
    loaded = read(workspace, text, environ={f"{variable}_FILE": str(file)}, need=True)
    key = loaded.pipeline.centercode[0].key
    assert key is not None
    assert key.reveal() == "firmware-key-4711"
    assert loaded.pipeline.warnings == ()
    assert redact("firmware-key-4711") == "***"
    (found,) = problems(workspace, text, environ={f"{variable}_FILE": str(workspace / "none")})
    assert found.startswith(f"{variable}_FILE: centercode.key-env: can't read the file")


def test_an_empty_name_of_a_file_is_unset(workspace: Path) -> None:
    assert read(workspace, BUILDMASTER, environ={f"{BM}_FILE": "", BM: "a-key-of-bm"}, need=True)


def test_other_file_variables_are_unknown(workspace: Path) -> None:
    environ = {"SHIPLINE_V3_URL_FILE": "x"}
    (warning,) = read(workspace, BUILDMASTER, environ=environ).pipeline.warnings
    assert warning.startswith("SHIPLINE_V3_URL_FILE: unknown variable, ignored")
    (found,) = problems(workspace, BUILDMASTER, environ={BM: "a-key-of-bm", "SHIPLINE_INPUT_V3_TOKEN_FILE": "x"})
    assert found.startswith("v3-token-file: unknown input")
