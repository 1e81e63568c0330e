"""Reads what a person pasted after the consent page; pure, and whether the code is any good only Google knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote, urlsplit

from gateway import messages
from gateway.accounts.paste_lines import joined, plain
from gateway.google.oauth import CONSENT_HOST

LONGEST_PASTE = 16 * 1024
SHORTEST_CODE = 20
LONGEST_CODE = 256
"""Google's limit for authorization codes (OAuth 2.0 overview, "Token size"); real ones have about 75 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code; `state`, `iss` and `scopes` are what the address around it said, if there was one."""

    code: str = field(repr=False)
    state: str | None = field(default=None, repr=False)
    iss: str | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCode:
    """Why the text holds no code, as a catalogue code; `said` is the error name of the address, if it had one."""

    code: str
    said: str = ""


def parse(pasted: str, *, redirect_uri: str) -> Code | NoCode:
    """Return the code in `pasted`, or what was pasted instead.

    Accepted are the whole address or any end of it, with or without scheme, quoted, inside a sentence, with `&amp;`
    for `&`, and the bare code, percent-encoded or not, broken over lines.
    """
    if len(pasted) > LONGEST_PASTE:
        return NoCode(code="G-211")
    text = joined(plain(pasted)).strip()
    if not text:
        return NoCode(code="G-201")
    if _CREDENTIALS.search("".join(text.split())):
        return NoCode(code="G-209")
    if _WHOLLY_ENCODED.search(text):  # an address that went through another program's address
        text = unquote(text)
    found = _parameters(text)
    if found.get("error"):
        said = found["error"][0]
        return NoCode(code=_ERRORS.get(said, "G-319"), said=said[:100])
    if found.get("code"):
        return _from_address(found)
    return _from_anything(text, redirect_uri)


_PARAMETER = re.compile(r"(?<![\w%.-])(code|state|error|iss)=([^\s\"<>()\[\]{}&#\x80-\U0010ffff]*…?)", re.ASCII)
# Browsers may show the scope decoded, with blanks in it; it ends where the next parameter or the address ends.
_SCOPE = re.compile(r"[?&]scope=([^&#\"<>\r\n]*)")
_CREDENTIALS = re.compile(r"^\{\"|\"(?:client_secret|installed|web|refresh_token|private_key)\":")
_WHOLLY_ENCODED = re.compile(r"(?:^|[\s\"<(]|%26|%3f)code%3d", re.IGNORECASE)
_HOST = re.compile(
    r"(?<![\w.%@=/-])(?:https?://)?((?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:]+\])(?::\d+)?[/?]",
    re.IGNORECASE | re.ASCII,
)
_BARE = re.compile(r"(?<![\w/.%=-])4/[\w-]+…?", re.ASCII)
_ENDING = ".,;:!?*~"
_ERROR_LINE = re.compile(r"\berror [45]\d\d: \w", re.IGNORECASE | re.ASCII)

_ERRORS = {
    "access_denied": "G-301",
    "org_internal": "G-303",
    "admin_policy_enforced": "G-304",
    "redirect_uri_mismatch": "G-305",
    "invalid_client": "G-306",
    "deleted_client": "G-307",
    "invalid_request": "G-308",
    "disallowed_useragent": "G-309",
    "invalid_scope": "G-310",
    "server_error": "G-312",
    "temporarily_unavailable": "G-312",
}
"""RFC 6749 section 4.1.2.1 and the names on Google's own error page."""


def _parameters(text: str) -> dict[str, list[str]]:
    """Collect the distinct values of each parameter, in order, wherever in the text its address begins."""
    found: dict[str, list[str]] = {}
    for name, raw in [*_PARAMETER.findall(text), *(("scope", raw) for raw in _SCOPE.findall(text))]:
        value = _decoded(raw) if name == "code" else unquote(raw).strip()
        if name in ("error", "state"):
            value = value.rstrip(_ENDING)
        if value not in found.setdefault(name, []):
            found[name].append(value)
    return {name: [value for value in values if value] for name, values in found.items()}


def _decoded(raw: str) -> str:
    """Percent-decode a code, also one that was encoded twice on its way, and drop what ends a sentence."""
    for _ in range(2):
        if "%" in raw:
            raw = unquote(raw)
    return raw.strip().rstrip(_ENDING)


