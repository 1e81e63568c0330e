"""Ways to the codes G-201 to G-215: what is pasted into card 3 of the Google page, and refused before Google hears."""

from __future__ import annotations

import html

from tests.contract.every_code.scene import Desk, Scene
from tests.contract.every_code.ways import reaches
from tests.journey.page_office import DEFAULT_REDIRECT, desktop
from tests.journey.plain_browser import Page

CODE = "4/0Aabcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz01234"
SECRETS = ("G-205", "G-206")
TOKEN = "ya29.a0AfB_byC-0123456789abcdef"


async def waiting(scene: Scene) -> tuple[Desk, str]:
    """A gateway whose client is saved and whose link was opened; and the link."""
    desk = await scene.open()
    await desk.save_client()
    link = await desk.get_link()
    await desk.browser.open("/google")
    return desk, link


async def pasted(desk: Desk, text: str) -> Page:
    """Authorize with that text: Google hears nothing, the link stays good, the box is empty and says what is wrong."""
    before = desk.browser.page
    token = next(each.value for each in before.controls if each.name == "csrf" and each.form == "paste")
    with desk.refused_here():
        recognised = await desk.browser.post("/google/recognise", [("code", text), ("csrf", token)])
        page = await desk.browser.press("Authorize", code=text)
    assert page.status == 422
    box = page.labelled("Authorization Code")
    assert box.value == ""
    assert "code-problem" in box.attributes["aria-describedby"].split()
    [code] = set(page.codes())
    # While it is being pasted the box of a page with scripts says the same and is cleared of a secret.
    assert ("data-clear" in recognised.source) == (code in SECRETS)
    assert recognised.codes() in ([code], [])
    if len(text.strip()) >= 8:
        for shown in (page, recognised):
            assert text.strip() not in html.unescape(shown.source)
    return page


def refused(code: str, how: str, text: str, *says: str) -> None:
    """Put a text on the list that is refused for what it is."""

    async def walk(scene: Scene) -> Page:
        desk, _ = await waiting(scene)
        if code in SECRETS:
            scene.hidden.add(text)
        return await pasted(desk, text)

    reaches(code, f"card 3: Authorize with {how}", *says)(walk)


refused("G-201", "an empty box", "  \n")
refused("G-202", "our address without a code", DEFAULT_REDIRECT)
refused(
    "G-203",
    "the address of Google's page",
    "https://accounts.google.com/o/oauth2/v2/auth?client_id=1",
    "when the browser says it can't reach 127.0.0.1.",
)
refused("G-204", "the Client ID", "1234-abcdef.apps.googleusercontent.com")
refused("G-205", "the Client Secret", "GOCSPX-abcdefgh-0123456789")
refused("G-206", "an access token", TOKEN)
refused("G-208", "two addresses", f"{DEFAULT_REDIRECT}?code={CODE} {DEFAULT_REDIRECT}?code={CODE[:-1]}9")
refused("G-210", "a code that was cut off", "4/0AbcDEF")
refused("G-211", "something else", "Good morning, where do I find the code?")
refused("G-212", "a code for TVs", "ABCD-EFGH")


@reaches("G-207", "card 3: the code of a link that was made at another computer")
async def somebody_elses(scene: Scene) -> Page:
    desk, link = await waiting(scene)
    redirect = desk.google.do.approve(link)
    desk.browser = await scene.another_computer()
    await desk.get_link()
    await desk.browser.open("/google")
    return await pasted(desk, redirect)


@reaches("G-209", "card 3: Authorize with the text of the credentials file")
async def credentials(scene: Scene) -> Page:
    desk, _ = await waiting(scene)
    return await pasted(desk, desktop(project_id="other-rooms").decode())


@reaches("G-213", "card 3: the same code a second time")
async def used_twice(scene: Scene) -> Page:
    desk, link = await waiting(scene)
    redirect = desk.google.do.approve(link)
    await desk.browser.press("Authorize", code=redirect)
    await desk.browser.press("Cancel")
    return await pasted(desk, redirect)


@reaches("G-214", "card 3: a code eleven minutes after its link was made")
async def too_old(scene: Scene) -> Page:
    desk, link = await waiting(scene)
    redirect = desk.google.do.approve(link)
    scene.clock.ahead_ms += 11 * 60_000
    return await pasted(desk, redirect)


@reaches("G-215", "card 3: a code before any link was made")
async def too_early(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.save_client()
    return await pasted(desk, CODE)
