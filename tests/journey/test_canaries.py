"""Secrets go in by the page and come up nowhere: not in logs, HTML, files, answers, nor in what /proc tells."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator.google import SimulatedGoogle
from tests.journey.fresh_gateway import DEVICE_KEY, FreshGateway, opened
from tests.journey.gateway_process import MONDAY, until
from tests.journey.plain_browser import Page, PlainBrowser

SECRET = "GOCSPX-canary-8d1f4c2b7a9e3056"
PASSWORD = "canary horse battery staple"


@dataclass
class Office:
    """A gateway, a browser in front of it, and everything that must be seen nowhere."""

    gateway: FreshGateway
    google: SimulatedGoogle
    browser: PlainBrowser
    canaries: dict[str, str] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    def seen(self, page: Page) -> Page:
        self.pages.append(page)
        return page

    async def press(self, button: str, **typed: str) -> Page:
        return self.seen(await self.browser.press(button, **typed))

    async def new_code(self, **consent: str) -> str:
        """Press Get Authorization Code and allow at Google; the address that came back."""
        self.seen(await self.browser.open("/google"))
        tab = await self.press("Get Authorization Code")
        self.links.append(tab.leads_on_to)
        if consent:
            self.google.do.set_consent(**consent)
        back = self.google.do.approve(tab.leads_on_to)
        self.remember_code(back)
        self.seen(await self.browser.open("/google"))
        return back

    def remember_code(self, back: str) -> None:
        number = len(self.links)
        answer = parse_qs(urlsplit(back).query)
        self.canaries[f"state {number}"] = answer["state"][0]
        self.canaries[f"code {number}"] = answer["code"][0]

    def remember_the_rest(self) -> None:
        """What only Google's side knows: verifiers and tokens."""
        for number, form in enumerate(self.forms):
            for name in ("code_verifier", "refresh_token"):
                if form.get(name):
                    self.canaries[f"{name} {number}"] = form[name]
        for number, token in enumerate(self.google.state.access_tokens):
            self.canaries[f"access token {number}"] = token
        for number, token in enumerate(self.google.state.refresh_tokens):
            self.canaries[f"refresh token {number}"] = token


