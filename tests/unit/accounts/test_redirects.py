"""Redirect addresses as people type them: taken, mended, or refused with the code that says why."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.redirects import check_redirect, default_redirect, is_loopback_redirect, without_hidden
from gateway.errors import SignInError

CALLBACK = "http://127.0.0.1:8765/oauth/google/callback"

TAKEN = {
    CALLBACK: CALLBACK,
    "http://localhost": "http://localhost",
    "http://localhost:1/": "http://localhost:1/",
    "http://[::1]:65535/x": "http://[::1]:65535/x",
    "https://127.0.0.1/x": "https://127.0.0.1/x",
    "https://pbx.example.com/x/?a=%2F&b": "https://pbx.example.com/x/?a=%2F&b",
    "https://ucm.grandstream.com/google": "https://ucm.grandstream.com/google",
    "https://PBX.Example.com/Path?Query=A": "https://pbx.example.com/Path?Query=A",
    "Http://LocalHost:8765/CallBack": "http://localhost:8765/CallBack",
    "HTTPS://a.co": "https://a.co",
    "https://xn--bcher-kva.xn--p1ai/x": "https://xn--bcher-kva.xn--p1ai/x",
    f"  {CALLBACK}\r\n": CALLBACK,
    "http://127.0.0.1:8765/oauth/\r\n\u200bgoogle/callback\u00a0": CALLBACK,
}

REFUSED = {
    "": ("G-107", ""),
    "hello": ("G-107", ""),
    "localhost:8765/x": ("G-107", ""),
    "ftp://pbx.example.com/": ("G-107", ""),
    "urn:ietf:wg:oauth:2.0:oob": ("G-107", ""),
    "https:///x": ("G-107", ""),
    "http://": ("G-107", ""),
    "http://pbx.example.com/x": ("G-107", ""),
    "http://127.0.0.2/x": ("G-107", ""),
    "https://192.168.1.4/x": ("G-108", "192.168.1.4"),
    "http://10.0.0.7:8765/x": ("G-108", "10.0.0.7"),
    "https://[fe80::1]:8/x": ("G-108", "fe80::1"),
    "https://fe80::1/x": ("G-108", "fe80::1"),
    "https://1.2.3/x": ("G-108", "1.2.3"),
    "https://0x7f.1/x": ("G-108", "0x7f.1"),
    "https://pbx/x": ("G-108", "pbx"),
    "https://UCM.Local/x": ("G-108", "ucm.local"),
    "https://pbx.lan": ("G-108", "pbx.lan"),
    "https://pbx.office.internal?x": ("G-108", "pbx.office.internal"),
    "https://x.localhost/": ("G-108", "x.localhost"),
    "https://pbx.example.com./": ("G-108", "pbx.example.com."),
    "https://.com/": ("G-108", ".com"),
    "https://pbx.example.com/x#y": ("G-109", "'#' and what follows it"),
    "https://*.example.com/": ("G-109", "'*'"),
    "https://user:canary@pbx.example.com/": ("G-109", "the user name before '@'"),
    "https://pbx.example.com/a/../b": ("G-109", "'..'"),
    "https://pbx.example.com/a/%2e%2E/b": ("G-109", "'..'"),
    "https://pbx.example.com\\x": ("G-109", "'\\'"),
    "https://pbx.example.com/%zz": ("G-109", "'%'"),
    "https://pbx.example.com/%00": ("G-109", "'%00'"),
    "https://pbx.example.com/a b": ("G-109", "the space"),
    "https://bücher.example/": ("G-109", "'ü'"),
    "https://pbx.example.com:0/": ("G-109", "the port"),
    "https://pbx.example.com:canary/": ("G-109", "the port"),
    "https://pbx.example.com:/": ("G-109", "the port"),
    "https://pbx.example.com/" + "x" * 2000: ("G-109", "what is beyond 2000 characters"),
    "https://1-a.apps.googleusercontent.com/": ("G-109", "googleusercontent.com"),
}


@pytest.mark.parametrize("typed", TAKEN)
def test_taken(typed: str) -> None:
    assert check_redirect(typed) == TAKEN[typed]


@pytest.mark.parametrize("typed", REFUSED)
def test_refused(typed: str) -> None:
    with pytest.raises(SignInError) as caught:
        check_redirect(typed)
    code, what = REFUSED[typed]
    assert (caught.value.code, caught.value.field) == (code, "redirect_uri")
    assert what in str(caught.value)
    assert caught.value.values["host"] == what
    assert "canary" not in str(caught.value)
    assert "canary" not in str(caught.value.values)


def test_what_is_offered_instead_has_the_port_of_the_gateway() -> None:
    with pytest.raises(SignInError) as caught:
        check_redirect("http://pbx.example.com/x", default=default_redirect(9000))
    assert caught.value.values["port"] == "9000"
    assert caught.value.values["redirect"] == "http://127.0.0.1:9000/oauth/google/callback"


PIECES = st.sampled_from(
    [
        *("http", "https", "://", ":", "/", "?", "#", "@", "[", "]", "::1", "127.0.0.1", "localhost", ".", ".."),
        *("a.example", "%", "%2e", "*", "\\", "\u200b", "\n", " ", "ü", "\ud800", "\x00", "999999", "xn--", "٣", "com"),
    ]
)


def outcome(typed: str) -> str:
    """The address that is sent to Google, or the code of the refusal."""
    try:
        return check_redirect(typed)
    except SignInError as error:
        return error.code


@given(st.lists(PIECES | st.characters(), max_size=12).map("".join) | st.text())
def test_any_text_is_taken_or_refused_with_a_code(typed: str) -> None:
    address = outcome(typed)
    if address not in ("G-107", "G-108", "G-109"):
        assert check_redirect(address) == address
        assert re.fullmatch(r"https?://[!-~]+", address)
        assert is_loopback_redirect(address) or address.startswith("https://")


@given(st.sampled_from(sorted({*TAKEN.values()})), st.lists(st.sampled_from(["\n", "\u200b", "\ufeff", "\u00ad"])))
def test_what_copying_adds_changes_nothing(address: str, added: list[str]) -> None:
    where = len(address) // 2
    assert check_redirect(f" \t{address[:where]}{''.join(added)}{address[where:]}\u00a0 ") == address


def test_spaces_inside_are_left_for_the_check() -> None:
    assert without_hidden(" a b\u200b\n") == "a b"
