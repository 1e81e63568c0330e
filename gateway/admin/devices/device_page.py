"""One device: how it stands, its test, its keys, what to type into it, and its end; its settings are elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from aiohttp import web

from gateway.admin.devices.office import Office, Said, Trial, pressed_at
from gateway.admin.qr import qr_svg
from gateway.admin.shell import actor_of, form_of, redirect
from gateway.devices.roster import Known
from gateway.domain.secret import Secret
from gateway.errors import GatewayError, NotFound
from gateway.messages import Message
from gateway.messages.languages import tr, trn
from gateway.messages.times import day_and_time
from gateway.operations.devices.desk import Report, clock_warning, message_of, set_up_lines, trouble_of
from gateway.operations.devices.listed import Line

TESTS_AT_ONCE = 4
WAIT_S = 1.0
"""How long the answer to a form waits for a test, before the page says that it is under way."""


class DevicePages:
    """Everything under /devices/{id} but its settings and its people."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._tests: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(TESTS_AT_ONCE)

    async def get(self, request: web.Request) -> web.Response:
        """GET /devices/{id}."""
        office, name = self._office, request.match_info["id"]
        known, line = await self._known(request)
        asking = await office.desk(actor_of(request)).asking(known)
        trouble = trouble_of(known, asking, office.own().ip, office.clock.now_ms())
        profile = office.devices.profile(known.row.profile, known.section.model if known.section else None)
        return await office.render(
            request,
            "device.html",
            known=known,
            line=line,
            asking=asking,
            profile=profile,
            trouble=trouble,
            refused=office.refused(name),
            warnings=[*filter(None, [clock_warning(known, asking)]), *office.noticed.of_device(name)],
            trial=office.trials.get(name),
            trial_message=self._trial_message(known),
            pressed=pressed_at(name, self._values(known, trouble)),
        )

    async def test(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/test: begin a test; its result stands on the page that follows."""
        name, form = request.match_info["id"], await form_of(request)
        await self._known(request)
        await self.begin_test(request, name)
        return redirect(f"/devices/{name}/connect#test" if form.get("at") == "connect" else f"/devices/{name}#test")

    async def trial(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/trial: the part of the page that tells of the test."""
        office, name = self._office, request.match_info["id"]
        known, line = await self._known(request)
        return await office.render(
            request,
            "trial.html",
            known=known,
            line=line,
            trial=office.trials.get(name),
            trial_message=self._trial_message(known),
            pressed=pressed_at(name, self._values(known, None)),
        )

    async def pause(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/pause."""
        return await self._paused(request, paused=True)

    async def resume(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/resume."""
        return await self._paused(request, paused=False)

    async def trust(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/trust: exactly the certificate that the last test saw, which is then tried."""
        office, name = self._office, request.match_info["id"]
        fingerprint = (await form_of(request)).get("fingerprint", "")
        trial = office.trials.get(name)
        if trial is None or trial.report is None or fingerprint != trial.report.fingerprint or not fingerprint:
            said = Said(kind="warn", headline=tr("Test the device again, then look at its fingerprint once more."))
            return office.later(request, said, f"/devices/{name}")
        await office.roster(actor_of(request)).trust(name, fingerprint)
        await office.changed()
        await self.begin_test(request, name)
        said = Said(kind="ok", headline=tr("Exactly this certificate is trusted from now on."))
        return office.later(request, said, f"/devices/{name}#test")

    async def believe(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/believe: the meetings that its list lost are really gone."""
        office, name = self._office, request.match_info["id"]
        number = await office.roster(actor_of(request)).believe(name)
        await office.changed()
        headline = (
            trn("%(num)s meeting will be cancelled.", "%(num)s meetings will be cancelled.", number)
            if number
            else tr("Its list lost no meetings that somebody has to judge.")
        )
        return office.later(request, Said(kind="ok", headline=headline), f"/devices/{name}")

    async def key_page(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/key: what a new key means, before there is one."""
        known, line = await self._known(request)
        refused = await self._office.shell.proved(request)
        if refused is not None:
            return refused
        return await self._office.render(request, "key.html", known=known, line=line)

    async def new_key(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/key: a new key, which the page that follows shows once."""
        office, name = self._office, request.match_info["id"]
        refused = await office.shell.proved(request)
        if refused is not None:
            return refused
        at_once = (await form_of(request)).get("at_once") == "yes"
        key = await office.roster(actor_of(request)).rotate_key(name, at_once=at_once)
        await office.changed()
        office.keys.put(office.key_place(request, name), key)
        return redirect(f"/devices/{name}/connect")

    async def connect(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/connect: what to type into the device, with its key if that is new."""
        office, name = self._office, request.match_info["id"]
        known, line = await self._known(request)
        key = office.keys.take(office.key_place(request, name))
        asked = known.section is not None and known.section.poll is not None
        profile = office.devices.profile(known.row.profile, known.section.model if known.section else None)
        shown = key.reveal() if key is not None else tr("(the key of this device)")
        values = office.own().values(name, shown)
        return await office.render(
            request,
            "connect.html",
            known=known,
            line=line,
            asked=asked,
            key=key.reveal() if key is not None else "",
            set_up=set_up_lines(profile, values, asked=asked) if profile is not None else [],
            qr=_qr(values, key) if key is not None else "",
            trial=office.trials.get(name),
            trial_message=self._trial_message(known),
            pressed=pressed_at(name, self._values(known, None)),
        )

    async def first_call(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/first-call: the line that waits for it."""
        known, line = await self._known(request)
        return await self._office.render(request, "first_call.html", known=known, line=line)

    async def simulate(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/simulate: a call that the device did not make."""
        office, name = self._office, request.match_info["id"]
        known, _ = await self._known(request)
        subject = tr("Simulated call of %(device)s", device=known.title)
        try:
            done = await office.simulate(name, subject)
        except NotFound:
            raise
        except GatewayError as error:
            said = Said(kind="bad", headline=tr("The simulated call was refused."), lines=(str(error),))
            return office.later(request, said, f"/devices/{name}/connect")
        start = f"{day_and_time(done.meeting.start_local)} ({done.meeting.zone})"
        said = Said(
            kind="ok",
            headline=tr("The simulated call was accepted."),
            lines=(
                tr('"%(subject)s" at %(start)s is on its way to the calendar.', subject=subject, start=start),
                tr("It took the same way as a call of this device. The device itself did not call."),
                *done.receipt.warnings,
            ),
            link=(f"/meetings/{done.receipt.meeting_id}", tr("Show the meeting")),
        )
        return office.later(request, said, f"/devices/{name}/connect")

    async def remove_page(self, request: web.Request) -> web.Response:
        """GET /devices/{id}/remove: what becomes of its meetings."""
        known, line = await self._known(request)
        return await self._office.render(request, "remove.html", known=known, line=line)

    async def remove(self, request: web.Request) -> web.Response:
        """POST /devices/{id}/remove."""
        office, name = self._office, request.match_info["id"]
        cancel = (await form_of(request)).get("meetings") == "cancel"
        removed = await office.desk(actor_of(request)).remove(name, cancel_meetings=cancel)
        await office.changed()
        lines = [tr("Its key opens nothing any more.")]
        if removed.cancelled:
            lines.append(trn("%(num)s meeting was cancelled.", "%(num)s meetings were cancelled.", removed.cancelled))
        if removed.left:
            lines.append(trn("%(num)s meeting stays in Google.", "%(num)s meetings stay in Google.", removed.left))
        said = Said(kind="ok", headline=tr("%(device)s is removed.", device=name), lines=tuple(lines))
        return office.later(request, said, "/devices")

    async def stop(self) -> None:
        """The gateway ends: tests that are under way end with it."""
        tests = list(self._tests.values())
        for task in tests:
            task.cancel()
        await asyncio.gather(*tests, return_exceptions=True)

    async def _known(self, request: web.Request) -> tuple[Known, Line]:
        office, name = self._office, request.match_info["id"]
        known = await office.roster(actor_of(request)).one(name)
        line = await office.devices.state(name)
        if line is None:
            raise NotFound(name)
        return known, line

    async def _paused(self, request: web.Request, *, paused: bool) -> web.Response:
        office, name = self._office, request.match_info["id"]
        await office.roster(actor_of(request)).pause(name, paused=paused)
        await office.changed()
        headline = (
            tr('%(device)s is paused. Its calls are answered with "try later".', device=name)
            if paused
            else tr("%(device)s is served again.", device=name)
        )
        return office.later(request, Said(kind="ok", headline=headline), f"/devices/{name}")

    async def begin_test(self, request: web.Request, name: str) -> None:
        """Test in the background, and wait a moment for it; a test that is under way is not begun again."""
        task = self._tests.get(name)
        if task is None:
            desk = self._office.desk(actor_of(request))
            self._office.trials.put(name, Trial(at_ms=self._office.clock.now_ms()))
            task = self._tests[name] = asyncio.create_task(self._try(desk.tried(name), name), name=f"test-{name}")
            task.add_done_callback(lambda _: self._tests.pop(name, None))
        await asyncio.wait({task}, timeout=WAIT_S)

    async def _try(self, tried: Awaitable[Report], name: str) -> None:
        try:
            async with self._room:
                report = await tried
        except GatewayError as error:
            report = Report(str(error), "", ok=False)
        self._office.trials.put(name, Trial(at_ms=self._office.clock.now_ms(), report=report))

    def _trial_message(self, known: Known) -> Message | None:
        trial = self._office.trials.get(known.row.name)
        if trial is None or trial.report is None or trial.report.ok:
            return None
        return message_of(trial.report, known, self._office.own().ip)

    def _values(self, known: Known, trouble: Message | None) -> dict[str, str]:
        trial = self._trial_message(known)
        values = dict(trouble.values) if trouble is not None else {}
        return values | (dict(trial.values) if trial is not None else {})


def _qr(values: dict[str, str], key: Secret) -> str:
    """Return the picture of address and key, for devices with a camera and for telephones."""
    address = f"{values['gateway_address']}/api/v1/devices/{values['device_id']}/meetings"
    return qr_svg(f"{address}\n{key.reveal()}")
