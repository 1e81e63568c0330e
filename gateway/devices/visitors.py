"""What the doors tell about every call of a device: known ones are noted, strangers wait; nothing is answered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.devices.admission import Admission
from gateway.devices.calls import Calls
from gateway.devices.pending import KeptCall, Pending
from gateway.devices.register import Register
from gateway.domain.secret import Secret
from gateway.store.database import Database

WRONG_KEY = "D-02"


class Visitors:
    """The one thing that a door has to tell, whatever dialect it speaks; costs the same however often it is told."""

    def __init__(self, register: Register, calls: Calls, pending: Pending) -> None:
        self._register = register
        self._calls = calls
        self._pending = pending
        self.admission: Admission | None = None
        """Lets new devices in for a while, once somebody asked for it."""

    @property
    def pending(self) -> Pending:
        """Who wants to connect."""
        return self._pending

    def let_in(self, name: str) -> None:
        """A call of the device was understood, whatever came of it."""
        device = self._register.find(name)
        if device is not None:
            self._calls.accepted(device)

    def refused(self, name: str, code: str, text: str) -> None:
        """A call that showed the right key of the device could not be accepted; `text` holds nothing secret."""
        device = self._register.find(name)
        if device is not None:
            self._calls.refused(device, code, text)

    def turned_away(
        self,
        name: str,
        address: str,
        call: Callable[[], KeptCall | None] = lambda: None,
        key: Callable[[], Secret | None] = lambda: None,
    ) -> None:
        """A call that showed a wrong key, or the key of nobody. `call` gives what is kept of it, if it is wanted.

        `key` gives the key that it showed, which is only asked for while new devices are let in.
        """
        device = self._register.find(name)
        if device is not None:
            self._calls.refused(device, WRONG_KEY, f"The call from {address} showed a wrong key.")
            return
        if self.admission is not None and self.admission.is_open:
            self.admission.offer(name, address, key())
        self._pending.note(name, address, call())

    async def reload(self, database: Database) -> Mapping[str, tuple[KeptCall, ...]]:
        """After `Register.reload`: forget who waits no longer; return the kept calls of those who became devices.

        Raises StoreError.
        """
        return await self._pending.reload(database, {device.row.name for device in self._register.served()})
