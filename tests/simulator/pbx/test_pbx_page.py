"""The simulated PBX's page, walked like a browser without JavaScript: parse a form, change inputs, submit."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession

from simulator.pbx.booking import vendor_example
from simulator.pbx.serve import serve_page
from simulator.pbx.start_words import start_from


@dataclass
class Form:
    action: str
    inputs: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)


class Page(html.parser.HTMLParser):
    """The forms, links and texts of one page."""

    def __init__(self, markup: str, status: int) -> None:
        super().__init__()
        self.markup = markup
        self.status = status
        self.forms: list[Form] = []
        self.labels: list[str] = []
        self._area: str | None = None
        self._select: str | None = None
        self._collecting = False
        self.feed(markup)

    @property
    def text(self) -> str:
        return html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", self.markup, flags=re.DOTALL))

    def form(self, action: str) -> Form:
        return next(one for one in self.forms if one.action == action)

    def handle_starttag(self, tag, attrs):
        got = dict(attrs)
        if tag == "form":
            assert got["method"] == "post"
            self.forms.append(Form(action=got["action"]))
        if tag in ("label", "legend"):
            self._collecting = True
        if tag in ("input", "select", "textarea") and "required" in got:
            self.forms[-1].required.add(got["name"])
        if tag == "input" and (got.get("type") != "checkbox" or "checked" in got):
            self.forms[-1].inputs[got["name"]] = got.get("value", "")
        if tag == "textarea":
            self._area = got["name"]
            self.forms[-1].inputs[got["name"]] = ""
        if tag == "select":
            self._select = got["name"]
            self.forms[-1].choices[got["name"]] = []
        if tag == "option":
            self.forms[-1].choices[self._select].append(got["value"])
            if "selected" in got or self._select not in self.forms[-1].inputs:
                self.forms[-1].inputs[self._select] = got["value"]

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None
        if tag in ("label", "legend"):
            self._collecting = False

    def handle_data(self, data):
        if self._area:
            self.forms[-1].inputs[self._area] += data
        elif self._collecting and data.strip():
            self.labels.append(data.strip())


class Browser:
    def __init__(self, session: ClientSession, url: str) -> None:
        self.session = session
        self.url = url.rstrip("/")

    async def get(self, path: str, **headers: str) -> Page:
        async with self.session.get(self.url + path, headers=headers) as got:
            return Page(await got.text(), got.status)

    async def submit(self, form: Form, **changes: str | None) -> Page:
        inputs = {key: value for key, value in {**form.inputs, **changes}.items() if value is not None}
        async with self.session.post(self.url + form.action, data=inputs) as got:
            return Page(await got.text(), got.status)


@pytest.fixture
async def browser(ucm):
    async with serve_page(ucm) as url, ClientSession() as session:
        yield Browser(session, url)


VENDOR_ORDER = [
    "Meeting Subject", "Meeting Room", "Public Meeting Room", "Time", "Time Zone", "Password", "Host Password", "Host",
    "Repeat", "Allow User Invite", "Call Participants", "Email Reminder (m)", "Allowed to Override Host Mute",
    "Sync to Google Calendar", "Auto Record", "Invitees", "Meeting Agenda",
]  # fmt: skip


async def test_the_form_has_the_vendors_items_in_the_vendors_order(browser):
    page = await browser.get("/schedule")
    assert page.labels == VENDOR_ORDER
    form = page.form("/schedule")
    assert {"subject", "date", "from", "to", "host", "email_reminder_minutes"} <= form.required
    assert form.inputs["time_zone"] == "(UTC+01:00) Etc/GMT-1"
    assert form.inputs["sync_to_google"] == "yes"
    assert form.inputs["email_reminder_minutes"] == "60"
    assert re.fullmatch(r"\d{4}", form.inputs["host_password"])
    assert {"(UTC+01:00) Etc/GMT-1", "(UTC-12:00) Etc/GMT+12", "(UTC+14:00) Etc/GMT-14"} <= set(
        form.choices["time_zone"]
    )
    assert form.choices["repeat"] == ["none", "daily", "weekly"]


async def test_schedule_move_edit_and_cancel_by_hand(browser, gateway):
    form = (await browser.get("/schedule")).form("/schedule")
    listed = await browser.submit(
        form,
        subject="Weekly_Meeting",
        invitees="1001\r\n1002,bea@example.com\r\n",
        host_password="5021",
        agenda="A\r\nB",
    )
    ((book_id, said),) = gateway.meetings.items()
    assert said["confname"] == "Weekly_Meeting"
    assert said["starttime"].endswith(" 10:00:00")
    assert said["description"] == "A\nB"
    assert [(one["member_extension"], one["email"]) for one in json.loads(said["members"])] == [
        ("1000", ""),
        ("1001", ""),
        ("1002", "bea@example.com"),
    ]
    assert listed.status == 200
    assert "Saved Weekly_Meeting. The gateway said 202 Accepted" in listed.text
    assert "1001 has not configured an email address and could not receive a meeting notification email." in listed.text
    assert not re.search(r"(?<!\w)5021(?!\w)", listed.markup)

    listed = await browser.submit(
        listed.form(f"/meetings/{book_id}/move"), **{"date": "2026-12-07", "from": "14:00", "to": "15:00"}
    )
    assert "Moved Weekly_Meeting" in listed.text
    assert gateway.meetings[book_id]["starttime"] == "2026-12-07 14:00:00"
    assert gateway.meetings[book_id]["endtime"] == "2026-12-07 15:00:00"

    edit = (await browser.get(f"/meetings/{book_id}")).form(f"/meetings/{book_id}")
    assert (edit.inputs["host_password"], edit.inputs["invitees"]) == ("5021", "1001\n1002,bea@example.com")
    assert edit.inputs["agenda"] == "A\nB"
    await browser.submit(edit, subject="Board", sync_to_google=None, to="15:30")
    said = gateway.meetings[book_id]
    assert (said["confname"], said["open_calendar"], said["endtime"]) == ("Board", "no", "2026-12-07 15:30:00")
    assert said["admin_pincode"] == "5021"

    listed = await browser.submit((await browser.get("/")).form(f"/meetings/{book_id}/cancel"))
    assert gateway.meetings == {}
    assert "Cancelled Board" in listed.text
    assert "No meetings yet" in (await browser.get("/")).text
    assert (await browser.get(f"/meetings/{book_id}")).status == 404


async def test_what_cannot_be_read_is_named_and_nothing_is_lost(browser, gateway):
    form = (await browser.get("/schedule")).form("/schedule")
    page = await browser.submit(
        form, subject="Kept <b>", date="soon", invitees="1001,1002", email_reminder_minutes="x", host=""
    )
    assert page.status == 422
    for item in ("Time:", "Invitees:", "Email Reminder (m):", "Host:"):
        assert item in page.text
    assert page.form("/schedule").inputs["subject"] == "Kept <b>"
    assert "<b>" not in page.markup.replace("<b>ucm-1</b>", "")
    assert gateway.calls == []


async def test_a_refusal_of_the_gateway_is_shown_with_its_fields(browser, gateway):
    problem = {"title": "A field is wrong", "errors": [{"field": "endtime", "reason": "is before starttime"}]}
    gateway.script.append((422, {}, problem))
    form = (await browser.get("/schedule")).form("/schedule")
    page = await browser.submit(form, subject="Backwards", to="09:00")
    assert page.status == 422
    assert "endtime: is before starttime" in page.text
    assert page.form("/schedule").inputs["to"] == "09:00"
    assert "No meetings yet" in (await browser.get("/")).text


async def test_the_gateway_being_away_is_shown_as_a_sentence(browser, ucm, gateway):
    gateway.script.extend([None] * 4)
    form = (await browser.get("/schedule")).form("/schedule")
    page = await browser.submit(form, subject="X")
    assert page.status == 502
    assert "did not answer (4 tries)" in page.text


async def test_meetings_booked_elsewhere_appear(browser, ucm):
    form = vendor_example(start_from("2026-11-30", today=ucm.state.now().date()))
    await ucm.do.schedule(form)
    page = await browser.get("/")
    assert "Weekly_Meeting" in page.text
    assert "Monday 2026-11-30 10:00-11:00 (UTC+01:00) Etc/GMT-1" in page.text
    assert "understood as 2024-04-29T09:00:00Z" in page.text  # what the strict gateway always answers


async def test_only_this_page_and_only_this_machine_may_post(browser, gateway):
    form = (await browser.get("/schedule")).form("/schedule")
    assert (await browser.submit(form, subject="X", token="guessed")).status == 403
    assert (await browser.get("/", Host="evil.example")).status == 421
    assert gateway.calls == []


async def test_every_page_says_what_it_is_and_loads_nothing(browser, ucm):
    answer = await ucm.do.schedule(vendor_example(start_from("2026-11-30", today=ucm.state.now().date())))
    for path in ("/", "/schedule", f"/meetings/{answer.external_id}", "/meetings/404"):
        page = await browser.get(path)
        assert "SIMULATED UCM6300" in page.text
        assert "<script" not in page.markup
        assert not re.search(r'(?:src|href)="(?!/)', page.markup)
        assert len(page.markup.encode()) < 30_000