def _from_address(found: dict[str, list[str]]) -> Code | NoCode:
    states, scopes = found.get("state", []), found.get("scope", [])
    if len(found["code"]) > 1:
        return NoCode(code="G-208")
    if len(states) > 1:
        return NoCode(code="G-207")
    code = found["code"][0]
    if len(code) < SHORTEST_CODE or code.endswith("…"):
        return NoCode(code="G-210")
    if len(code) > LONGEST_CODE or not re.fullmatch(r"[\w/.~-]+", code, re.ASCII):
        return NoCode(code="G-211")
    return Code(
        code=code,
        state=states[0] if states else None,
        iss=next(iter(found.get("iss", [])), None),
        scopes=tuple(re.split(r"[\s+]+", scopes[0])) if scopes else None,
    )


def _from_anything(text: str, redirect_uri: str) -> Code | NoCode:
    """Find a bare code, or say what else the text is."""
    printed = _googles_words(text)
    if printed and _ERROR_LINE.search(text):  # such a page quotes our own address
        return NoCode(code=printed)
    compact = _compact(text)
    hosts = {found.lower() for found in (*_HOST.findall(text), *_HOST.findall(compact))}
    if CONSENT_HOST in hosts:
        return NoCode(code="G-203")
    if hosts & {"localhost", "127.0.0.1", "[::1]"} or _is_callback(text, redirect_uri):
        return NoCode(code="G-202")
    whole = _BARE.fullmatch(compact)
    codes = [compact] if whole else _distinct(_BARE.findall(_decoded(text)))
    if len(codes) == 1 and len(codes[0]) >= SHORTEST_CODE and not codes[0].endswith("…"):
        return Code(code=codes[0]) if len(codes[0]) <= LONGEST_CODE else NoCode(code="G-211")
    if len(codes) > 1:
        return NoCode(code="G-208")
    mistaken = next((code for pattern, code in _MISTAKEN if pattern.search(compact)), "")
    if mistaken or _DEVICE_CODE.search(text) or _DEVICE_CODE_ALONE.fullmatch(compact):
        return NoCode(code=mistaken or "G-212")
    if codes or compact == "4" or re.fullmatch(r"0A[\w-]{18,}", compact, re.ASCII):
        return NoCode(code="G-210")
    return NoCode(code=printed or "G-211")


def _distinct(codes: Iterable[str]) -> list[str]:
    """The different codes; beside a whole one, a short piece is a date or a number."""
    different = list(dict.fromkeys(codes))
    whole = [code for code in different if len(code) >= SHORTEST_CODE]
    return whole or different[:1]


def _is_callback(text: str, redirect_uri: str) -> bool:
    parts = urlsplit(redirect_uri)
    return f"{parts.netloc}{parts.path}".lower() in text.lower()


def _compact(text: str) -> str:
    """Reduce the text to what a bare code, an id or a token would be: no blanks, no quotes, nothing after `&`."""
    bare = "".join(text.split()).split("&", 1)[0].split("#", 1)[0]
    return _decoded(bare.strip('"<>()[]{},;:'))


_MISTAKEN = (
    (re.compile(r"GOCSPX-[\w-]", re.ASCII), "G-205"),
    (re.compile(r"ya29\.[\w-]|1//0[\w-]{6}|^1//", re.ASCII), "G-206"),
    (re.compile(r"\d{4,}-[a-z0-9]+\.apps\.googleusercontent\.com|\d-[a-z0-9]+\.apps\.googleusercontent\.com"), "G-204"),
)
_DEVICE_CODE = re.compile(r"(?<![\w-])[A-Z]{4}-\s*[A-Z]{4}(?![\w-])", re.ASCII)
_DEVICE_CODE_ALONE = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}", re.ASCII)


def _googles_words(text: str) -> str:
    """Return the code of an error page of Google, or of the browser, whose words were pasted; empty for others."""
    words = " ".join(text.replace("\u2019", '"').split()).casefold()
    return next((code for code, printed in _printed() if printed in words), "")


@cache
def _printed() -> tuple[tuple[str, str], ...]:
    """What pages print, in the form that quotes have here.

    Longest first, and lines such as "Error 400: invalid_request" before all sentences, which several pages share.
    """
    told = [
        (code, words.replace("'", '"').casefold())
        for code, words in messages.printed()
        if code not in ("G-313", "G-319") and "{" not in words and "=" not in words
    ]
    return tuple(sorted(told, key=lambda each: (not each[1].startswith("error "), -len(each[1]))))
