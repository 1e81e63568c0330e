"""What must be true wherever a code is shown: title, text, buttons that work, help, nothing left open, no secret."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests.contract.every_code.scene import Desk
from tests.contract.every_code.ways import Way
from tests.journey.plain_browser import Element, Page

CATALOGUE: dict[str, dict[str, object]] = json.loads(
    (Path(__file__).parents[3] / "gateway/messages/en.json").read_text("utf-8")
)
"""The file itself: what reads and fills it in the product is part of what is tested."""

SEVERITY = {"error": "Problem:", "warning": "Note:", "info": "Note:"}
OWN_DOTS = ("client_secret_....json", "Go to ... (unsafe)")
"""Dots that stand in the catalogue: a file name, and a name that Google's page knows and nobody here does."""

CONSOLES = {"console.cloud.google.com", "admin.google.com"}
LINKS = ("show-guide", "choose-file", "change-client", "error-page", "go-to-paste", "ok", "diagnostics", "show-network")
FORMS = (
    "get-code",
    "authorize-again",
    "copy-link",
    "swap",
    "use-default-redirect",
    "change-anyway",
    "use-in-step-1",
    "use-new-account",
    "cancel",
    "check-again",
    "network-check",
)
TO_GOOGLE = ("get-code", "authorize-again")
COPIES = ("copy-redirect", "copy-client-id")


@dataclass(frozen=True, slots=True)
class Button:
    """A button of the catalogue: what a label may look like once it is filled in, and what it does."""

    label: re.Pattern[str]
    does: str


def buttons(code: str) -> list[Button]:
    """The buttons of a code, as the catalogue has them."""
    listed = CATALOGUE[code]["buttons"]
    assert isinstance(listed, list)
    return [Button(re.compile(pattern(each["label"])), each["does"]) for each in listed]


def pattern(template: str) -> str:
    """A regular expression for every text that a template of the catalogue may become."""
    made = ""
    for part in re.split(r"(\[[^\[\]]*\])", re.sub(r"(?:^|(?<=\s))\d\. (?=[A-Z])", "", template)):
        if part.startswith("["):
            made += f"(?:{'|'.join(map(_plain, part[1:-1].split('|')))}|)"
        else:
            made += _plain(part)
    return re.sub(r"(?:\\ |\s)+", r"\\s*", made)


def _plain(template: str) -> str:
    """The same for a part without choices; a number has its word behind it, a reason may end its own sentence."""
    made = ""
    for part in re.split(r"(\{[^{}]+\})", template):
        number = re.fullmatch(r"\{\w+:(.+)/(.+)\}", part)
        if number is not None:
            made += rf"\d+ (?:{re.escape(number[1])}|{re.escape(number[2])})"
        else:
            made += r"\S.*?" if part.startswith("{") else re.escape(part)
    return made


def boxes(page: Page, code: str) -> list[Page]:
    """Every message with that code on the page, each as a page of its own."""
    starts = [found.start() for found in re.finditer(r'<div class="problem \w+"', page.source)]
    parts = [Page(page.url, page.status, _whole_element(page.source, start), {}) for start in starts]
    return [part for part in parts if part.codes() == [code]]


def _whole_element(source: str, start: int) -> str:
    depth = 0
    for tag in re.finditer(r"<(/?)div\b[^>]*>", source[start:]):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return source[start : start + tag.end()]
    raise AssertionError("an element without an end")


def assert_words(page: Page, way: Way) -> None:
    """Title, text and remedy stand in every box of the code, whole, with every value filled in."""
    entry, found = CATALOGUE[way.code], boxes(page, way.code)
    assert found, f"{way.code} is not on the page; there are {page.codes()}: {page.text[:2000]}"
    assert entry["title"]
    assert entry["text"] or entry["remedy"] or way.code in TITLES_SAY_ALL, "the catalogue is empty"
    for box in found:
        words = re.sub(r"\s+", " ", box.text)
        for part in ("title", "text", "remedy"):
            template = str(entry[part])
            assert re.search(pattern(template), words), f"{part} is not there: {template!r} in {words!r}"
        assert words.startswith(f"{SEVERITY[str(entry['severity'])]} "), words
        for sentence in way.says:
            assert sentence in words, f"{sentence!r} in {words!r}"
        open_ends = words
        for own in OWN_DOTS:
            open_ends = open_ends.replace(own, "")
        assert not re.search(r"[{}\[\]]|\.\.\.|\bNone\b|\(\)|unknown", open_ends), f"not filled in: {words}"
    if found[0].elements[0].attributes.get("id") == "problem":
        assert found[0].elements[0].attributes["role"] == "alert"


TITLES_SAY_ALL = {"G-106", "G-115", "G-201", "G-208"}
"""Titles that need no other sentence."""


