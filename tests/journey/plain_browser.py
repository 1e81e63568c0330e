"""A browser without scripts: cookies, forms as they stand on the page, redirects, pages that lead on by themselves."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from yarl import URL

_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"})


@dataclass
class Control:
    """A field or button of a form."""

    tag: str
    attributes: dict[str, str]
    form: str
    value: str = ""
    text: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.attributes.get("name", "")

    @property
    def kind(self) -> str:
        return self.attributes.get("type", "submit" if self.tag == "button" else "text")


@dataclass
class Element:
    """What an opening tag says, and the text inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


class Page(HTMLParser):
    """A page as it was answered: its forms, and the words that people see."""

    def __init__(self, url: str, status: int, source: str, headers: dict[str, str]) -> None:
        super().__init__()
        self.url, self.status, self.source, self.headers = url, status, source, headers
        self.forms: dict[str, dict[str, str]] = {}
        self.controls: list[Control] = []
        self.elements: list[Element] = []
        self._words: list[str] = []
        self._open: list[Element] = []
        self._form = ""
        self.feed(source)

    @property
    def text(self) -> str:
        """Every word on the page but those of scripts and styles, with single blanks."""
        return " ".join(" ".join(self._words).split())

    @property
    def title(self) -> str:
        return " ".join(next(each.text for each in self.elements if each.tag == "title").split())

    @property
    def leads_on_to(self) -> str:
        """Where the page goes by itself, empty when it stays."""
        for each in self.elements:
            if each.tag == "meta" and each.attributes.get("http-equiv") == "refresh":
                return each.attributes["content"].partition("url=")[2]
        return ""

    def by_id(self, name: str) -> Element:
        return next(each for each in self.elements if each.attributes.get("id") == name)

    def link(self, text: str) -> str:
        """The address of the link with that text."""
        return next(
            each.attributes["href"] for each in self.elements if each.tag == "a" and " ".join(each.text.split()) == text
        )

    def buttons(self) -> list[str]:
        """What can be pressed without a script."""
        return [" ".join(each.text.split()) for each in self.controls if each.tag == "button" and each.kind == "submit"]

    def codes(self) -> list[str]:
        """The codes of the messages on the page."""
        return re.findall(r"Code ([GNADMC]-\d+)", self.text)

    def labelled(self, label: str) -> Control:
        """The field with that label."""
        for each in self.elements:
            if each.tag == "label" and " ".join(each.text.split()) == label:
                return next(
                    control for control in self.controls if control.attributes.get("id") == each.attributes["for"]
                )
        raise AssertionError(f"no label {label!r} in {self.text}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        element = Element(tag, given)
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)
        if tag == "form":
            assert not self._form, "a form inside a form"
            self._form = given.get("id") or f"form {len(self.forms)}"
            self.forms[self._form] = given
        if tag in ("input", "button", "select", "textarea"):
            control = Control(tag, given, given.get("form", self._form), given.get("value", ""))
            self.controls.append(control)
        if tag == "option" and self._in_select():
            self.controls[-1].options.append((given["value"], ""))
            if "selected" in given or len(self.controls[-1].options) == 1:
                self.controls[-1].value = given["value"]

    def _in_select(self) -> bool:
        """The options of a datalist are proposals, not a value."""
        return any(each.tag == "select" for each in self._open)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""
        while self._open:
            closed = self._open.pop()
            if closed.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        for each in self._open:
            each.text += data
        if not self._open or self._open[-1].tag not in ("script", "style", "title"):
            self._words.append(data)
        inner = self._open[-1].tag if self._open else ""
        if inner == "textarea":
            self.controls[-1].value += data
        if self.controls and any(each.tag == "button" for each in self._open):
            self.controls[-1].text += data
        if inner == "option" and self._in_select():
            value, text = self.controls[-1].options[-1]
            self.controls[-1].options[-1] = (value, text + data)


