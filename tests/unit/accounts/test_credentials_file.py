"""The credentials file: Google's two forms are read, every other file is named, and no file makes it fall over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.credentials_file import LARGEST_FILE_BYTES, Credentials, read_credentials
from gateway.config import Secret
from gateway.errors import SignInError

CANARY = "canary-f00d"
CLIENT: dict[str, Any] = {
    "client_id": "826310039758-abc.apps.googleusercontent.com",
    "project_id": "meeting-gateway-1",
    "auth_uri": "https://accounts.example/o/oauth2/auth",
    "token_uri": "https://oauth2.example/token",
    "client_secret": f"GOCSPX-{CANARY}",
    "redirect_uris": ["https://pbx.example.com/oauth/google/callback", "http://localhost:8765/oauth/google/callback"],
}


def file(kind: str = "web", **changes: Any) -> bytes:
    client = {name: value for name, value in {**CLIENT, **changes}.items() if value is not ...}
    return json.dumps({kind: client}).encode()


def refused(data: bytes) -> str:
    with pytest.raises(SignInError) as caught:
        read_credentials(data)
    error: BaseException | None = caught.value
    assert caught.value.field == "file"
    while error is not None:  # the parser's own error would carry the whole text
        assert CANARY not in repr(error) + repr(vars(error))
        error = error.__context__
    return caught.value.code


def test_a_web_client() -> None:
    assert read_credentials(file()) == Credentials(
        kind="web",
        client_id=CLIENT["client_id"],
        client_secret=Secret(CLIENT["client_secret"]),
        project_id="meeting-gateway-1",
        redirect_uris=tuple(CLIENT["redirect_uris"]),
    )


def test_a_desktop_client_with_a_byte_order_mark_and_spaces() -> None:
    data = b"\xef\xbb\xbf \r\n" + file("installed", redirect_uris=["http://localhost"]) + b"\n"
    read = read_credentials(data)
    assert (read.kind, read.redirect_uris) == ("installed", ("http://localhost",))
    assert CANARY not in repr(read)


@pytest.mark.parametrize("secret", [..., None, ""])
def test_a_file_that_was_made_after_the_secret_was_shown(secret: object) -> None:
    assert read_credentials(file(client_secret=secret)).client_secret is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"redirect_uris": ...}, ()),
        ({"redirect_uris": "https://a.example"}, ()),
        ({"redirect_uris": [1, None, "\ud800", "a b", "", [], "https://a.example", "https://a.example"]}, None),
        ({"redirect_uris": [f"https://a.example/{n}" for n in range(500)]}, "first 100"),
    ],
)
def test_odd_redirect_addresses(changes: dict[str, Any], expected: object) -> None:
    found = read_credentials(file(**changes)).redirect_uris
    if expected == "first 100":
        assert found == tuple(f"https://a.example/{n}" for n in range(100))
    else:
        assert found == (("https://a.example",) if expected is None else expected)


@pytest.mark.parametrize("project", [..., None, 5, "", "x\ny", "\ud800", "<b>", "p" * 101])
def test_odd_project_names(project: object) -> None:
    assert read_credentials(file(project_id=project)).project_id == ""


SERVICE_ACCOUNT = {"type": "service_account", "client_id": "1", "private_key": CANARY}
AUTHORIZED_USER = {
    "type": "authorized_user",
    "client_id": "1",
    "client_secret": CANARY,
    "refresh_token": f"1//{CANARY}",
}

WRONG = {
    "nothing": (b"", "G-110"),
    "HTML": (f"<!DOCTYPE html><html>{CANARY}</html>".encode(), "G-110"),
    "not quite JSON": (file()[:-1], "G-110"),
    "UTF-16": (file().decode().encode("utf-16"), "G-110"),
    "UTF-32": (file().decode().encode("utf-32"), "G-110"),
    "Latin-1": (b'{"web": {"client_id": "\xe9"}}', "G-110"),
    "too large": (file() + b" " * LARGEST_FILE_BYTES, "G-110"),
    "too deep": (b"[" * 60_000, "G-110"),
    "deep in the client": (b'{"web": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, "G-110"),
    "a huge number": (b'{"web": ' + b"9" * 10_000 + b"}", "G-110"),
    "a list": (b"[" + file() + b"]", "G-110"),
    "a text": (b'"web"', "G-110"),
    "null": (b"null", "G-110"),
    "an empty object": (b"{}", "G-110"),
    "both kinds": (json.dumps({"web": CLIENT, "installed": CLIENT}).encode(), "G-110"),
    "no client": (b'{"web": null}', "G-110"),
    "a list for a client": (b'{"web": []}', "G-110"),
    "an empty client": (b'{"web": {}}', "G-110"),
    "another kind": (json.dumps({"android": CLIENT}).encode(), "G-110"),
    "keys twice": (b'{"web": {"client_id": "a", "client_id": "b", "client_secret": "s"}}', "G-110"),
    "kind twice": (b'{"web": {}, "web": {"client_id": "b", "client_secret": "s"}}', "G-110"),
    "id is a number": (file(client_id=5), "G-110"),
    "id is empty": (file(client_id=""), "G-110"),
    "id with a surrogate": (file(client_id="\ud800"), "G-110"),
    "secret is a list": (file(client_secret=[CANARY]), "G-110"),
    "secret is false": (file(client_secret=False), "G-110"),
    "secret with a line break": (file(client_secret=f"{CANARY}\n"), "G-110"),
    "service account": (json.dumps(SERVICE_ACCOUNT).encode(), "G-111"),
    "authorized user": (json.dumps(AUTHORIZED_USER).encode(), "G-112"),
    "token.json of Google's quickstart": (json.dumps({"token": CANARY, "refresh_token": CANARY}).encode(), "G-112"),
    "token answer": (json.dumps({"access_token": CANARY, "expires_in": 3599}).encode(), "G-112"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_named(name: str) -> None:
    data, code = WRONG[name]
    assert refused(data) == code


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["web", "installed", "type", *CLIENT, "refresh_token", "token"]) | st.text(max_size=3),
            inner,
        )
    ),
    max_leaves=12,
)


def outcome(data: bytes) -> Credentials | str:
    """What was read, or the code of the refusal."""
    try:
        return read_credentials(data)
    except SignInError as error:
        return error.code


@given(st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_no_file_makes_it_fall_over(data: bytes) -> None:
    found = outcome(data)
    assert found in ("G-110", "G-111", "G-112") or isinstance(found, Credentials)


@given(st.dictionaries(st.sampled_from([*CLIENT]), ANY_JSON), st.sampled_from(["web", "installed"]))
def test_odd_values_in_the_right_places(changes: dict[str, Any], kind: str) -> None:
    found = outcome(file(kind, **changes))
    if isinstance(found, str):
        assert found == "G-110"
        return
    assert found.kind == kind
    assert all(each.isascii() and each.isprintable() for each in found.redirect_uris)
    assert found.client_id.isascii()
    assert found.project_id.isascii()