async def assert_help(desk: Desk, page: Page, code: str) -> None:
    """What does this mean? leads to a page that is there for everybody and explains the code."""
    for box in boxes(page, code):
        assert box.link("What does this mean?") == f"/help/{code}"
    async with (
        aiohttp.ClientSession(desk.gateway.listener.url) as stranger,
        stranger.get(f"/help/{code}", allow_redirects=False) as answer,
    ):
        assert answer.status == 200
        explained = Page(f"/help/{code}", answer.status, await answer.text(), {})
    paragraphs = CATALOGUE[code]["help"]
    assert isinstance(paragraphs, list)
    assert paragraphs
    for paragraph in paragraphs:
        assert re.sub(r"^\d+\. ", "", paragraph) in explained.text, paragraph
    assert re.search(pattern(str(CATALOGUE[code]["title"])), explained.text)


async def assert_button(desk: Desk, page: Page, way: Way, button: Button) -> None:
    """The button is in the box, it is a control that works without a script, and it does what it says."""
    box = boxes(page, way.code)[0]
    assert button.does.startswith("open-") or button.does in (*LINKS, *FORMS, *COPIES), f"not tested: {button.does}"
    if button.does in FORMS:
        await _assert_pressed(desk, page, box, way, button)
    elif button.does in COPIES:
        _assert_copied(desk, box, way, button)
    else:
        await _assert_followed(desk, box, button)


def _labelled(elements: list[Element], tag: str, button: Button) -> Element:
    said = [(" ".join(each.text.split()), each) for each in elements if each.tag == tag]
    for text, each in said:
        if button.label.fullmatch(text):
            return each
    raise AssertionError(f"no {tag} {button.label.pattern!r}; there are {[text for text, _ in said]}")


async def _assert_followed(desk: Desk, box: Page, button: Button) -> None:
    link = _labelled(box.elements, "a", button).attributes
    assert link["class"] == "button"
    parts = urlsplit(link["href"])
    if button.does.startswith("open-"):
        assert (parts.scheme, parts.hostname in CONSOLES, link["target"]) == ("https", True, "_blank"), link
        assert link["rel"] == "noopener"
        project = desk.gateway.stored.apps.current().project_id
        assert parts.hostname != "console.cloud.google.com" or parse_qs(parts.query).get("project", [""]) == [project]
        return
    assert not parts.netloc, link
    there = await desk.browser.open(link["href"])
    assert there.status == 200, link
    assert not urlsplit(there.url).path.startswith("/sign-in")
    ids = {each.attributes.get("id", "") for each in there.elements}
    assert parts.fragment in {"", *ids}, f"{link['href']} leads to nothing on its page"


def _assert_copied(desk: Desk, box: Page, way: Way, button: Button) -> None:
    copied = _labelled(box.elements, "button", button).attributes["data-copy"]
    assert copied in [each.text for each in box.elements if each.tag == "code"], "without a script it can be marked"
    if button.does == "copy-client-id":
        assert copied == desk.gateway.stored.apps.current().client_id
    elif "{redirect}" in str(CATALOGUE[way.code]["remedy"]):
        assert re.search(rf"add (exactly )?{re.escape(copied)} ", box.text), f"{copied} is not the one meant"
    else:
        assert copied == desk.gateway.stored.apps.current().redirect_uri


async def _assert_pressed(desk: Desk, page: Page, box: Page, way: Way, button: Button) -> None:
    control = _labelled(box.elements, "button", button)
    if way.mend is not None:
        way.mend(desk)
    form = control.attributes.get("form", "")
    assert not form or form in page.forms, f"there is no form {form}"
    desk.browser.page = page if form else box
    answer = await desk.browser.press_with(" ".join(control.text.split()), {}, {}, form=form)
    assert answer.status == 200, answer.text
    assert not [code for code in answer.codes() if code.startswith("A-")], answer.text
    if button.does in TO_GOOGLE or (way.code, button.does) == ("G-305", "check-again"):  # only Google's page can tell
        assert answer.leads_on_to.startswith(desk.google.endpoints()["authorize"]), answer.text
    elif button.does == "copy-link":
        assert answer.labelled("Sign-in link").value.startswith(desk.google.endpoints()["authorize"])
    else:
        asks_again = button.does in ("check-again", "network-check") and way.mend is None
        still = [each for each in boxes(answer, way.code) if any(map(button.label.fullmatch, each.buttons()))]
        assert bool(still) == asks_again, answer.text


def assert_no_secret(pages: list[Page], secrets: set[str]) -> None:
    """Nothing that was secret stands in any page that was shown."""
    assert pages
    for secret in secrets:
        assert len(secret) >= 8, "too short to be looked for"
        for page in pages:
            assert secret not in page.source, f"{secret[:8]}… is shown at {page.url}"
