"""How a browser wants the pages to look: language and colours, in a cookie without a secret; no page lives here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.admin import cookies
from gateway.admin.below import over_tls
from gateway.messages.languages import LANGUAGES, PSEUDO, preferred

COOKIE: Final = "gateway_look"
THEMES = ("auto", "light", "dark")
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Look:
    """`language` is a code of `messages.languages`, `theme` one of `THEMES`."""

    language: str
    theme: str


def look_of(request: web.Request, usual: str = "auto") -> Look:
    """Return what was chosen in this browser; else the `usual` language, and the colours of its system.

    The usual language is a code of `messages.languages`, or `auto`: the one that the browser asks for.
    """
    theme, _, language = request.cookies.get(COOKIE, "").partition(".")
    if language not in LANGUAGES and language not in PSEUDO:
        language = usual if usual in LANGUAGES else preferred(request.headers.get("Accept-Language", ""))
    return Look(language=language, theme=theme if theme in THEMES else "auto")


def keep(request: web.Request, response: web.StreamResponse, look: Look) -> None:
    """Let the browser remember it for a year."""
    value = f"{look.theme}.{look.language}"
    response.set_cookie(
        COOKIE,
        value,
        max_age=_YEAR_S,
        path=cookies.path_of(request),
        httponly=True,
        samesite="Strict",
        secure=over_tls(request),
    )
