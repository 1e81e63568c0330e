"""Ways to the codes G-300 to G-319: what Google prints on its own pages, and what it sends back instead of a code."""

from __future__ import annotations

import aiohttp

from tests.contract.every_code.paste_box import pasted, waiting
from tests.contract.every_code.scene import Desk, Scene
from tests.contract.every_code.shown import CATALOGUE
from tests.contract.every_code.ways import reaches
from tests.journey.plain_browser import Page

HELPER = "/google/error-page"
SHOW = "Show what to do"


async def google_page(link: str) -> str:
    """Everything that Google's page says to somebody who opens the link."""
    async with aiohttp.ClientSession() as session, session.get(link, allow_redirects=False) as answer:
        page = Page(link, answer.status, await answer.text(), {})
    return page.text.partition(" Simulator ")[0]


async def chosen(desk: Desk, code: str) -> Page:
    """Choose every line of the list that the code has, one after the other; the last page."""
    printed = CATALOGUE[code]["printed"]
    assert isinstance(printed, list)
    assert printed
    await desk.browser.open("/google")
    page = await desk.browser.follow("Google showed me an error page")
    with desk.refused_here():
        for words in printed:
            page = await desk.browser.press(SHOW, printed=_value(page, words.replace("{app}", "(your app)")))
            assert page.codes() == [code], words
    return page


def _value(page: Page, words: str) -> str:
    """The value of the radio button with that label."""
    labels = [" ".join(each.text.split()) for each in page.elements if each.tag == "label"]
    radios = [each.value for each in page.controls if each.name == "printed"]
    return radios[labels.index(words)]


def on_the_list(code: str, how: str) -> None:
    """Put a code on the list that nothing comes back to us for, neither an address nor a page."""

    async def walk(scene: Scene) -> Page:
        desk, _ = await waiting(scene)
        return await chosen(desk, code)

    reaches(code, f"helper: {how} is chosen")(walk)


def printed_by_google(code: str, outcome: str, *says: str) -> None:
    """Put a code on the list whose text is read off Google's page and pasted, into the box of card 3 and the helper."""

    async def walk(scene: Scene) -> Page:
        desk, link = await waiting(scene)
        await chosen(desk, code)
        scene.google.do.set_consent(outcome, auto=outcome != "unverified")  # a warning shows only with a page
        said = await google_page(link)
        await desk.browser.open("/google")
        assert set((await pasted(desk, said)).codes()) == {code}
        with desk.refused_here():
            await desk.browser.open(HELPER)
            return await desk.browser.press(SHOW, said=said)

    reaches(
        code,
        f"helper: the text of Google's page ({outcome}) is pasted, there and in card 3, and its line is chosen",
        *says,
    )(walk)


def came_back(code: str, error: str, outcome: str | None, *says: str) -> None:
    """Put a code on the list that Google sends the browser back with."""

    async def walk(scene: Scene) -> Page:
        desk, link = await waiting(scene)
        await chosen(desk, code)
        await desk.browser.open("/google")
        scene.google.do.set_consent(outcome or "deny")
        redirect = desk.google.do.approve(link)
        if outcome is None:
            redirect = redirect.replace("access_denied", error)
        assert f"error={error}" in redirect
        return await pasted(desk, redirect)

    reaches(code, f"card 3: Authorize with the address of error={error}; helper: its line is chosen", *says)(walk)


on_the_list("G-300", '"This site can\'t be reached" and the like')
came_back("G-301", "access_denied", "deny")
printed_by_google("G-302", "test_user_blocked", "the account that you sign in with")
printed_by_google("G-303", "org_internal", "an account of the organisation, or")
printed_by_google("G-304", "admin_policy")
printed_by_google("G-305", "mismatch", "http or https, port, and no slash at the end must match")
printed_by_google("G-306", "invalid_client")
printed_by_google("G-307", "deleted_client")
printed_by_google("G-308", "invalid_request", "/oauth/google/callback or an https name.")
printed_by_google("G-309", "disallowed_useragent")
printed_by_google("G-310", "invalid_scope")
printed_by_google("G-311", "unverified", 'then "Go to ... (unsafe)"')
came_back("G-312", "server_error", "server_error")
on_the_list("G-313", '"Nothing opens"')
printed_by_google("G-314", "user_cap")
came_back("G-319", "brand_new_error", None, "Google says: brand_new_error.")
