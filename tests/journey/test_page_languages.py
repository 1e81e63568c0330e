"""The pages of a running gateway in the languages of people: every word of them, and the help without a sign-in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from string import Formatter

import aiohttp
from yarl import URL

from gateway import messages
from gateway.admin import buttons
from gateway.log import RING
from gateway.messages.languages import LANGUAGES
from gateway.profiles.catalog import Catalog, builtin_folder
from tests.journey.page_office import PageOffice
from tests.journey.plain_browser import Page

NOT_TRANSLATED = re.compile(
    r"Google( Calendar)?|Meeting gateway|Head office|anna|English|Español|[A-Z]-\d+|Client ID|"
    r"OAuth2\.0 Client (ID|Secret)|Authorized redirect URIs|sha-?256|syslog|MIT|UTC|JSON|CSV|MAC|SIP|"
    r"Prometheus(\.yml)?|Python|npm: \S+|"
    r"https?:\S*|\S*localhost\S*|\S+@\S+|\S*\d\S*",
    re.I,
)
"""Names, addresses, numbers and times; the rest of a page is somebody's sentence."""

DATA = ("code", "pre", "script", "style", "option", "textarea", "svg", "kbd", "samp", "time")
"""Elements that hold what devices, Google or the machine say, or times."""


class _Unsaid(HTMLParser):
    """Collects the words that were not made in the language of the page."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.found: list[str] = []
        self._names = names
        self._inside: list[str] = []
        self._said = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag not in ("meta", "link", "input", "br", "hr", "img", "path", "rect", "circle", "use", "wbr"):
            english = known.get("lang") == "en"  # such as the contract of the device API, which has one language
            self._inside.append("pre" if english or "mono" in (known.get("class") or "").split() else tag)
        for name in ("aria-label", "placeholder", "title", "data-busy"):
            if known.get(name):
                self._judge(known[name] or "")

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not set(self._inside) & set(DATA):
            self._judge(data)

    def _judge(self, text: str) -> None:
        plain = ""
        for sign in re.split(r"([⟦⟧])", text):  # a text with tags in it is several pieces
            self._said = sign == "⟦" or (self._said and sign != "⟧")
            plain += "" if self._said or sign in "⟦⟧" else sign
        for name in self._names:
            plain = plain.replace(name, "")
        if re.search(r"[A-Za-z]{3}", NOT_TRANSLATED.sub("", plain)):
            self.found.append(" ".join(text.split()))


def unsaid(page: Page, names: list[str]) -> list[str]:
    """Return what stands on a page in plain English although the page is in the made up language, but for `names`."""
    reader = _Unsaid(names)
    reader.feed(page.source)
    return reader.found


def names_of_others() -> list[str]:
    """Return what profiles call devices and what Google prints, the longest first: nobody translates these."""
    found = {part for _, words in messages.printed() for part in words.split("{app}")} - {""}
    for profile in Catalog.load([builtin_folder()]):
        found |= {profile.title, *(words for each in profile.products for words in (each.brand, each.model))}
    return sorted(found, key=len, reverse=True)


def speak(desk: PageOffice, code: str) -> None:
    """Choose a language that nobody is offered."""
    jar = desk.browser._session.cookie_jar
    jar.update_cookies({"gateway_look": f"auto.{code}"}, URL(desk.browser.base))


def plain_pages(desk: PageOffice) -> Iterator[str]:
    """Every address that is answered with a page and needs nothing filled in."""
    for route in desk.gateway.listener.app.router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if route.method == "GET" and "{" not in path and not path.startswith(("/api", "/healthz", "/readyz", "/live")):
            yield path


async def test_every_page_is_whole_in_every_language(desk: PageOffice):
    RING.forget()  # what other tests of this process logged is no text of a page
    speak(desk, "en-XA")
    left: dict[str, list[str]] = {}
    names = names_of_others()
    paths = sorted(set(plain_pages(desk)))
    for path in paths:
        page = await desk.browser.open(path)
        if page.headers["Content-Type"].startswith("text/html") and "<html" in page.source:
            assert page.status < 500, path
            assert 'lang="en-XA"' in page.source, path
            if found := unsaid(page, names):
                left[path] = found
    assert len(paths) > 20
    assert left == {}
    speak(desk, "ar-XB")
    page = await desk.browser.open("/help")
    assert 'dir="rtl"' in page.source
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" in page.text


async def test_a_person_chooses_a_language_and_keeps_it(desk: PageOffice):
    await desk.browser.press("Español")
    page = await desk.browser.open("/google")
    assert 'lang="es"' in page.source
    assert "Sin conectar" in page.text
    page = await desk.browser.press("Guardar")
    assert "Escribe el Client ID." in page.text
    assert "Código G-101" in page.text


async def test_the_help_is_there_for_everybody(desk: PageOffice):
    async with aiohttp.ClientSession(desk.gateway.listener.url, headers={"Accept": "text/html"}) as stranger:

        async def read(path: str, language: str = "en") -> Page:
            async with stranger.get(path, headers={"Accept-Language": language}, allow_redirects=False) as answer:
                return Page(path, answer.status, await answer.text(), dict(answer.headers))

        index = await read("/help")
        links = [each.attributes["href"] for each in index.elements if each.tag == "a"]
        assert {f"/help/{code}" for code in messages.codes()} <= set(links)
        for code in messages.codes()[::8]:
            page = await read(f"/help/{code.lower()}", list(LANGUAGES)[len(code) % len(LANGUAGES)])
            assert page.status == 200
            assert code in page.text
        assert (await read("/help/G-999")).status == 404
        some = await read("/help?q=redirect_uri_mismatch")
        assert "/help/G-305" in [each.attributes.get("href") for each in some.elements]
        assert "/help/A-01" not in [each.attributes.get("href") for each in some.elements]
        assert "Nada encaja" in (await read("/help?q=zzzz", "es")).text
        assert (await read("/help?q=%00%ff" + "x" * 5000)).status == 200


async def test_every_button_of_a_message_leads_to_a_page_that_exists(desk: PageOffice):
    """Whatever the message is about: the addresses are those of routes, not yet of things that are stored."""
    values = {"device": "ucm-1", "call": "1", "meeting": "1", "fingerprint": "ab"}
    app = desk.gateway.listener.app
    known = {
        (route.method, re.sub(r":[^}]+", "", route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None
    }
    for does in sorted(messages.DOES):
        for given in ({}, values):
            pressed = buttons.pressing(signed_in=True)(does, "G-100", given)
            path = (pressed.href or pressed.post or pressed.action).partition("#")[0].partition("?")[0]
            method = "GET" if pressed.href else "POST"
            assert any(verb == method and fits(path, route) for verb, route in known), f"{does}: {method} {path}"


def fits(path: str, route: str) -> bool:
    """Whether an address is one of a route's."""
    made = "".join(re.escape(text) + ("[^/]+" if name else "") for text, name, _, _ in Formatter().parse(route))
    return re.fullmatch(made, path) is not None
