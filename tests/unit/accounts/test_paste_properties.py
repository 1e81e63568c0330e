"""Any right shape is read right and any wrong kind is named, whatever mail, chat or terminal did to it on its way."""

from __future__ import annotations

import json
import os
import time
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.accounts.paste import LONGEST_PASTE, Code, NoCode, parse

REDIRECT = "http://127.0.0.1:8765/oauth/google/callback"
EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"
SCOPE = f"email https://www.googleapis.com/auth/userinfo.email openid {EVENTS}"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

many = settings(
    max_examples=2000 if os.environ.get("LONG") else 80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# As Google and we make them: a code has 73 characters (older ones 62), a state 43.
codes = st.sampled_from([58, 69]).flatmap(lambda n: st.text(LETTERS, min_size=n, max_size=n)).map("4/0A".__add__)
states = st.text(LETTERS, min_size=43, max_size=43)


def address(code: str, state: str, *, decoded: bool = False, base: str = REDIRECT) -> str:
    """What the address bar holds; browsers show it encoded, decoded, or a mixture."""
    if decoded:
        return f"{base}?state={state}&iss=https://accounts.google.com&code={code}&scope={SCOPE}&authuser=0"
    query = {"state": state, "iss": "https://accounts.google.com", "code": code, "scope": SCOPE, "authuser": "0"}
    return f"{base}?{urlencode(query)}"


def encoded(code: str) -> str:
    return quote(code, safe="")


WITH_STATE = {
    "the whole address": address,
    "shown decoded": lambda code, state: address(code, state, decoded=True),
    "without its scheme": lambda code, state: address(code, state).removeprefix("http://"),
    "an https name": lambda code, state: address(code, state, base="https://pbx.example.com/oauth/google/callback"),
    "mail entities": lambda code, state: address(code, state).replace("&", "&amp;"),
    "entities twice": lambda code, state: address(code, state).replace("&", "&amp;amp;"),
    "the query with its mark": lambda code, state: address(code, state)[len(REDIRECT) :],
    "the query": lambda code, state: address(code, state)[len(REDIRECT) + 1 :],
    "the state at its end": lambda code, state: f"{REDIRECT}?code={encoded(code)}&scope={quote(EVENTS)}&state={state}",
    "the slash encoded twice": lambda code, state: address(code, state).replace("4%2F", "4%252F"),
}
BARE = {
    "the code": lambda code, _: code,
    "the code encoded": lambda code, _: encoded(code),
    "code=": lambda code, _: f"code={code}",
    "code= and scope": lambda code, _: f"code={encoded(code)}&scope={quote(EVENTS)}",
    "the code and scope": lambda code, _: f"{code}&scope={quote(EVENTS)}",
    "?code=": lambda code, _: f"?code={code}&scope={EVENTS}",
}
WRAPPED = (
    *("{}", " {} ", '"{}"', "'{}'", "<{}>", "({})", "[{}]", "`{}`", "[link]({})"),
    *("\u201c{}\u201d", "\u201e{}\u201c", "\u2018{}\u2019", "\u00ab{}\u00bb", "\u00ab\u00a0{}\u00a0\u00bb"),
    *("\u2039{}\u203a", "\u300c{}\u300d", "\uff08{}\uff09", "\ufeff{}", "\u00a0{}\u202f"),
)
SENTENCES = (
    "{}",
    "Hello, here is what I got: {} - is that right? Thanks, Ann",
    "Hi,\nsee below.\n\n{}\n\nThanks",
    "On 12/4/2026 at 10:15 I clicked Allow and got {}",
    "Guten Tag, hier die Adresse: {} Viele Grüße, Jürgen",
    "Anbei:\r\n{}\r\nDanke schön!\r\n--\r\nM. Müller, Tel. 030/4-1234",
    "Bonjour, voici\u00a0: {} Merci d\u2019avance\u00a0!",
    "¡Hola! Esta es la dirección: {} ¿Está bien?",
    "Ecco l\u2019indirizzo: {}\n\nCordiali saluti",
    "Olá, o código é {} obrigado",
    "Здравствуйте, вот адрес: {} Спасибо!",
    "你好\uff0c地址是\uff1a{} 谢谢。",
    "こちらです\uff1a{}。\nよろしくお願いします。",
    "مرحبا\u060c هذا هو العنوان: {} شكرا\u061f",
    "שלום, הנה: {} תודה",
    "Merhaba, adres şu: {}\n\nTeşekkürler",
)
UNSEEN = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u202a", "\u2066")
BREAKS = ("\n", "\r\n", " \n", "\n  ", "\r\n\t")


@st.composite
def on_its_way(draw: st.DrawFn, text: str, *, breaks: bool = True) -> str:
    """The text sprinkled with what nobody sees, broken over lines, wrapped, and put into a sentence."""
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(UNSEEN)) + text[at:]
    if breaks and draw(st.booleans()):
        width = draw(st.integers(20, 100))
        text = draw(st.sampled_from(BREAKS)).join(text[at : at + width] for at in range(0, len(text), width))
    text = draw(st.sampled_from(WRAPPED)).format(text)
    text = draw(st.sampled_from(SENTENCES)).format(text)
    if draw(st.booleans()):
        text = "\n".join(f"> {line}" for line in text.split("\n"))
    return text


