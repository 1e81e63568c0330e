"""What a simulated UCM holds: clock, switches, faults, logins, meetings and its record of calls; it decides nothing."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from simulator.google.clock import SimulatedClock
from simulator.pbx.api.faults import FaultBook
from simulator.pbx.api.login import Login
from simulator.pbx.api.meeting import Meeting
from simulator.pbx.api.models import Family, Model
from simulator.pbx.api.switches import Switches
from simulator.pbx.state import State
from simulator.pbx.zones import code_of, zone_of

_SECRET = frozenset({"token", "cookie", "password", "pincode", "admin_pincode"})
_RECORD_LENGTH = 1000
HIDDEN = "****"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One call as it came and what was said to it; secrets are hidden. `status` is the API's, None when it had none."""

    number: int
    source: str
    action: str
    said: Mapping[str, Any]
    status: int | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestReply:
    """What Google says about one invitee of a meeting."""

    book_id: str
    email: str
    state: str
    comment: str = ""


@dataclass(slots=True, kw_only=True)
class UcmState:
    """`office` completes forms and knows the extensions; `refresh_minutes` is how often Google is asked for replies."""

    model: Model
    clock: SimulatedClock
    office: State
    login: Login
    rng: random.Random
    switches: Switches = field(default_factory=Switches)
    faults: FaultBook = field(default_factory=FaultBook)
    meetings: dict[str, Meeting] = field(default_factory=dict)
    calls: deque[ApiCall] = field(default_factory=lambda: deque(maxlen=_RECORD_LENGTH))
    call_count: int = 0
    google_says: list[GuestReply] = field(default_factory=list)
    google_account: str = ""
    refresh_minutes: int = 60
    refreshed_at_s: float = 0.0

    @property
    def zone(self) -> str:
        """The device's own zone: a label of the form or a bare name."""
        return self.office.zone

    @property
    def actions(self) -> list[str]:
        """Names of the actions that were called, oldest first."""
        return [call.action for call in self.calls]

    def clock_text(self) -> str:
        """The device's clock, wrong by what the switch says: `2024-04-29 10:00:00 UTC+01:00`."""
        off = timedelta(minutes=self.switches.clock_off_minutes)
        local = (self.clock.now() + off).astimezone(zone_of(self.zone))
        return f"{local:%Y-%m-%d %H:%M:%S} UTC{_offset(local.strftime('%z'), ':')}"

    def timezone_text(self, meeting: Meeting) -> str:
        """What `timezone` says for a meeting, as the switches want it."""
        if self.switches.fixed_0800:
            return "+0800"
        if self.switches.zone_text == "offset" or self.model.family is Family.UCM6200:
            return _offset(meeting.start.replace(tzinfo=zone_of(meeting.zone_label)).strftime("%z"), "")
        return code_of(meeting.zone_label) if self.switches.zone_text == "code" else meeting.zone_label

    def record(self, source: str, action: str, said: Mapping[str, Any], status: int | None, why: str = "") -> None:
        """Remember a call without its secrets; the oldest are forgotten."""
        self.call_count += 1
        shown = {name: HIDDEN if name in _SECRET and value else value for name, value in said.items()}
        call = ApiCall(number=self.call_count, source=source, action=action, said=shown, status=status, why=why)
        self.calls.append(call)

    def new_book_id(self) -> str:
        """Epoch milliseconds of the device's clock that no meeting has yet."""
        number = int(self.clock.now_s() * 1000)
        while str(number) in self.meetings:
            number += 1
        return str(number)


def fresh_state(
    *, model: Model, zone: str, user: str, password: str, permitted: Sequence[str], seed: int | None
) -> UcmState:
    """A UCM without meetings; everything random comes from `seed`."""
    clock = SimulatedClock()
    rng = random.Random(seed)  # noqa: S311 - repeatable make-believe, nothing is protected by it
    return UcmState(
        model=model,
        clock=clock,
        office=State(rng=rng, now=clock.now, zone=zone),
        login=Login(user=user, password=password, permitted=permitted, now_s=clock.now_s, rng=rng),
        rng=rng,
        switches=Switches(confirm_delete=model.family is Family.UCM6200),
        refreshed_at_s=clock.now_s(),
    )


def _offset(text: str, between: str) -> str:
    return f"{text[:3]}{between}{text[3:5]}"
