"""The loop that asks devices which cannot push: who is asked when, and how that stands; what lists mean is not here."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import weakref
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from gateway.clock import Clock
from gateway.domain.meeting import Meeting
from gateway.domain.polling import PollSettings
from gateway.errors import StoreError
from gateway.mirror.intake.intake import Intake
from gateway.mirror.poll import pace
from gateway.mirror.poll.facts import facts
from gateway.mirror.poll.look import Look, Looker
from gateway.mirror.poll.state import PolledDevice, PollStatus, StoredGate, TestReport, status_of
from gateway.mirror.poll.trial import tried
from gateway.pbx.failure import SLOWER, PbxFailure
from gateway.pbx.line import Network
from gateway.pbx.ucm import UcmClient
from gateway.profiles import strict_json
from gateway.profiles.model import Api
from gateway.store import polling
from gateway.store.database import Database
from gateway.store.polling import PollingRow, PollState

_LOGGER = logging.getLogger(__name__)

AT_ONCE = 4
"""So many devices are asked at the same time."""
STORE_PAUSE_S = 5.0
CLOCK_EVERY_S = 3600.0
KEEP_EVERY_MS = 300_000
"""How old the stored times of the last look may be; everything else is written down at once."""
GOOD_LOOKS_TO_HURRY = 10
ASKS_CODE = "asks"

_ASKS = (
    "The list of {device} lost {n} meetings at once. None of them was removed. If they were really deleted on the PBX: "
    "meeting-gateway device believe {device}. If not, look at the PBX."
)
_NOTHING_VANISHES = "Until this is mended, meetings deleted on the PBX stay in the calendar."


@dataclass(slots=True, kw_only=True)
class _Turn:
    """One device, and when it is its turn; `due_s` is steady time."""

    device: PolledDevice
    client: UcmClient
    due_s: float
    look: asyncio.Task[None] | None = field(default=None, repr=False)
    good_looks: int = 0
    clock_read_s: float | None = None
    status: PollStatus
    every_s: float
    stored: PollingRow | None = field(default=None, repr=False)


_Locks = weakref.WeakValueDictionary[tuple[str, int, str], asyncio.Lock]


class Poll:
    """Asks all devices that are to be asked; with none there is nothing to do.

    `devices` are those served at present. `digest_key` marks what lists say, `seal` seals a list that was not
    understood, `chance` (0 to 1) spreads the calls, `learned` hears of every meeting that was taken, with the id of its
    device, `has_firmware` of what a device says of its own, with the id of its row. `run` ends when it is cancelled; a
    look that is cut off is repeated after the next start, which changes nothing.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        intake: Intake,
        devices: Callable[[], Iterable[PolledDevice]],
        network: Network,
        digest_key: bytes,
        seal: Callable[[str], bytes],
        chance: Callable[[], float],
        learned: Callable[[str, Meeting], None] = lambda _device, _meeting: None,
        has_firmware: Callable[[int, str], None] = lambda _row_id, _text: None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._devices = devices
        self._network = network
        self._digest_key = digest_key
        self._seal = seal
        self._chance = chance
        self._pause = pause
        self._has_firmware = has_firmware
        self._looker = Looker(database=database, clock=clock, intake=intake, digest_key=digest_key, learned=learned)
        self._turns: dict[int, _Turn] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._signing_in: weakref.WeakValueDictionary[tuple[str, int, str], asyncio.Lock] = (
            weakref.WeakValueDictionary()
        )

    def wake(self) -> None:
        """Devices or what is known of them may have changed."""
        self._woken.set()

    def statuses(self) -> list[PollStatus]:
        """Where asking each device stands."""
        return [turn.status for turn in self._turns.values()]

    def status(self, name: str) -> PollStatus | None:
        """Where asking the device of that id stands; None when it is not asked."""
        return next((status for status in self.statuses() if status.device == name), None)

    async def believe(self, device: str) -> int:
        """An admin says that the meetings a list lost are really gone; return how many, 0 when nothing was asked."""
        turn = next((turn for turn in self._turns.values() if turn.device.row.name == device), None)
        if turn is None:
            return 0
        row_id = turn.device.row.id
        number = await self._database.write(lambda conn: polling.believe(conn, row_id))
        if number:
            self.ask_now(device)
        return number

    def ask_now(self, device: str) -> None:
        """Ask the device at once, unless it wants to be left alone; for one of them or, with "", for all."""
        for turn in self._turns.values():
            if device in ("", turn.device.row.name) and turn.status.state is not PollState.FAILING:
                turn.due_s = self._clock.monotonic_s()
        self.wake()

    async def look_again(self) -> None:
        """Another process may have said what to believe."""
        for turn in tuple(self._turns.values()):
            if turn.status.state is PollState.ASKS and (await self._row(turn)).believed:
                turn.due_s = self._clock.monotonic_s()
        self.wake()

    async def test(self, device: PolledDevice) -> TestReport:
        """Try a device and say in a sentence what works, or what to change on the PBX; no meeting is taken."""
        client = None
        if device.poll is not None and _api(device) is not None:
            client = self._client(device, device.poll, _api(device))
        async with self._alone(device):
            return await tried(device, client, self._looker, now_s=self._clock.now_ms() // 1000)

    def _alone(self, device: PolledDevice) -> asyncio.Lock:
        """Return what one holds while asking: a PBX knows one challenge for a user, and two at once get refused."""
        poll = device.poll
        place = ("", 0, device.row.name) if poll is None else (poll.address, poll.port, poll.user)
        lock = self._signing_in.get(place)
        if lock is None:
            lock = self._signing_in[place] = asyncio.Lock()
        return lock

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            while True:
                self._woken.clear()
                wait_s = self._start_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
        finally:
            await self._stop()

    def _start_due(self) -> float | None:
        """Begin the looks that are due; return the seconds until another one is, None to wait for a wake-up."""
        self._line_up()
        now_s = self._clock.monotonic_s()
        waiting = sorted((turn for turn in self._turns.values() if turn.look is None), key=lambda turn: turn.due_s)
        for turn in waiting:
            if turn.due_s > now_s:
                return turn.due_s - now_s
            if len(self._tasks) >= AT_ONCE:
                return None  # the end of a look wakes us
            task = turn.look = asyncio.create_task(self._visit(turn), name=f"poll-{turn.device.row.name}")
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._ended, turn))
        return None

    def _line_up(self) -> None:
        """Bring the turns in line with the devices; changed settings make a device due."""
        wanted = {device.row.id: device for device in self._devices() if device.poll is not None and not device.paused}
        for row_id in [row_id for row_id in self._turns if row_id not in wanted]:
            self._drop(self._turns.pop(row_id))
        for row_id, device in wanted.items():
            api, settings = _api(device), device.poll
            if api is None or settings is None:
                continue
            turn = self._turns.get(row_id)
            if turn is None or turn.device.poll != settings or turn.device.profile is not device.profile:
                if turn is not None:
                    self._drop(turn)
                self._turns[row_id] = self._new_turn(device, settings, api)
            else:
                turn.device = device

    def _drop(self, turn: _Turn) -> None:
        """End a look that was begun with other settings; what it has not done the next one does."""
        if turn.look is not None:
            turn.look.cancel()

    def _new_turn(self, device: PolledDevice, settings: PollSettings, api: Api) -> _Turn:
        return _Turn(
            device=device,
            client=self._client(device, settings, api),
            due_s=self._clock.monotonic_s() + self._chance(),
            status=PollStatus(device=device.row.name, state=PollState.NEW, every_s=settings.every_s),
            every_s=settings.every_s,
        )

    def _client(self, device: PolledDevice, settings: PollSettings, api: Api | None) -> UcmClient:
        assert api is not None  # noqa: S101 - asked by the callers
        return UcmClient(
            device.policy.name,
            settings,
            api,
            network=self._network,
            clock=self._clock,
            gate=StoredGate(self._database, self._clock, device.row.id),
            read_json=strict_json.read,
            pause=self._pause,
        )

    async def _visit(self, turn: _Turn) -> None:
        try:
            row = await self._row(turn)
            marked = self._mark(turn.device)
            wait_ms = pace.left_alone_ms(row, marked, self._clock.now_ms())
            if wait_ms and turn.stored is None:  # left alone since before this start
                known = await self._database.read(lambda conn: polling.meetings(conn, row.device_id))
                turn.status = replace(status_of(turn.device.row.name, row, known), every_s=turn.every_s)
                turn.stored = row
                turn.due_s = self._clock.monotonic_s() + wait_ms / 1000
                return
            if row.settings != marked:
                row = replace(row, failures=0, slow=0)
            async with self._alone(turn.device):
                await self._ask(turn, row, marked)
        except StoreError as error:
            _LOGGER.error("asking cannot be written down: %s", error)  # noqa: TRY400 - the disk, not the code
            turn.due_s = self._clock.monotonic_s() + STORE_PAUSE_S
        except Exception:  # whatever is wrong with this device must not stop the others
            _LOGGER.exception("asking failed in the gateway itself", extra={"device": turn.device.row.name})
            turn.due_s = self._clock.monotonic_s() + turn.every_s

    async def _ask(self, turn: _Turn, row: PollingRow, marked: bytes) -> None:
        device, api = turn.device, _api(turn.device)
        assert api is not None  # noqa: S101 - it has a turn
        turn.client.gap_s = pace.gap_s(row.slow)
        broken, look, warning = None, None, row.warning
        try:
            async with turn.client:
                look = await self._looker.look(device, api, turn.client, row.believed)
                warning = await self._clock_warning(turn, warning)
            broken = look.failure
        except PbxFailure as error:
            broken = error
        now_ms = self._clock.now_ms()
        after = replace(row, polled_at=now_ms, warning=warning, settings=marked)
        after = self._failed(turn, after, broken) if broken else self._went_well(turn, after, look)
        await self._settle(turn, after, look, broken)

    def _went_well(self, turn: _Turn, row: PollingRow, look: Look | None) -> PollingRow:
        assert look is not None  # noqa: S101 - nothing broke
        turn.good_looks += 1
        slow = row.slow
        if slow and turn.good_looks >= GOOD_LOOKS_TO_HURRY:
            slow, turn.good_looks = slow - 1, 0
        asks = look.asked or (row.asked if not look.complete else 0)
        name, unread = turn.device.policy.name, look.unreadable
        return replace(
            row,
            state=PollState.ASKS if asks else PollState.OK,
            code=ASKS_CODE if asks else unread.code if unread else "",
            text=_ASKS.format(device=name, n=asks) if asks else f"{unread.text} {_NOTHING_VANISHES}" if unread else "",
            succeeded_at=row.polled_at,
            failures=0,
            slow=slow,
            listed=look.listed if look.complete else row.listed,
            asked=asks,
            fingerprint="",
        )

    def _failed(self, turn: _Turn, row: PollingRow, broken: PbxFailure) -> PollingRow:
        turn.good_looks = 0
        slower = broken.code == SLOWER
        return replace(
            row,
            state=PollState.FAILING,
            code=broken.code,
            text=str(broken),
            failures=row.failures + 1 if row.code == broken.code else 1,
            slow=min(row.slow + 1, pace.SLOWEST) if slower else row.slow,
            fingerprint=broken.fingerprint,
        )

    async def _settle(self, turn: _Turn, row: PollingRow, look: Look | None, broken: PbxFailure | None) -> None:
        """Decide when to ask again, and write down what changed."""
        settings = turn.device.poll
        every_s = pace.every_s(settings.every_s if settings else turn.every_s, row.slow)
        wait_s = pace.after_failure_s(broken, row.failures, every_s) if broken else every_s
        wait_s = max(wait_s * (0.95 + 0.1 * self._chance()), broken.retry_after_s or 0.0 if broken else 0.0)
        if broken is not None and broken.code == SLOWER:
            row = replace(row, text=f"{broken} We ask every {round(every_s)} s now.")
        row = replace(row, next_at=self._clock.now_ms() + int(wait_s * 1000))
        turn.every_s, turn.due_s = every_s, self._clock.monotonic_s() + wait_s
        self._tell(turn, row, broken)
        await self._keep(turn, row, look, broken)
        turn.status = PollStatus(
            device=turn.device.row.name,
            state=row.state,
            code=row.code,
            text=row.text,
            warning=row.warning,
            last_poll_ms=row.polled_at,
            last_success_ms=row.succeeded_at,
            next_poll_ms=row.next_at,
            every_s=every_s,
            listed=row.listed,
            not_understood=look.not_understood if look else turn.status.not_understood,
            missing=look.missing if look else turn.status.missing,
            asked=row.asked,
            fingerprint=row.fingerprint,
        )

    async def _keep(self, turn: _Turn, row: PollingRow, look: Look | None, broken: PbxFailure | None) -> None:
        device_id = row.device_id
        if broken is not None and broken.evidence:
            sealed, now_ms = self._seal(broken.evidence), self._clock.now_ms()
            await self._database.write(lambda conn: polling.put_odd(conn, device_id, sealed, now_ms))
        if look is not None and look.believed_done and row.believed:
            await self._database.write(lambda conn: polling.stop_believing(conn, device_id))
        if not pace.is_news(turn.stored, row, KEEP_EVERY_MS):
            return
        await self._database.write(lambda conn: polling.put(conn, row))
        turn.stored = row

    def _tell(self, turn: _Turn, row: PollingRow, broken: PbxFailure | None) -> None:
        before = turn.stored
        if before is not None and (before.state, before.code) == (row.state, row.code):
            return
        note = {"device": turn.device.row.name, "problem": row.code}
        if broken is None and row.state is PollState.OK:
            _LOGGER.info("asked with success", extra={"device": turn.device.row.name, "meetings": row.listed})
        else:
            _LOGGER.warning("asking: %s", row.text, extra=note)

    async def _clock_warning(self, turn: _Turn, before: str) -> str:
        """Compare the device's clock with ours, now and then, and hear which firmware it has."""
        now_s = self._clock.monotonic_s()
        if turn.clock_read_s is not None and now_s - turn.clock_read_s < CLOCK_EVERY_S:
            return before
        told = await facts(turn.client)
        turn.clock_read_s = now_s
        if told.firmware:
            self._has_firmware(turn.device.row.id, told.firmware)
        return pace.clock_warning(turn.device.policy.name, told.clock_utc_s, self._clock.now_ms() // 1000)

    async def _row(self, turn: _Turn) -> PollingRow:
        return await self._database.read(lambda conn: polling.get(conn, turn.device.row.id))

    def _mark(self, device: PolledDevice) -> bytes:
        """A keyed mark of the settings a look was made with."""
        poll = device.poll
        assert poll is not None  # noqa: S101 - it has a turn
        words = (poll.address, str(poll.port), poll.user, poll.password.reveal(), poll.fingerprint or "")
        text = "\0".join((*words, device.profile.id)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._digest_key).digest()

    def _ended(self, turn: _Turn, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        turn.look = None
        self._woken.set()

    async def _stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _api(device: PolledDevice) -> Api | None:
    """The words to ask this device with; None when its profile has none for lists."""
    api = device.profile.api
    return api if api is not None and api.list is not None else None
