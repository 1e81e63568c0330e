"""The checks of the way to Google and of the authorization there; this machine itself is checked elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway import messages
from gateway.accounts.accounts import Accounts
from gateway.accounts.calendar_choice import CalendarChoice
from gateway.accounts.checked import MOST_CLOCK_DIFFERENCE_S, Checked
from gateway.accounts.reached import UNTRUSTED, Reached, names, reached, unknown_name
from gateway.accounts.test_meeting import TestMeeting
from gateway.clock import Clock
from gateway.config import GoogleEndpoints, NetworkSection
from gateway.errors import SignInError
from gateway.messages.languages import tr
from gateway.operations.doctor.doctor import Check, Found, told

NETWORK = ("proxy", "dns", "https", "trust", "clock")
"""The checks of the network alone."""
_FRESH_S = 5.0
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NOT_THE_TOKEN = ("N-", "G-312", "G-407", "G-408", "G-410", "G-412", "G-505", "G-506", "G-512")


@dataclass(slots=True, kw_only=True)
class TowardsGoogle:
    """What these checks look at; `network` says how calls leave now, `environ` is the environment of the gateway."""

    endpoints: GoogleEndpoints
    accounts: Accounts
    choice: CalendarChoice
    test_meeting: TestMeeting
    clock: Clock
    network: Callable[[], NetworkSection] = NetworkSection
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looked: tuple[float, tuple[Reached, ...]] | None = None
    _asked: tuple[float, Checked] | None = None

    def checks(self) -> list[Check]:
        """Return the checks, in the order in which they are shown."""
        return [
            Check(id="proxy", title=lambda: tr("Proxy"), work=self._proxy),
            Check(id="dns", title=lambda: tr("Names of Google's servers"), work=self._dns),
            Check(id="https", title=lambda: tr("https to Google"), work=self._https),
            Check(id="trust", title=lambda: tr("Certificates of Google"), work=self._trust),
            Check(id="clock", title=lambda: tr("Clock"), work=self._clock),
            Check(id="token", title=lambda: tr("Authorization"), work=self._token),
            Check(id="api", title=lambda: tr("Google Calendar API"), work=self._api),
            Check(id="calendar", title=lambda: tr("Calendar"), work=self._calendar),
            Check(id="test-event", title=lambda: tr("Test event"), work=self._test_event, on_request=True),
        ]

    async def _proxy(self) -> Found:
        proxy = self.network().proxy
        if proxy is not None:
            return Found(state="ok", said=tr("Calls to Google go through %(proxy)s.", proxy=proxy.address))
        found = next((name for name in _PROXIES if self.environ.get(name)), "")
        if found:
            return told("warn", "N-07", name=found)
        return Found(state="ok", said=tr("No proxy is set. The gateway talks to Google directly."))

    async def _dns(self) -> Found:
        network = self.network()
        host, servers = await unknown_name(self.endpoints, network)
        if host:
            return told("fail", "N-01", host=host, servers=servers)
        return Found(
            state="ok", said=tr("These names are known: %(hosts)s.", hosts=", ".join(names(self.endpoints, network)))
        )

    async def _https(self) -> Found:
        looked = await self._look()
        for each in looked:
            if each.code not in ("", UNTRUSTED):
                return told("fail", each.code, **each.values)
        hosts = ", ".join(each.server for each in looked)
        return Found(state="ok", said=tr("These servers answer: %(hosts)s.", hosts=hosts))

    async def _trust(self) -> Found:
        looked = await self._look()
        if not any(each.secure for each in looked):
            return Found(state="skip", said=tr("The calendar is a simulated one on this machine."))
        for each in looked:
            if each.code == UNTRUSTED:
                return told("fail", each.code, **each.values)
        if all(each.code for each in looked):
            return Found(state="skip", said=tr("No server answered."))
        return Found(state="ok", said=tr("The certificates are trusted."))

    async def _clock(self) -> Found:
        for each in await self._look():
            difference_s = each.clock_difference_s
            if difference_s is None:
                continue
            if abs(difference_s) > MOST_CLOCK_DIFFERENCE_S:
                direction = "ahead" if difference_s > 0 else "behind"
                return told("fail", "N-05", n=str(round(abs(difference_s))), direction=direction)
            return Found(state="ok", said=tr("The clock agrees with Google's."))
        return Found(state="skip", said=tr("Google told no time."))

    async def _token(self) -> Found:
        status = self.accounts.status()
        if status is None:
            return Found(
                state="warn", said=tr("Nobody is signed in at Google yet."), remedy=tr("Sign in on the page Google.")
            )
        problem = (await self._checked()).problem
        if problem is not None and not problem.code.startswith(_NOT_THE_TOKEN):
            said = " ".join(part for part in (problem.title, problem.text) if part)
            return Found(state="fail", said=said, message=problem)
        if problem is not None:
            return Found(state="skip", said=tr("That could not be tried: %(why)s", why=problem.title))
        return Found(state="ok", said=tr("Google accepts the authorization of %(email)s.", email=status.email))

    async def _api(self) -> Found:
        if self.accounts.status() is None:
            return _nobody()
        problem = (await self._checked()).problem
        if problem is None:
            return Found(state="ok", said=tr("The Google Calendar API answers."))
        if not problem.code.startswith(_NOT_THE_TOKEN):
            return Found(state="skip", said=tr("That could not be tried: %(why)s", why=problem.title))
        said = " ".join(part for part in (problem.title, problem.text) if part)
        return Found(state="fail", said=said, message=problem)

    async def _calendar(self) -> Found:
        status = self.accounts.status()
        if status is None:
            return _nobody()
        found, chosen = await self._checked(), self.choice.current()
        if found.problem is not None:
            return Found(state="skip", said=tr("That could not be tried: %(why)s", why=found.problem.title))
        if chosen.calendar_id not in [each.id for each in found.calendars]:
            return told("fail", "G-507", name=chosen.shown, email=status.email)
        return Found(state="ok", said=tr('The calendar "%(name)s" can be written to.', name=chosen.shown))

    async def _test_event(self) -> Found:
        if self.accounts.status() is None:
            return _nobody()
        try:
            await self.test_meeting.send()
            there = await self.test_meeting.look()
            await self.test_meeting.delete()
        except SignInError as error:
            message = messages.text(error.code, **error.values)
            return Found(state="fail", said=" ".join(filter(None, (message.title, message.text))), message=message)
        if not there:
            return Found(state="fail", said=tr("Google took a test event, but did not show it when it was read again."))
        return Found(state="ok", said=tr("A test event was written, read and deleted."))

    async def _look(self) -> tuple[Reached, ...]:
        async with self._looking:
            now_s = self.clock.monotonic_s()
            if self._looked is None or now_s - self._looked[0] > _FRESH_S:
                self._looked = (now_s, await reached(self.endpoints, self.clock, self.network()))
            return self._looked[1]

    async def _checked(self) -> Checked:
        async with self._asking:
            if self._asked is None or self.clock.monotonic_s() - self._asked[0] > _FRESH_S:
                self._asked = (self.clock.monotonic_s(), await self.accounts.check())
            return self._asked[1]


def _nobody() -> Found:
    return Found(state="skip", said=tr("Nobody is signed in at Google yet."))
