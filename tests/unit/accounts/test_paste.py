"""Everything people paste after the consent page, and what it is taken for."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.accounts.paste import LONGEST_PASTE, Code, NoCode, parse

REDIRECT = "http://127.0.0.1:8765/oauth/google/callback"
CODE = "4/0AVMBsJhq7-xYz_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
STATE = "s-_tATE0123456789abcdefghijklmnop"
EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"
SCOPE = f"email https://www.googleapis.com/auth/userinfo.email openid {EVENTS}"
ADDRESS = f"{REDIRECT}?" + urlencode(
    {"state": STATE, "iss": "https://accounts.google.com", "code": CODE, "scope": SCOPE, "authuser": "0"}
)
DECODED = (
    f"{REDIRECT}?state={STATE}&iss=https://accounts.google.com&code={CODE}&scope={SCOPE}&authuser=0&prompt=consent"
)
CUT = ADDRESS.index("4%2F0AV") + 20


def taken(pasted: str, redirect_uri: str = REDIRECT) -> Code | NoCode:
    return parse(pasted, redirect_uri=redirect_uri)


WITH_STATE = {
    "whole address": ADDRESS,
    "decoded by the browser": DECODED,
    "without scheme": ADDRESS.removeprefix("http://"),
    "without scheme, decoded": DECODED.removeprefix("http://"),
    "https name": ADDRESS.replace("http://127.0.0.1:8765", "https://pbx.example.com"),
    "in straight quotes": f'"{ADDRESS}"',
    "in single quotes": f"'{ADDRESS}'",
    "in curly quotes": f"\u201c{ADDRESS}\u201d",
    "in guillemets": f"\u00ab{ADDRESS}\u00bb",
    "in angle brackets": f"<{ADDRESS}>",
    "in brackets": f"({ADDRESS})",
    "markdown link": f"[link]({ADDRESS})",
    "in a sentence": f"Hello, here is what I got: {ADDRESS} - is that right? Thanks, Ann",
    "sentence before on its own line": f"Here it is:\n\n{ADDRESS}\n\nRegards, Ann",
    "mail entities": ADDRESS.replace("&", "&amp;"),
    "query only": ADDRESS.partition("?")[2],
    "query only, with its mark": ADDRESS[ADDRESS.index("?") :],
    "broken in the code": f"{ADDRESS[:CUT]}\n{ADDRESS[CUT:]}",
    "broken in the code, indented": f"{ADDRESS[:CUT]}\r\n    {ADDRESS[CUT:]}",
    "broken many times": "\n".join(ADDRESS[at : at + 40] for at in range(0, len(ADDRESS), 40)),
    "broken before the code": DECODED.replace("code=", "code=\n"),
    "broken before its name": DECODED.replace("code=", "\ncode="),
    "zero-width spaces": ADDRESS.replace("&", "\u200b&\u200b").replace("4%2F", "4%2F\ufeff"),
    "no-break spaces around": f"\u00a0{ADDRESS}\u00a0",
    "cut in the scope": ADDRESS[: ADDRESS.index("scope=") + 14],
    "encoded twice": ADDRESS.replace("4%2F", "4%252F"),
    "fragment": f"{ADDRESS}#",
    "name of the address bar": f"Adresse: {ADDRESS}",
}

BARE = {
    "bare": CODE,
    "encoded": quote(CODE, safe=""),
    "trailing scope": f"{CODE}&scope={quote(EVENTS)}",
    "quoted": f'"{CODE}"',
    "broken": f"{CODE[:30]}\n{CODE[30:]}",
    "broken with blanks": f"  {CODE[:30]} \r\n  {CODE[30:]}  ",
    "no-break spaces": f"{CODE[:30]}\u00a0{CODE[30:]}",
    "zero-width": f"\ufeff{CODE[:9]}\u200b{CODE[9:]}",
    "sentence": f"My code is {CODE}. Thanks!",
    "assignment": f"code={CODE}",
    "assignment and scope": f"code={quote(CODE, safe='')}&scope={quote(EVENTS)}",
    "question mark": f"?code={CODE}&scope={EVENTS}",
}

MISTAKEN = {
    "empty": ("", "G-201"),
    "blank": (" \u00a0\u200b\r\n", "G-201"),
    "callback without code": (f"{REDIRECT}?state={STATE}&iss=https://accounts.google.com", "G-202"),
    "callback bare": (REDIRECT, "G-202"),
    "callback without scheme": ("127.0.0.1:8765/oauth/google/callback", "G-202"),
    "callback under localhost": ("http://localhost:8765/", "G-202"),
    "code is empty": (f"{REDIRECT}?state={STATE}&code=&scope=x", "G-202"),
    "google's consent page": (
        f"https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=1-a.apps.googleusercontent.com"
        f"&redirect_uri={quote(REDIRECT, safe='')}&scope={quote(SCOPE)}&state={STATE}",
        "G-203",
    ),
    "google's consent page, decoded": (
        f"accounts.google.com/signin/oauth/consent?authuser=0&redirect_uri={REDIRECT}&state={STATE}",
        "G-203",
    ),
    "client id": ("826310039758-cg3u64hr58eorenez.apps.googleusercontent.com", "G-204"),
    "client secret": ("GOCSPX-f-HNne3jXnz8ZP_TsdNFbtX", "G-205"),
    "access token": ("ya29.a0AfB_byC-d3f", "G-206"),
    "refresh token": ("1//0gabcdefGHIJ-KLMNop", "G-206"),
    "two codes": (f"{CODE}\n{CODE[:-3]}xyz", "G-208"),
    "two addresses": (f"{ADDRESS} {ADDRESS.replace('4%2F0AV', '4%2F0AX')}", "G-208"),
    "one code, two states": (f"{ADDRESS} {ADDRESS.replace(STATE, 'other')}", "G-207"),
    "credentials file": (json.dumps({"installed": {"client_id": "x", "client_secret": "y"}}), "G-209"),
    "part of the file": ('"client_secret": "GOCSPX-abc",', "G-209"),
    "cut bare": ("4/0AVMBsJhq", "G-210"),
    "cut at its start": (CODE[2:], "G-210"),
    "cut address": (f"{REDIRECT}?state={STATE}&code=4%2F0AVM", "G-210"),
    "only 4": ("4", "G-210"),
    "words": ("I clicked Allow, what now?", "G-211"),
    "too long": ("x" * (LONGEST_PASTE + 1), "G-211"),
    "code too long": (f"4/0A{'x' * 300}", "G-211"),
    "television": ("ABCD-EFGH", "G-212"),
    "cancelled": (f"{REDIRECT}?error=access_denied&state={STATE}", "G-301"),
    "internal app": (f"{REDIRECT}?error=org_internal", "G-303"),
    "admin": ("error=admin_policy_enforced", "G-304"),
    "mismatch": (f"{REDIRECT}?error=redirect_uri_mismatch", "G-305"),
    "google's problem": (f"{REDIRECT}?error=server_error&state={STATE}", "G-312"),
    "unknown error": (f"{REDIRECT}?error=brand_new&state={STATE}", "G-319"),
    "error beside a code": (f"{REDIRECT}?error=access_denied&code={CODE}", "G-301"),
}


@pytest.mark.parametrize("pasted", WITH_STATE.values(), ids=WITH_STATE.keys())
def test_addresses_are_taken_with_their_state(pasted: str) -> None:
    found = taken(pasted)
    assert isinstance(found, Code), found
    assert (found.code, found.state) == (CODE, STATE)


@pytest.mark.parametrize("pasted", BARE.values(), ids=BARE.keys())
def test_codes_alone_are_taken(pasted: str) -> None:
    found = taken(pasted)
    assert isinstance(found, Code), found
    assert (found.code, found.state) == (CODE, None)


@pytest.mark.parametrize(("pasted", "code"), MISTAKEN.values(), ids=MISTAKEN.keys())
def test_anything_else_is_named(pasted: str, code: str) -> None:
    found = taken(pasted)
    assert isinstance(found, NoCode), found
    assert found.code == code


@pytest.mark.parametrize("pasted", [ADDRESS, DECODED, ADDRESS.replace("%20", "+"), ADDRESS.replace("+", "%20")])
def test_the_scopes_of_an_address_are_read(pasted: str) -> None:
    found = taken(pasted)
    assert isinstance(found, Code)
    assert found.scopes == tuple(SCOPE.split())
    assert found.iss == "https://accounts.google.com"


def test_a_callback_under_a_public_name_is_known() -> None:
    redirect = "https://pbx.example.com/oauth/google/callback"
    assert taken("https://pbx.example.com/oauth/google/callback?state=x", redirect) == NoCode(code="G-202")
    assert taken("https://other.example.com/?state=x", redirect) == NoCode(code="G-211")


def test_a_code_is_in_no_repr() -> None:
    assert CODE[:12] not in repr(taken(ADDRESS))
    assert STATE not in repr(taken(ADDRESS))


patient = settings(deadline=None)

tail = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=20, max_size=120)
codes = tail.map(lambda text: f"4/0A{text}")
states = st.text("ABCDEFabcdef0123456789-_", min_size=22, max_size=60)
wrappings = st.sampled_from(
    [
        '"{}"',
        "'{}'",
        "<{}>",
        "({})",
        "\u201c{}\u201d",
        "\u201e{}\u201c",
        "\u00ab{}\u00bb",
        "{}",
        " {} ",
        "\ufeff{}",
        "`{}`",
    ]
)
sentences = st.sampled_from(["{}", "Here: {} thanks", "see {}", "\n{}\n", "Hello\n\n{}\n\nBye Ann"])


@st.composite
def broken(draw: st.DrawFn, text: str) -> str:
    """The text, broken over lines and sprinkled with what nobody sees."""
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(8, len(text) - 1))
        text = text[:at] + draw(st.sampled_from(["\u200b", "\ufeff", "\u00ad", "\u2060"])) + text[at:]
    return text


@patient
@given(st.data(), codes, states)
def test_any_code_and_state_are_found_however_they_are_wrapped(data: st.DataObject, code: str, state: str) -> None:
    shown = quote(code, safe="") if data.draw(st.booleans()) else code
    between = data.draw(st.sampled_from(["&", "&amp;"]))
    start = data.draw(st.sampled_from([f"{REDIRECT}?", REDIRECT.removeprefix("http://") + "?", "?", ""]))
    address = start + between.join([f"state={state}", f"code={shown}", f"scope={quote(EVENTS)}", "authuser=0"])
    pasted = data.draw(sentences).format(data.draw(wrappings).format(data.draw(broken(address))))
    found = taken(pasted)
    assert isinstance(found, Code), (found, pasted)
    assert (found.code, found.state) == (code, state)


@patient
@given(st.data(), codes, states, st.integers(20, 100))
def test_any_address_broken_at_a_width_is_put_together(data: st.DataObject, code: str, state: str, width: int) -> None:
    shown = quote(code, safe="") if data.draw(st.booleans()) else code
    address = f"{REDIRECT}?state={state}&code={shown}&scope={quote(EVENTS)}"
    ending = data.draw(st.sampled_from(["\n", "\r\n", " \n", "\n  "]))
    found = taken(ending.join(address[at : at + width] for at in range(0, len(address), width)))
    assert isinstance(found, Code), found
    assert (found.code, found.state) == (code, state)


@patient
@given(st.data(), codes)
def test_any_bare_code_is_found(data: st.DataObject, code: str) -> None:
    shown = quote(code, safe="") if data.draw(st.booleans()) else code
    at = data.draw(st.integers(4, len(shown) - 1))
    split = data.draw(st.sampled_from(["", "\n", "\r\n ", "\u00a0", "\u200b", " "]))
    pasted = data.draw(wrappings).format(shown[:at] + split + shown[at:])
    found = taken(pasted)
    assert isinstance(found, Code), (found, pasted)
    assert (found.code, found.state) == (code, None)


@patient
@given(st.text(max_size=300) | st.text("4/0A%2F&?=#code error\n\"'<>:.-_", max_size=80))
def test_no_text_breaks_the_reader(pasted: str) -> None:
    found = taken(pasted)
    if isinstance(found, Code):
        assert 20 <= len(found.code) <= 256
        assert found.code.isascii()


def test_a_break_before_the_equals_sign_within_french_quotes():
    state = "0" * 43
    scope = "sco\npe=https%3A//www.googleapis.com/auth/calendar.events.owned"
    pasted = f"«\xa0{REDIRECT}?code=4%2F0A{'0' * 69}&{scope}&state\n={state}\xa0»"
    found = parse(pasted, redirect_uri=REDIRECT)
    assert isinstance(found, Code)
    assert found.state == state