@asynccontextmanager
async def overheard(google: SimulatedGoogle, forms: list[dict[str, str]]) -> AsyncIterator[str]:
    """A token endpoint that passes everything on to Google and notes what it was sent; Google masks its own notes."""

    async def token(request: web.Request) -> web.Response:
        body = await request.read()
        forms.append(dict(parse_qsl(body.decode())))
        kind = {"Content-Type": request.headers["Content-Type"]}
        async with session.post(f"{google.base}/token", data=body, headers=kind, allow_redirects=False) as answer:
            names = [name for name in ("Content-Type", "Location", "Proxy-Authenticate") if name in answer.headers]
            told = {name: answer.headers[name] for name in names}
            return web.Response(status=answer.status, body=await answer.read(), headers=told)

    app = web.Application()
    app.router.add_post("/token", token)
    async with aiohttp.ClientSession() as session, TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def office(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[Office]:
    google.do.set_client(secret=SECRET)
    forms: list[dict[str, str]] = []
    async with (
        overheard(google, forms) as token,
        opened(tmp_path, google, token=token, cold=True) as gateway,
        PlainBrowser(gateway.http) as browser,
    ):
        code = gateway.set_up_code
        office = Office(gateway, google, browser, {"client secret": SECRET, "password": PASSWORD}, forms=forms)
        office.seen(await browser.open("/set-up"))
        await office.press("Create", code=code, name="anna", password=PASSWORD)
        office.seen(await browser.open("/google"))
        office.canaries["set-up code"] = code
        yield office


async def failures(office: Office) -> None:
    """Every way to go wrong with a secret in the hand."""
    for pasted in (
        SECRET,
        "ya29.a0canary-access-token-000000000000",
        f'{{"installed": {{"client_secret": "{SECRET}"}}}}',
    ):
        await office.press("Authorize", code=pasted)
    for outcome in ("untick_calendar", "no_refresh_token", "html_instead_of_json", "token_unavailable", "wrong_secret"):
        back = await office.new_code(outcome=outcome)
        await office.press("Authorize", code=back)
    used = await office.new_code()
    await office.press("Authorize", code=used)
    await office.press("Cancel")
    await office.press("Authorize", code=used)
    office.google.do.intercept("proxy", times=1)
    await office.press("Authorize", code=await office.new_code())


async def a_meeting(office: Office) -> None:
    body = {
        "external_id": "m1",
        "subject": "Planning",
        "start": f"{MONDAY}T10:00",
        "end": f"{MONDAY}T11:00",
        "time_zone": "Europe/Berlin",
    }
    url = f"{office.gateway.http}/api/v1/devices/script/meetings"
    async with aiohttp.ClientSession() as session:
        for key in (DEVICE_KEY, SECRET):
            async with session.post(url, json=body, headers={"Authorization": f"Bearer {key}"}) as answer:
                office.bodies.append(await answer.text())
        for path in ("/readyz", "/healthz", "/google", "/api/v1/nothing"):
            async with session.get(office.gateway.http + path) as answer:
                office.bodies.append(await answer.text())


async def test_no_secret_is_seen_anywhere(office: Office):
    credentials = office.gateway.credentials().read_bytes()
    office.gateway.credentials().unlink()
    office.seen(await office.browser.press("Save", files={"file": credentials}))
    await failures(office)
    await office.press("Authorize", code=await office.new_code())
    await office.press("Use this account")
    await office.press("Send a test meeting")
    await a_meeting(office)
    await until(lambda: "Planning" in json.dumps(events(office.google)), "the meeting never came")
    office.google.do.expire_access_tokens()
    await office.press("Delete the test meeting")
    office.google.do.intercept("guest_page", times=2)
    office.seen(await office.browser.open("/google"))
    office.remember_the_rest()
    kinds = {name.rstrip("0123456789 ") for name in office.canaries}
    assert min(map(len, office.canaries.values())) >= 14, "a secret that is no secret"
    assert kinds == {
        *("client secret", "password", "set-up code", "state", "code", "code_verifier"),
        *("access token", "refresh token", "refresh_token"),
    }
    hits = [f"{name} in {place}" for place, text in places(office) for name in found(office.canaries, text)]
    assert hits == []
    print(f"{len(office.canaries)} secrets, {len(places(office))} places, 0 hits")


def events(google: SimulatedGoogle) -> list[str]:
    return [str(each.fields["summary"]) for kept in google.state.calendars.values() for each in kept.events.values()]


def places(office: Office) -> list[tuple[str, str]]:
    """Every text that somebody could read."""
    process = office.gateway.process
    assert process is not None
    proc = Path(f"/proc/{process.pid}")
    texts = [("the console", without_set_up_code(office.gateway.log.read_text()))]
    texts += [(f"page {number} {page.url}", without_links(office, page)) for number, page in enumerate(office.pages)]
    texts += [(f"answer {number}", body) for number, body in enumerate(office.bodies)]
    data = office.gateway.folder / "data"
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {"gateway.db", "gateway.db-wal"} <= {path.name for path in files}
    texts += [(str(path), path.read_bytes().decode("latin-1")) for path in files]
    texts += [(str(proc / name), (proc / name).read_text("latin-1")) for name in ("cmdline", "environ", "comm", "maps")]
    texts += [(str(path), str(path.readlink())) for path in (proc / "fd").iterdir() if path.is_symlink()]
    return texts


def without_set_up_code(console: str) -> str:
    """The console is where the set-up code belongs."""
    return re.sub(r"Set-up code: \S+", "", console)


def without_links(office: Office, page: Page) -> str:
    """The page without the sign-in link, which carries the state to Google: that is what it is for."""
    text = unquote(page.source.replace("&amp;", "&"))
    for link in office.links:
        text = text.replace(unquote(link), "")
    return text + unquote(page.url) + json.dumps(page.headers)


def found(canaries: dict[str, str], text: str) -> list[str]:
    """The names of the secrets that are in the text, as they are or percent-encoded."""
    return [name for name, secret in canaries.items() if secret in text or quote(secret, safe="") in text]
