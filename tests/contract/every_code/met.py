"""Codes met on pages of any kind: the words are read, and every button leads to something that is served."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.contract.every_code.shown import CATALOGUE, CONSOLES, Button, buttons, pattern
from tests.journey.plain_browser import Element, Page, PlainBrowser

_PLACES = re.compile(r'<(div|section|li|tr)\b[^>]*(?:class="(?:[\w ]+ )?(?:problem|thing)\b|id="check-)')
"""What a message stands in: a box, a page of its own, a line of the dashboard, a check."""


@dataclass
class Met:
    """The codes of one group that were met, each with the pages that it was on."""

    codes: dict[str, str] = field(default_factory=dict)

    async def on(
        self, browser: PlainBrowser, code: str, *pages: Page, says: str = "", beside: tuple[str, ...] = ()
    ) -> None:
        """Title, text and remedy stand on these pages whole, and so do buttons that lead somewhere.

        `beside` are those that belong to a form below the message.
        """
        assert code not in self.codes, f"{code} was met already"
        assert pages
        parts = [_place(page, code) for page in pages]
        words = [" ".join(part.text.split()) for part in parts]
        entry = CATALOGUE[code]
        for text in words:
            assert re.search(pattern(str(entry["title"])), text), f"{code}: the title is not in {text!r}"
            assert not re.search(r"[{}]|\bNone\b|\(\)", text), f"{code}: not filled in: {text!r}"
        for part in ("text", "remedy"):
            assert any(re.search(pattern(str(entry[part])), text) for text in words), f"{code}: no {part} in {words}"
        assert says in " ".join(words), f"{says!r} is not in {words}"
        assert any(f"/help/{code}" in _addresses(part) for part in parts), f"{code} has no help beside it"
        shown = browser.page
        for button in buttons(code):
            is_beside = any(map(button.label.fullmatch, beside))
            await _leads_on(browser, code, list(pages) if is_beside else parts, button)
        browser.page = shown
        self.codes[code] = " and ".join(urlsplit(page.url).path for page in pages)


def _place(page: Page, code: str) -> Page:
    """The smallest thing on the page that is about the code."""
    found = []
    for start in _PLACES.finditer(page.source):
        part = Page(page.url, page.status, _whole(page.source, start.start(), start[1]), {})
        if code in part.codes():
            found.append(part)
    assert found, f"{code} is not on {page.url}; there are {page.codes()}: {page.text[:2000]}"
    return min(found, key=lambda part: len(part.source))


def _whole(source: str, start: int, tag: str) -> str:
    depth = 0
    for each in re.finditer(rf"<(/?){tag}\b[^>]*>", source[start:]):
        depth += -1 if each[1] else 1
        if depth == 0:
            return source[start : start + each.end()]
    raise AssertionError("an element without an end")


def _addresses(part: Page) -> list[str]:
    return [each.attributes.get("href", "") for each in part.elements if each.tag == "a"]


async def _leads_on(browser: PlainBrowser, code: str, parts: list[Page], button: Button) -> None:
    for part in parts:
        for each in part.elements:
            if each.tag in ("a", "button", "summary") and button.label.fullmatch(" ".join(each.text.split())):
                browser.page = part
                await _is_served(browser, part, each)
                return
    raise AssertionError(f"{code} has no button {button.label.pattern!r}: {[part.source for part in parts]}")


async def _is_served(browser: PlainBrowser, part: Page, element: Element) -> None:
    """A link is opened. A form is sent as a page of somebody else would send it, so that nothing is done by it."""
    if element.tag == "summary":
        return  # what it unfolds stands on the page
    if element.tag == "button" and element.attributes.get("type") == "button":
        assert element.attributes["data-copy"] in [each.text for each in part.elements if each.tag == "code"]
        return
    if element.tag == "a":
        await _opens(browser, element)
        return
    label = " ".join(element.text.split())
    control = next(each for each in part.controls if " ".join(each.text.split()) == label)
    action = control.attributes.get("formaction") or part.forms[control.form]["action"]
    answer = await browser.post(action, [("csrf", "of-somebody-else")])
    assert (answer.status, answer.codes()) == (403, ["A-05"]), f"{action} is not served: {answer.status}"


async def _opens(browser: PlainBrowser, link: Element) -> None:
    href = link.attributes["href"]
    where = urlsplit(href)
    if where.netloc:
        assert (where.scheme, where.hostname in CONSOLES, link.attributes["rel"]) == ("https", True, "noopener"), href
        return
    page = await browser.open(href)
    assert page.status == 200, href
    ids = {each.attributes.get("id", "") for each in page.elements}
    assert where.fragment in {"", *ids}, f"{href} leads to nothing on its page"