@pytest.mark.parametrize("shape", WITH_STATE.values(), ids=WITH_STATE.keys())
@many
@given(data=st.data(), code=codes, state=states)
def test_an_address_is_read_with_its_state(shape, data: st.DataObject, code: str, state: str) -> None:
    pasted = data.draw(on_its_way(shape(code, state)))
    found = parse(pasted, redirect_uri=REDIRECT)
    assert isinstance(found, Code), (found, pasted)
    assert (found.code, found.state) == (code, state), pasted


@pytest.mark.parametrize("shape", BARE.values(), ids=BARE.keys())
@many
@given(data=st.data(), code=codes)
def test_a_code_alone_is_read(shape, data: st.DataObject, code: str) -> None:
    pasted = data.draw(on_its_way(shape(code, "")))
    found = parse(pasted, redirect_uri=REDIRECT)
    assert isinstance(found, Code), (found, pasted)
    assert (found.code, found.state) == (code, None), pasted


@many
@given(data=st.data(), code=codes, state=states)
def test_an_address_inside_another_programs_address_is_read(data: st.DataObject, code: str, state: str) -> None:
    through = f"https://mail.example.com/redirect?to={quote(address(code, state), safe='')}"
    found = parse(data.draw(on_its_way(through, breaks=False)), redirect_uri=REDIRECT)
    assert isinstance(found, Code), found
    assert (found.code, found.state) == (code, state)


digits = st.text("0123456789", min_size=10, max_size=13)
small = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=20, max_size=32)
token = st.text(LETTERS, min_size=30, max_size=120)
FILE = st.builds(
    lambda kind, secret: json.dumps({kind: {"client_id": "1-a.apps.googleusercontent.com", "client_secret": secret}}),
    st.sampled_from(["web", "installed"]),
    token.map("GOCSPX-".__add__),
)
WRONG = {
    "client id": ("G-204", st.builds("{}-{}.apps.googleusercontent.com".format, digits, small)),
    "client secret": ("G-205", st.text(LETTERS, min_size=28, max_size=28).map("GOCSPX-".__add__)),
    "access token": ("G-206", token.map("ya29.a0".__add__)),
    "refresh token": ("G-206", token.map("1//0g".__add__)),
    "credentials file": ("G-209", FILE),
    "code cut short": ("G-210", st.text(LETTERS, min_size=2, max_size=14).map("4/0A".__add__)),
    "address cut short": ("G-210", st.text(LETTERS, max_size=10).map(lambda text: f"{REDIRECT}?code=4%2F0A{text}")),
    "code for a television": (
        "G-212",
        st.builds("{0}-{1}".format, *[st.text("BCDFGHJKLMNPQRSTVWXZ", min_size=4, max_size=4)] * 2),
    ),
    "something else": ("G-211", st.sampled_from(["I clicked Allow, what now?", "https://www.example.com/", "abc 123"])),
    "address without a code": ("G-202", states.map(lambda state: f"{REDIRECT}?state={state}&scope={quote(SCOPE)}")),
    "google's own page": (
        "G-203",
        states.map(
            lambda state: (
                f"https://accounts.google.com/o/oauth2/v2/auth?response_type=code&state={state}"
                f"&redirect_uri={quote(REDIRECT, safe='')}&scope={quote(SCOPE)}"
            )
        ),
    ),
    "error": ("G-301", states.map(lambda state: f"{REDIRECT}?error=access_denied&state={state}")),
    "two codes": ("G-208", st.lists(codes, min_size=2, max_size=2, unique=True).map(" and ".join)),
}


@pytest.mark.parametrize(("code", "kind"), WRONG.values(), ids=WRONG.keys())
@many
@given(data=st.data())
def test_a_wrong_kind_is_named(code: str, kind: st.SearchStrategy[str], data: st.DataObject) -> None:
    whole = kind in (WRONG["code cut short"][1], WRONG["address cut short"][1], WRONG["two codes"][1])
    pasted = data.draw(on_its_way(data.draw(kind), breaks=not whole))
    found = parse(pasted, redirect_uri=REDIRECT)
    assert isinstance(found, NoCode), pasted
    assert found.code == code, pasted


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("This site can\u2019t be reached\n127.0.0.1 refused to connect.", "G-300"),
        ("Error 400: redirect_uri_mismatch", "G-305"),
        ("Authorization Error\nError 403: access_denied\nRequest details", "G-302"),
        ("4/0AVMBsJhq7-xYz_0123456789abcdefg\u2026", "G-210"),
        (f"{REDIRECT}?state=a&code=4/0AVMBsJhq7-xYz_0123456789abcd\u2026fgh", "G-210"),
        ("\x1f\n\x1f", "G-201"),
    ],
)
def test_words_of_error_pages_and_codes_cut_by_a_display(pasted: str, code: str) -> None:
    assert parse(pasted, redirect_uri=REDIRECT) == NoCode(code=code)


@pytest.mark.parametrize(
    "piece",
    [
        "4\n",
        "a",
        "a-",
        "a.",
        "=\n",
        "code=",
        "4/",
        "state=a\n",
        "&amp;amp;",
        "%",
        "%25",
        "...",
        "1//",
        "?a\n",
        "\u2026",
    ],
)
def test_the_longest_paste_is_read_at_once(piece: str) -> None:
    """A person at the page waits for the answer, and so does everybody else."""
    pasted = (piece * LONGEST_PASTE)[:LONGEST_PASTE]
    began_s = time.process_time()
    parse(pasted, redirect_uri=REDIRECT)
    assert time.process_time() - began_s < 1.0
