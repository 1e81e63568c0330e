"""The settings in a browser without scripts: what is saved counts, what is set elsewhere is locked and says so."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.config import Config, EmailSection, GatewaySection, NotificationsSection
from gateway.config.saved import FILE_NAME, PARTS
from gateway.domain.actor import Actor
from gateway.domain.alert_kind import AlertKind
from tests.journey.door_office import LOCAL, PASSWORD, Door
from tests.journey.plain_browser import Control, PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock
from tests.unit.notify.mail_server import mail_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAIL_PASSWORD = "canary-mail-password"


@asynccontextmanager
async def office(folder: Path, config: Config | None = None) -> AsyncIterator[tuple[Door, PlainBrowser]]:
    """A gateway whose administrator is Anna, and her browser."""
    config = config or Config(gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL))
    clock, lines = MovedClock(), list[str]()
    async with running(config, clock, announce=lines.append) as gateway:
        if not await gateway.admins.users():
            await gateway.admins.add_user("anna", PASSWORD)
        async with signed_in(gateway.listener.url) as browser:
            yield Door(gateway, clock, folder, lines), browser


@asynccontextmanager
async def signed_in(address: str) -> AsyncIterator[PlainBrowser]:
    """A browser of Anna."""
    async with PlainBrowser(address) as browser:
        await browser.open("/sign-in")
        await browser.press("Sign in", name="anna", password=PASSWORD)
        yield browser


@pytest.fixture(autouse=True)
def _same_level() -> Iterator[None]:
    """The level of the log is one for the whole process."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """One gateway for all tests that do not ask for settings of their own."""
    async with office(tmp_path_factory.mktemp("settings")) as (made, _):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def anna(door: Door) -> AsyncIterator[tuple[Door, PlainBrowser]]:
    """Nothing is saved, and Anna has just signed in."""
    desk = door.gateway.settings
    await desk.save({}, Actor(name="test"), without=PARTS)
    async with signed_in(door.gateway.listener.url) as browser:
        yield door, browser


async def test_what_is_saved_stays_and_says_when_it_counts(anna: tuple[Door, PlainBrowser]) -> None:
    door, browser = anna
    page = await browser.open("/settings")
    assert page.labelled("Name").value == "Meeting gateway"
    page = await browser.press("Save", name="Branch office", level="debug")
    assert "Saved." in page.text
    assert page.labelled("Name").value == "Branch office"
    page = await browser.press("Save", name="")
    assert page.labelled("Name").value == "Meeting gateway"
    assert (door.folder / FILE_NAME).read_text().count("level") == 1
    assert logging.getLogger().level == logging.DEBUG
    page = await browser.press("Save", time_zone="Nowhere")
    assert (page.status, page.labelled("Time zone of these pages").value) == (422, "Nowhere")
    await browser.open("/settings/network")
    page = await browser.press("Save", browse="no", public_url="https://meet.example.com/pbx")
    assert "It counts when the gateway starts the next time." in page.text
    assert "discovery.browse: false" in (door.folder / FILE_NAME).read_text()
    await browser.open("/settings/meetings")
    page = await browser.press("Save", refresh_every_s="5")
    assert "must be between 15 and 3600" in page.text.lower()
    saved = [line for line in door.audit() if line[1] == "settings.saved"]
    assert "admin:anna" in {who for who, *_ in saved}


async def test_what_is_set_elsewhere_is_locked_and_says_where(tmp_path: Path) -> None:
    mail = EmailSection(server="mail.example.com", sender="a@example.com", to="b@example.com")
    config = Config(
        gateway=GatewaySection(data_dir=tmp_path, listen=LOCAL, listen_tls=LOCAL, name="Head office"),
        notifications=NotificationsSection(email=mail),
        sources={
            "gateway.name": "config.yaml:4",
            "gateway.time_zone": "environment GATEWAY_GATEWAY__TIME_ZONE",
            "notifications.email.server": "config.yaml:9",
        },
    )
    async with office(tmp_path, config) as (_, browser):
        page = await browser.open("/settings")
        assert "Set by config.yaml:4" in page.text
        assert "Set by environment variable GATEWAY_GATEWAY__TIME_ZONE" in page.text
        assert "readonly" in page.labelled("Name").attributes
        await browser.press("Save", name="Mine", level="warning")  # whoever sends it all the same
        assert browser.page.labelled("Name").value == "Head office"
        page = await browser.open("/settings/notifications")
        assert "Set by config.yaml:9" in page.text
        token = next(each.value for each in page.controls if each.name == "csrf")
        fields = {"csrf": token, "server": "evil.example.com", "sender": "a@example.com", "to": "b@example.com"}
        await browser.post("/settings/notifications/email", list(fields.items()))
        assert "evil" not in (tmp_path / FILE_NAME).read_text()


async def test_two_administrators_at_the_same_settings(anna: tuple[Door, PlainBrowser]) -> None:
    door, browser = anna
    await browser.open("/settings")
    async with signed_in(door.http) as other:
        await other.open("/settings")
        await other.press("Save", name="Second")
    page = await browser.press("Save", name="First")
    assert (page.status, page.codes()) == (409, ["A-06"])
    assert "Second" in page.text
    page = await browser.press("Overwrite")
    assert page.labelled("Name").value == "First"


async def test_mails_are_set_up_and_tried_and_the_password_is_never_seen_again(anna: tuple[Door, PlainBrowser]) -> None:
    door, browser = anna
    async with mail_server() as server:
        page = await browser.open("/settings/notifications")
        assert "Not tested yet." not in page.text
        mail = {"server": "127.0.0.1", "port": str(server.port), "security": "none", "sender": "a@example.com"}
        page = await browser.press_with("Save", {**mail, "to": "nobody"}, {}, form=_form(browser, "email"))
        assert page.status == 422
        assert "must be 1 to 20 e-mail addresses" in page.text.lower()
        page = await browser.press_with(
            "Save", {**mail, "to": "b@example.com", "user": "gateway"}, {}, form=_form(browser, "email")
        )
        assert "Enter the password of this user at this mail server." in page.text
        page = await browser.press_with("Save", {"user": "", "mail_password": ""}, {}, form=_form(browser, "email"))
        assert "Saved. Send a test" in page.text
        page = await browser.press("Send a test")
        assert "The test was taken." in page.text
        assert len(server.letters) == 1
    page = await browser.press("Send a test")
    assert "Not taken now. An alert would be tried again." in page.text
    page = await browser.press("Switch off")
    assert "Nobody is told this way any more." in page.text
    assert "notifications" not in (door.folder / FILE_NAME).read_text()


async def test_each_way_is_told_of_what_is_ticked(anna: tuple[Door, PlainBrowser]) -> None:
    door, browser = anna
    page = await browser.open("/settings/notifications")
    ticks = [each for each in page.controls if each.name.startswith("tell_")]
    assert len(ticks) == 3 * len(AlertKind)
    assert all("checked" in each.attributes for each in ticks)
    address = {"address": "127.0.0.1:9"}
    page = await browser.press_with("Save", address, {}, form=_form(browser, "syslog"))
    assert 'notifications.syslog.events: "all"' in (door.folder / FILE_NAME).read_text()
    off = {f"tell_{kind}": "" for kind in AlertKind if kind is not AlertKind.DISK}
    page = await browser.press_with("Save", off, {}, form=_form(browser, "syslog"))
    assert 'notifications.syslog.events: "disk"' in (door.folder / FILE_NAME).read_text()
    page = await browser.open("/settings/notifications")
    assert [each.name for each in page.controls if _is_off(each)] == list(off)
    page = await browser.press_with("Save", {"tell_disk": "", "address": "nothing"}, {}, form=_form(browser, "syslog"))
    assert page.status == 422
    assert len([each for each in page.controls if _is_off(each)]) == len(AlertKind)
    page = await browser.press_with("Save", address, {}, form=_form(browser, "syslog"))
    assert 'notifications.syslog.events: "none"' in (door.folder / FILE_NAME).read_text()


async def test_a_saved_password_is_sealed_and_belongs_to_its_server(anna: tuple[Door, PlainBrowser]) -> None:
    door, browser = anna
    await browser.open("/settings/notifications")
    mail = {"server": "127.0.0.1", "user": "u", "mail_password": MAIL_PASSWORD, "sender": "a@example.com"}
    page = await browser.press_with("Save", {**mail, "to": "b@example.com"}, {}, form=_form(browser, "email"))
    assert page.status == 200
    assert MAIL_PASSWORD not in page.source
    assert MAIL_PASSWORD not in (door.folder / FILE_NAME).read_text()
    page = await browser.press_with("Save", {"to": "c@example.com"}, {}, form=_form(browser, "email"))
    assert "Saved." in page.text
    page = await browser.press_with("Save", {"server": "127.0.0.2"}, {}, form=_form(browser, "email"))
    assert "Enter the password of this user at this mail server." in page.text


async def test_a_webhook_gets_a_secret_that_is_shown_once(anna: tuple[Door, PlainBrowser]) -> None:
    _, browser = anna
    await browser.open("/settings/notifications")
    page = await browser.press_with("Save", {"url": "http://127.0.0.1:9/hook"}, {}, form=_form(browser, "webhook"))
    secret = page.by_id("webhook-secret").text
    assert secret.startswith("whsec_")
    assert secret not in (await browser.open("/settings/notifications")).source


async def test_administrators_come_and_go_and_the_last_one_stays(anna: tuple[Door, PlainBrowser]) -> None:
    door, browser = anna
    page = await browser.open("/settings/sign-in")
    assert "this browser" in page.text
    page = await browser.press("Add", name="boris", new="nine char")
    assert (page.status, page.codes()) == (422, ["A-07"])
    await browser.press("Add", new=PASSWORD)
    async with PlainBrowser(door.http) as boris:
        await boris.open("/sign-in")
        await boris.press("Sign in", name="boris", password=PASSWORD)
        page = await browser.open("/settings/sign-in")
        await browser.press("End session", tab=True)
        assert (await boris.open("/settings")).url.endswith("ended")
    await browser.open("/settings/sign-in")
    page = await browser.press("Set new password", **{"new-of": "another good password"})
    assert "The new password counts." in page.text
    page = await browser.press("Remove boris")
    assert "removed" in page.text
    assert [user.name for user in await door.gateway.admins.users()] == ["anna"]
    token = next(each.value for each in page.controls if each.name == "csrf")
    page = await browser.post("/settings/sign-in/remove", [("csrf", token), ("user", "anna")])
    assert page.codes() == ["A-13"]
    assert [user.name for user in await door.gateway.admins.users()] == ["anna"]


async def test_administrators_and_secrets_change_only_after_the_password_was_entered_lately(
    anna: tuple[Door, PlainBrowser],
) -> None:
    door, browser = anna
    door.clock.ahead_ms += 20 * 60_000
    await browser.open("/settings/sign-in")
    page = await browser.press("Add", name="eve", new=PASSWORD)
    assert page.codes() == ["A-12"]
    page = await browser.press("Add", name="eve", new=PASSWORD, password="wrong password")
    assert page.codes() == ["A-01"]
    page = await browser.press("Add", name="carla", new=PASSWORD, password=PASSWORD)
    assert "can sign in now" in page.text
    assert [user.name for user in await door.gateway.admins.users()] == ["anna", "carla"]
    await door.gateway.admins.remove_user("carla")


async def test_what_cannot_be_used_of_the_saved_file_is_told_and_set_aside(tmp_path: Path) -> None:
    async with office(tmp_path / "data") as (door, browser):
        page = await browser.open("/settings/about")
        assert "htmx.min.js" in page.text
        page = await browser.press("Check")
        assert "There are no mistakes." in page.text
        (door.folder / FILE_NAME).write_text("gateway.time_zone: Nowhere\n")
        page = await browser.press("Check")
        assert "Code C-01" in page.text
        assert "saved.yaml line 1: gateway.time_zone must be an IANA time zone" in page.text
        assert (await browser.open("/settings/check")).url.endswith("/settings/about#check")


def _is_off(control: Control) -> bool:
    return control.name.startswith("tell_") and "checked" not in control.attributes


def _form(browser: PlainBrowser, channel: str) -> str:
    """The form of a channel, by what it is sent to."""
    forms = browser.page.forms.items()
    return next(name for name, each in forms if each["action"].startswith(f"/settings/notifications/{channel}#"))
