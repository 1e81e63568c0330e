"""The checks of the way between people, devices and this gateway: the browser's clock, the addresses that are used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.accounts.checked import MOST_CLOCK_DIFFERENCE_S
from gateway.clock import Clock
from gateway.messages.languages import tr, trn
from gateway.operations.doctor.doctor import Asked, Check, Found


@dataclass(frozen=True, slots=True, kw_only=True)
class FromOutside:
    """What these checks look at.

    `told` are the addresses that devices and people are told, beginning with the scheme. `why_silent` calls one of
    them from this machine and returns why the gateway does not answer there, empty when it does.
    """

    clock: Clock
    told: Callable[[], tuple[str, ...]]
    why_silent: Callable[[str], Awaitable[str]]

    def checks(self) -> list[Check]:
        """Return the checks, in the order in which they are shown."""
        return [
            Check(id="browser-clock", title=lambda: tr("Clock of your computer"), asking=self._browser_clock),
            Check(id="web", title=lambda: tr("Web port"), asking=self._web),
        ]

    async def _browser_clock(self, asked: Asked) -> Found:
        if asked.browser_ms is None:
            return Found(
                state="skip",
                said=tr(
                    "Not checked: no browser told its time. It does when JavaScript is on and the page runs checks."
                ),
            )
        seconds = round((self.clock.now_ms() - asked.browser_ms) / 1000)
        if abs(seconds) <= MOST_CLOCK_DIFFERENCE_S:
            return Found(state="ok", said=tr("The clocks of the gateway and of your computer agree."))
        ahead, many = seconds > 0, abs(seconds)
        said = (
            trn(
                "The clock of the gateway is %(num)s second ahead of your computer's.",
                "The clock of the gateway is %(num)s seconds ahead of your computer's.",
                many,
            )
            if ahead
            else trn(
                "The clock of the gateway is %(num)s second behind your computer's.",
                "The clock of the gateway is %(num)s seconds behind your computer's.",
                many,
            )
        )
        remedy = tr(
            "When the check Clock is OK, correct the clock of your computer. Else turn on time synchronisation (NTP) "
            "on the gateway."
        )
        return Found(state="warn", said=said, remedy=remedy)

    async def _web(self, asked: Asked) -> Found:
        came = [tr("Your browser reached the gateway at %(address)s.", address=asked.address)] if asked.address else []
        told = self.told()
        if not told:
            return Found(state="skip", said=" ".join([*came, tr("The gateway is not open for calls.")]))
        silent = [(each, why) for each in told if (why := await self.why_silent(each))]
        if silent:
            address, why = silent[0]
            said = tr("Devices and people are told %(address)s. Called from here, %(why)s.", address=address, why=why)
            return Found(
                state="warn",
                said=" ".join([*came, said]),
                remedy=tr(
                    "Check gateway.public_url, the proxy and the port. Some routers do not let a machine call its own "
                    "public name: then open %(address)s/healthz on a computer in the network of the device.",
                    address=address,
                ),
            )
        said = tr("Devices and people are told %(addresses)s: it answers from here.", addresses=", ".join(told))
        beyond = tr("Whether a firewall is in between can only be seen from the other side.")
        return Found(state="ok", said=" ".join([*came, said, beyond]))
