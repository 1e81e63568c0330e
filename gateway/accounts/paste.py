"""Reads what a person pasted after the consent page; pure, and whether the code is any good only Google knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

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
    text = _joined(pasted.translate(_PLAIN).replace("&amp;", "&")).strip()
    if not text:
        return NoCode(code="G-201")
    if _CREDENTIALS.search(text):
        return NoCode(code="G-209")
    found = _parameters(text)
    if found.get("error"):
        return NoCode(code=_ERRORS.get(found["error"][0], "G-319"), said=found["error"][0][:100])
    if found.get("code"):
        return _from_address(found)
    return _from_anything(text, redirect_uri)


_PLAIN = {
    **dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF), None),
    **dict.fromkeys((0x00A0, 0x2007, 0x202F, 0x3000), " "),
    **dict.fromkeys((*range(0x2018, 0x2020), 0x00AB, 0x00BB, 0x2039, 0x203A, ord("`"), ord("'")), '"'),
}
"""Characters that are not seen are dropped, blanks of any width become plain, and every quote becomes one kind."""

_PARAMETER = re.compile(r"(?:^|[?&#\s\"<(\[])(code|state|error|iss)=([^\s\"<>()\[\]{}&#]*)")
# Browsers may show the scope decoded, with blanks in it; it ends where the next parameter or the address ends.
_SCOPE = re.compile(r"[?&]scope=([^&#\"<>\r\n]*)")
_URL_LINE = re.compile(r"[\w%&=/.~+?#:\-]+", re.ASCII)
_CREDENTIALS = re.compile(r"^\{|\"(?:client_secret|installed|web|refresh_token)\"\s*:")
_HOST = re.compile(
    r"(?:^|[\s\"<(])(?:https?://)?((?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:]+\])(?::\d+)?[/?]", re.IGNORECASE
)
_BARE = re.compile(r"4/[\w-]+", re.ASCII)
_CLIENT_ID = re.compile(r"\d+-[a-z0-9]+\.apps\.googleusercontent\.com", re.ASCII)

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


def _joined(text: str) -> str:
    """Join an address or a code that a mail program or a terminal broke over lines."""
    lines = [line.strip(" \t") for line in text.splitlines()]
    joined = ""
    for line in lines:
        if joined and _runs_on(joined, line):
            joined += line
        else:
            joined += f"\n{line}" if joined else line
    return joined


def _runs_on(before: str, line: str) -> bool:
    last = before.rsplit(maxsplit=1)[-1] if before.split() else ""
    if last.endswith("code="):
        return True
    if not _URL_LINE.fullmatch(line) or "://" in line or line.startswith(("code=", "?")) or _BARE.match(line):
        return False
    return "=" in last or bool(re.search(r"(?:^|\W)4(?:/|%2[fF])", last)) or "://" in last or last == "4"


def _parameters(text: str) -> dict[str, list[str]]:
    """Collect the distinct values of each parameter, in order, wherever in the text its address begins."""
    found: dict[str, list[str]] = {}
    for name, raw in [*_PARAMETER.findall(text), *(("scope", raw) for raw in _SCOPE.findall(text))]:
        value = _decoded(raw) if name == "code" else unquote(raw).strip()
        if value not in found.setdefault(name, []):
            found[name].append(value)
    return {name: [value for value in values if value] for name, values in found.items()}


def _decoded(raw: str) -> str:
    """Percent-decode a code, also one that was encoded twice on its way, and drop what ends a sentence."""
    for _ in range(2):
        if "%" in raw:
            raw = unquote(raw)
    return raw.strip().rstrip(".,;:!?")


def _from_address(found: dict[str, list[str]]) -> Code | NoCode:
    states, scopes = found.get("state", []), found.get("scope", [])
    if len(found["code"]) > 1:
        return NoCode(code="G-208")
    if len(states) > 1:
        return NoCode(code="G-207")
    code = found["code"][0]
    if len(code) < SHORTEST_CODE:
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
    host = _HOST.search(text)
    if host is not None and host[1].lower() == CONSENT_HOST:
        return NoCode(code="G-203")
    if host is not None and (
        host[1].lower() in ("localhost", "127.0.0.1", "[::1]") or _is_callback(text, redirect_uri)
    ):
        return NoCode(code="G-202")
    compact = _compact(text)
    for pattern, code in _MISTAKEN:
        if pattern.match(compact):
            return NoCode(code=code)
    whole = _BARE.fullmatch(compact)
    codes = [compact] if whole else list(dict.fromkeys(_BARE.findall(_decoded(text))))
    if len(codes) > 1:
        return NoCode(code="G-208")
    if not codes:
        cut = compact == "4" or re.fullmatch(r"0A[\w-]{18,}", compact, re.ASCII)
        return NoCode(code="G-210" if cut else "G-211")
    if len(codes[0]) < SHORTEST_CODE:
        return NoCode(code="G-210")
    return Code(code=codes[0]) if len(codes[0]) <= LONGEST_CODE else NoCode(code="G-211")


def _is_callback(text: str, redirect_uri: str) -> bool:
    parts = urlsplit(redirect_uri)
    return f"{parts.netloc}{parts.path}".lower() in text.lower()


def _compact(text: str) -> str:
    """Reduce the text to what a bare code, an id or a token would be: no blanks, no quotes, nothing after `&`."""
    bare = "".join(text.split()).split("&", 1)[0].split("#", 1)[0]
    return _decoded(bare.strip('"<>()[]{},;:'))


_MISTAKEN = (
    (_CLIENT_ID, "G-204"),
    (re.compile(r"GOCSPX-"), "G-205"),
    (re.compile(r"ya29\.|1//"), "G-206"),
    (re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}$"), "G-212"),
)