class PlainBrowser:
    """One browser with one jar of cookies. `page` is what it shows."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.page: Page = Page(base, 0, "<title></title>", {})

    async def __aenter__(self) -> PlainBrowser:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def open(self, path: str) -> Page:
        return await self._ask("GET", path)

    async def post(self, path: str, fields: list[tuple[str, str]]) -> Page:
        """Send what a script of the page would send; `page` stays."""
        return await self._ask("POST", path, data=fields, tab=True)

    async def follow(self, text: str) -> Page:
        return await self.open(self.page.link(text))

    async def press(
        self, button: str, *, files: dict[str, bytes] | None = None, tab: bool = False, **typed: str
    ) -> Page:
        """Press the button with what was typed (by the fields' names) and chosen; `tab` keeps `page` as it is."""
        return await self.press_with(button, typed, files or {}, tab=tab)

    async def press_with(
        self, button: str, typed: dict[str, str], files: dict[str, bytes], *, tab: bool = False, form: str = ""
    ) -> Page:
        """The same where several buttons have this name: the one of the form with this id."""
        page = self.page
        named = [each for each in page.controls if each.tag == "button" and " ".join(each.text.split()) == button]
        pressed = next((each for each in named if form in ("", each.form)), None)
        assert pressed is not None, f"no button {button!r}; there are {page.buttons()}"
        sent_by = page.forms[pressed.form]
        fields = _sent(page, pressed, typed)
        path = pressed.attributes.get("formaction", sent_by["action"])
        if sent_by.get("method", "get").lower() == "get":
            return await self._ask("GET", f"{path}?{urlencode(fields)}", tab=tab)
        data: aiohttp.FormData | list[tuple[str, str]] = fields
        if sent_by.get("enctype") == "multipart/form-data":
            data = aiohttp.FormData(default_to_multipart=True)
            for name, value in fields:
                data.add_field(name, value)
            for control in page.controls:
                if control.form == pressed.form and control.kind == "file":
                    chosen = files.get(control.name)
                    name = "client_secret.json" if chosen is not None else ""
                    content_type = "application/octet-stream" if chosen is None else "application/json"
                    data.add_field(control.name, chosen or b"", filename=name, content_type=content_type)
        return await self._ask("POST", path, data=data, tab=tab or sent_by.get("target") == "_blank")

    async def _ask(
        self, method: str, path: str, data: aiohttp.FormData | list[tuple[str, str]] | None = None, *, tab: bool = False
    ) -> Page:
        url = urljoin(self.page.url, path)
        own = urlsplit(url).netloc == urlsplit(self.base).netloc
        site = "same-origin" if own else "cross-site"
        headers = {"Accept": "text/html", "Sec-Fetch-Site": site, "Origin": "null"}
        for _ in range(10):
            async with self._session.request(
                method, URL(url), data=data, headers=headers, allow_redirects=False
            ) as answer:
                source = await answer.text(errors="replace")
                if answer.status in (302, 303):
                    method, data, url = "GET", None, urljoin(url, answer.headers["Location"])
                    continue
                page = Page(url, answer.status, source, dict(answer.headers))
                break
        else:
            raise AssertionError("redirected in circles")
        if not tab:
            self.page = page
        return page


def _sent(page: Page, pressed: Control, typed: dict[str, str]) -> list[tuple[str, str]]:
    """The fields that go along, as HTML says: named, not disabled, ticked if they are boxes."""
    fields: list[tuple[str, str]] = []
    known = set()
    for each in page.controls:
        if each.form != pressed.form or not each.name or "disabled" in each.attributes:
            continue
        known.add(each.name)
        if each.tag == "button":
            if each is pressed:
                fields.append((each.name, each.value))
        elif each.kind in ("radio", "checkbox"):
            ticked = typed[each.name] == each.value if each.name in typed else "checked" in each.attributes
            if ticked:
                fields.append((each.name, each.value))
        elif each.kind != "file":
            fields.append((each.name, typed.get(each.name, html.unescape(each.value))))
    assert set(typed) <= known, f"no such field: {set(typed) - known}"
    return fields
