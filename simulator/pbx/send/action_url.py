"""A phone with an Action URL: an address with placeholders such as `$mac`, filled and called with GET."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from simulator.pbx.booking import Booking, Repeat, ScheduleForm
from simulator.pbx.push import Answer
from simulator.pbx.send.meetings_door import addresses
from simulator.pbx.send.sender import Sender
from simulator.pbx.wire import CannotSay

LONGEST = 511
"""Characters of an Action URL, filled (Yealink manuals)."""

PHONE = {
    "mac": "000b82000001",
    "ip": "192.0.2.31",
    "phone_ip": "192.0.2.31",
    "model": "GXP2170",
    "product": "GXP2170",
    "firmware": "1.0.11.35",
}
"""What this phone puts in for the placeholders that are about itself."""

_MEETING = (
    "id=$id&subject=$subject&start=$start&end=$end&zone=$zone&room=$room&invitees=$guests&occurrence=$occurrence"
    "&cancel=$cancel"
)
_PLACEHOLDER = re.compile(r"\$([a-z_]+)")


class ActionUrlPhone(Sender):
    """`template` is what an admin types into the phone; `$key` in it stands for the device's key."""

    kind = "action-url"
    agent = "Grandstream GXP2170 1.0.11.35 (simulated)"
    template = f"{_MEETING}&mac=$mac&model=$model&key=$key"

    async def press(self, values: Mapping[str, str], external_id: str = "") -> Answer:
        """Fill the address and call it; an unknown placeholder stays as it is. CannotSay when it gets too long."""
        query = self.filled(values)
        url = f"{self.line.device_address()}/action?{query}"
        if len(url) > LONGEST:
            raise CannotSay(f"action-url: the address has {len(url)} characters, the phone takes {LONGEST}")
        return await self._ask("GET", url, external_id, with_key=False)

    def filled(self, values: Mapping[str, str]) -> str:
        """The query with every placeholder replaced, percent-encoded; parts that would be empty are left out."""
        known = {**PHONE, "key": self._key, **values}
        parts = []
        for part in self.template.split("&"):
            name, _, text = part.partition("=")
            filled = _PLACEHOLDER.sub(lambda found: quote(known.get(found[1], found[0]), safe=""), text)
            if filled:
                parts.append(f"{name}={filled}")
        return "&".join(parts)

    async def _tell(self, booking: Booking, *, new: bool) -> Answer:
        del new
        return await self.press(self._values(booking.form, booking.book_id), booking.book_id)

    async def _tell_cancelled(self, external_id: str) -> Answer:
        return await self.press({**_EMPTY, "id": external_id, "cancel": "1"}, external_id)

    async def _tell_occurrence(self, external_id: str, original: datetime, form: ScheduleForm | None) -> Answer:
        named = {"occurrence": _local(original)}
        if form is None:
            return await self.press({**_EMPTY, **named, "id": external_id, "cancel": "1"}, external_id)
        day = replace(form, repeat=Repeat.NONE)
        return await self.press({**self._values(day, external_id), **named}, external_id)

    def _values(self, form: ScheduleForm, external_id: str) -> dict[str, str]:
        if form.repeat is not Repeat.NONE:
            raise CannotSay("action-url has no word for a repeat")
        return {
            **_EMPTY,
            "id": external_id,
            "subject": form.subject,
            "start": _local(form.start),
            "end": _local(form.end),
            "zone": form.time_zone,
            "room": form.room,
            "guests": addresses(form.invitees),
        }


_EMPTY = dict.fromkeys(("subject", "start", "end", "zone", "room", "guests", "occurrence", "cancel"), "")


def _local(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
