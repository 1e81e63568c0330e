"""The dashboard in a browser without scripts: lights, problems with their buttons, what comes next, the audit log."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.store import audit, outbox, settings
from gateway.store.second_looks import ASKED
from tests.journey.command_desk import until_true
from tests.journey.dashboard_office import KEY, DashboardOffice, connected, opened_dashboard, soon
from tests.journey.plain_browser import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG = "another-key-of-16-signs"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DashboardOffice]:
    async with opened_dashboard(tmp_path_factory.mktemp("dashboard")) as office:
        yield office


def between(page: Page, first: str, last: str) -> str:
    """What people read from one heading to the next."""
    return page.text.partition(f" {first}")[2].partition(f" {last}")[0]


async def write(office: DashboardOffice, sql: str, *values: object) -> None:
    await office.gateway.stored.database.write(lambda conn: conn.execute(sql, values))


async def test_a_new_gateway_says_what_to_do_first(office: DashboardOffice):
    page = await office.dashboard()
    assert page.title.startswith("Dashboard")
    for words in ("Google Not connected", "Devices 2 have not called yet", "Queue Empty", "Gateway OK, up for"):
        assert words in page.text, words
    assert "Nothing needs your attention." in page.text
    assert "First steps: 3 of 7 done" in page.text
    assert page.link("Connect a Google account") == "/google"
    assert 'No meetings yet. Schedule one on the PBX with "Sync to Google Calendar" ticked' in page.text
    assert page.link("Send a test meeting") == "/google#step-4"
    assert "anna signed in" in between(page, "Last activity", "Never")


async def test_meetings_wait_and_nothing_is_lost(office: DashboardOffice):
    assert await office.call("lobby", soon("1", "Weekly Meeting", 0.5)) == 202
    assert await office.call("lobby", soon("2", "Sales", 30)) == 202
    page = await office.dashboard()
    assert "Queue 2 waiting" in page.text
    assert "Nothing is lost. The order is kept." in page.text
    soonest = between(page, "Next meetings", "Today")
    assert soonest.index("Weekly Meeting") < soonest.index("Sales")
    assert soonest.count("Waiting") == 2
    assert 'Lobby UCM scheduled "Sales" Waiting' in page.text


async def test_once_somebody_is_connected_the_lights_say_so(office: DashboardOffice):
    await connected(office)

    async def written() -> bool:
        return not await office.gateway.stored.database.read(outbox.counts)

    await until_true(written, "never written")
    page = await office.dashboard()
    assert "Google Authorized arthur.morgan@mycompanyabc.com" in page.text
    assert "Queue Empty" in page.text
    assert between(page, "Next meetings", "Today").count("Synced") == 2
    assert "6 of 7 done" in page.text


async def test_what_is_cancelled_is_no_next_meeting(office: DashboardOffice):
    assert await office.call("lobby", soon("77", "To be cancelled", 0.2)) == 202
    page = await office.dashboard()
    assert "To be cancelled" in between(page, "Next meetings", "Today")
    await write(office, "UPDATE meeting SET state = 'cancelled' WHERE external_id = '77'")
    assert "To be cancelled" not in between(await office.dashboard(), "Next meetings", "Today")


async def test_a_call_refused_for_what_it_says_leads_to_the_calls_of_its_device(office: DashboardOffice):
    assert await office.call("board", {"external_id": "nothing"}) == 422
    page = await office.dashboard()
    assert "A call of Board room was refused." in between(page, "Needs attention", "Next meetings")
    assert "bad-payload" not in page.text  # no page explains that word
    assert page.link("Show calls") == "/devices/board/calls"


async def test_a_device_with_a_wrong_key_is_a_problem_with_one_button(office: DashboardOffice):
    assert await office.call("board", soon("9", "x"), key=WRONG) == 401
    page = await office.dashboard()
    assert "Board room uses a wrong key. Its calls are refused." in page.text
    assert page.link("New key").startswith("/devices/board")
    assert page.link("Code D-02") == "/help/D-02"
    assert "1 with a problem" in page.text

    async def every_page_says_so() -> bool:
        return "1 problem" in (await office.browser.open("/help")).text

    await until_true(every_page_says_so, "the top of the page says nothing")
    assert await office.call("board", soon("10", "Board", 2)) == 202
    assert "uses a wrong key" not in (await office.dashboard()).text


async def test_who_waits_to_connect_can_be_added_ignored_or_put_off(office: DashboardOffice):
    assert await office.call("ucm6304", soon("1", "Strange meeting"), key=WRONG) == 401
    page = await office.dashboard()
    assert "Waiting to connect (1)" in page.text
    words = between(page, "Waiting to connect (1)", "First steps")
    assert '"ucm6304" (127.0.0.1) wants to connect.' in words
    assert 'First meeting it sent: "Strange meeting".' in words
    await write(
        office, "INSERT INTO found_device VALUES ('UCM6304', '127.0.0.1', 8089, 'UCM', 'ucm', 'C0:74:AD:12:34:56', 1)"
    )
    assert '"ucm6304" (127.0.0.1, C0:74:AD:12:34:56) wants to connect.' in (await office.dashboard()).text
    page = office.browser.page
    places = [form["action"] for form in page.forms.values() if "/devices/waiting/" in form["action"]]
    assert places == [f"/devices/waiting/ucm6304/{each}" for each in ("add", "ignore", "dismiss")]


async def test_a_warning_can_wait_for_two_days_and_an_error_cannot(office: DashboardOffice):
    await write(office, "UPDATE device SET paused = 1 WHERE name = 'board'")
    page = await office.dashboard()
    assert "Board room is paused." in page.text
    page = await office.browser.press("Remind me in 2 days")
    assert page.url.endswith("/dashboard#attention")
    assert "Nothing needs your attention." in page.text
    assert "1 put off" in page.text
    office.clock.ahead_ms += 47 * 3_600_000
    page = await signed_in_again(office)
    assert "1 put off" in page.text
    office.clock.ahead_ms += 2 * 3_600_000
    page = await signed_in_again(office)
    assert "1 put off" not in page.text
    assert "Remind me in 2 days" in page.buttons()
    await office.browser.press("Remind me in 2 days")
    page = await office.browser.press("Show it again")
    assert "1 put off" not in page.text
    await write(office, "UPDATE device SET paused = 0 WHERE name = 'board'")
    assert [line for line in (await office.dashboard()).buttons() if line == "Remind me in 2 days"] == []


async def signed_in_again(office: DashboardOffice) -> Page:
    """The session ended while the clock went on."""
    await office.browser.open("/sign-in")
    await office.browser.press("Sign in", name="anna", password="correct horse battery")
    return await office.dashboard()


async def test_what_was_put_off_is_bounded_and_may_be_damaged(office: DashboardOffice):
    database = office.gateway.stored.database
    for damaged in ("[", "[1]", '{"a": "b"}', "null"):
        await database.write(lambda conn, damaged=damaged: settings.put(conn, "dashboard.snoozed", damaged, now_ms=1))
        assert (await office.dashboard()).status == 200
    many = {f"key {number}": office.clock.now_ms() + 60_000 for number in range(500)}
    await database.write(lambda conn: settings.put(conn, "dashboard.snoozed", json.dumps(many), now_ms=1))
    token = re.search(r'name="csrf" value="([^"]+)"', office.browser.page.source)
    assert token is not None
    await office.browser.post("/dashboard/put-off", [("csrf", token[1]), ("key", "x" * 9_000)])
    kept = await database.read(lambda conn: settings.read(conn, ("dashboard.snoozed",)))
    assert len(json.loads(kept["dashboard.snoozed"].value)) == 200
    await database.write(lambda conn: settings.remove(conn, ("dashboard.snoozed",)))


async def test_many_events_too_many_are_decided_about_on_a_page(office: DashboardOffice):
    if not office.gateway.stored.accounts.usable():
        await connected(office)
    await write(
        office,
        "INSERT INTO stray_event SELECT id, 'team@example.com', 'x1', 1, 1, ?, 0 FROM account WHERE main = 1",
        ASKED,
    )
    page = await office.dashboard()
    if "one too many" in page.text:
        assert page.link("Decide") == "/dashboard/decisions"
    page = await office.browser.open("/dashboard/decisions")
    assert "1 event too many in team@example.com" in page.text
    page = await office.browser.press("Remove them")
    assert "They are removed now." in page.text
    assert "There is nothing to decide." in page.text
    lines = await office.gateway.stored.database.read(lambda conn: audit.newest(conn, 1))
    assert (lines[0].actor, lines[0].action) == ("admin:anna", "calendar.doubles-removed")
    assert lines[0].object == "calendar:team@example.com"


async def test_events_that_vanished_together_are_put_back_or_believed(office: DashboardOffice):
    # The calendar cannot be read meanwhile, because reading it would show that the event is still there.
    meeting = "SELECT meeting_id, account_id, 'team@example.com' FROM mirrored WHERE state = 'live' LIMIT 1"
    if not office.gateway.stored.accounts.usable():
        await connected(office)
    assert await office.call("lobby", soon("vanishes", "Vanishes")) == 202

    async def there() -> bool:
        found = "SELECT count(*) FROM mirrored WHERE state = 'live'"
        return bool(await office.gateway.stored.database.read(lambda conn: conn.execute(found).fetchone()[0]))

    await until_true(there, "no meeting came to the calendar")
    office.google.do.fault({"status": 503}, match={"operation": "list"})
    for button, told in (("Put them back", "They are written to Google again."), ("They are really gone", "Noted:")):
        await write(office, f"INSERT INTO guarded_deletion SELECT *, 1 FROM ({meeting})")
        page = await office.dashboard()
        assert "Is 1 meeting really gone?" in page.text or "Are 1 meeting really gone?" in page.text
        await office.browser.follow("Decide")
        page = await office.browser.press(button)
        assert told in page.text
    office.google.do.clear_faults()


@pytest.mark.parametrize("path", ["/dashboard/glance", "/dashboard/agenda", "/dashboard/activity"])
async def test_a_part_is_the_part_alone(office: DashboardOffice, path: str):
    page = await office.browser.open(path)
    assert page.status == 200
    assert "<html" not in page.source
    assert f'hx-get="{path}' in page.source


async def test_a_part_tells_a_number_of_problems_that_is_news_only(office: DashboardOffice):
    known = re.search(r"told=(\d+)", (await office.browser.open("/dashboard/glance")).source)
    assert known is not None
    again = await office.browser.open(f"/dashboard/glance?told={known[1]}")
    assert "hx-swap-oob" not in again.source
    news = await office.browser.open(f"/dashboard/glance?told={int(known[1]) + 1}")
    assert 'id="problems-told" hx-swap-oob="innerHTML"' in news.source


async def test_the_first_steps_can_be_dismissed(office: DashboardOffice):
    await office.dashboard()
    page = await office.browser.press("Do not show this list again")
    assert "First steps" not in page.text


async def test_the_audit_log_shows_who_did_what(office: DashboardOffice):
    page = await office.browser.open("/logs/audit")
    assert "anna signed in" in page.text
    assert 'Lobby UCM scheduled "Weekly Meeting"' in page.text
    page = await office.browser.open("/logs/audit?what=sign-in")
    assert "scheduled" not in page.text.partition("Source")[2]
    page = await office.browser.open("/logs/audit?who=devices&text=meeting:1")
    assert "anna signed in" not in page.text
    assert 'scheduled "Weekly Meeting"' in page.text
    page = await office.browser.open("/logs/audit?text=no-such-thing-anywhere")
    assert "Nothing like that was written down." in page.text
    for nonsense in (
        "from=x&to=2026-99-99",
        "before=abc&after=-1",
        "who=%00&what=%F0%9F",
        "from=0001-01-01&to=9999-12-31",
    ):
        assert (await office.browser.open(f"/logs/audit?{nonsense}")).status == 200


async def test_the_audit_log_goes_on_in_pages(office: DashboardOffice):
    def work(conn) -> None:
        for number in range(120):
            audit.write(conn, at_ms=number, actor="admin:bo", action="device.paused", object_=f"device:d{number:03}")

    await office.gateway.stored.database.write(work)
    browser, seen = office.browser, []
    page = await browser.open("/logs/audit?text=admin:bo")
    for _ in range(2):
        seen += re.findall(r"device:(d\d+)", page.source)
        page = await browser.follow("Older")
    seen += re.findall(r"device:(d\d+)", page.source)
    assert seen == [f"d{number:03}" for number in reversed(range(120))]
    page = await browser.follow("Newer")
    assert re.findall(r"device:(d\d+)", page.source) == seen[50:100]


async def test_the_download_is_harmless_in_a_spreadsheet(office: DashboardOffice):
    def work(conn) -> None:
        for evil in ("=1+1", "@SUM(A1)", "+1", "-1", " =1", '"quoted", and\nbroken'):
            audit.write(conn, at_ms=1, actor="admin:eve", action="device.changed", object_=evil, detail=evil)

    await office.gateway.stored.database.write(work)
    page = await office.browser.open("/logs/audit.csv?text=admin:eve")
    assert page.headers["Content-Type"].startswith("text/csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.reader(io.StringIO(page.source)))
    assert rows[0] == ["time", "who", "action", "object", "detail", "source"]
    assert len(rows) == 7
    for row in rows[1:]:
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)
    assert KEY not in page.source


async def test_nothing_here_can_change_the_audit_log(office: DashboardOffice):
    for path in ("/logs/audit", "/logs/audit.csv", "/live", "/dashboard"):
        assert (await office.browser.post(path, [])).status in (403, 404, 405)


async def test_google_asks_to_slow_down_while_changes_wait_for_that(office: DashboardOffice):
    if not office.gateway.stored.accounts.usable():
        await connected(office)
    office.google.do.fault({"status": 403, "reason": "rateLimitExceeded"}, match={"operation": "insert"})
    assert await office.call("lobby", soon("slow", "Too many at once", 40)) == 202

    async def told() -> bool:
        return "Code G-505" in (await office.dashboard()).text

    await until_true(told, "the dashboard says nothing")
    page = office.browser.page
    assert re.search(
        r"Google asks us to slow down\. We retry automatically\. 1 change waiting, next try (now|[\d:]{8})\.", page.text
    )
    assert page.link("Show queue") == "/meetings?state=waiting"
    office.google.do.clear_faults()

    async def over() -> bool:
        office.clock.ahead_ms += 10_000
        await office.gateway.outbound.account_returned()
        return "Code G-505" not in (await office.dashboard()).text

    await until_true(over, "Google is still said to ask for less")
