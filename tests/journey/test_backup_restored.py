"""After a backup was restored nothing is doubled, nothing removed unasked, nothing old written over what is newer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from gateway.app.keeping import Keeping, do_what_is_ready, made_keeping
from gateway.app.serving import AGAIN, Running, serve
from gateway.clock import SystemClock
from gateway.config import Config, load
from gateway.domain.actor import COMMAND_LINE
from gateway.store import kept, outbox, restored
from gateway.store.folder import DataFolder
from simulator.google import SimulatedGoogle
from tests.journey.gateway_process import CONFIG, DEADLINE_S, DEVICE_KEY
from tests.journey.page_office import PASSWORD, signed_in
from tests.journey.two_way_office import ENVIRON, TwoWay
from tests.prepared import running

LATER = ("later", "later-moved", "later-again")


def settings(folder: Path, google: SimulatedGoogle) -> Config:
    path = folder / "config.yaml"
    numbers = {"retry_first_s": 1, "retry_cap_s": 2, "call_timeout_s": 30}
    text = CONFIG.format(client_id="sim-client.apps.googleusercontent.com", base=google.base, **numbers)
    path.write_text(text + "  google_calendar_per_s: 50\n")
    return load(path, ENVIRON)


@asynccontextmanager
async def office(config: Config, google: SimulatedGoogle) -> AsyncIterator[tuple[TwoWay, Keeping]]:
    """The gateway on its data folder, as it is started again and again."""
    headers = {"Authorization": f"Bearer {DEVICE_KEY}"}
    keeping = made_keeping(config, SystemClock(), DataFolder(config.gateway.data_dir))
    do_what_is_ready(keeping, lambda line: None)
    async with (
        running(config, SystemClock()) as gateway,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        yield TwoWay(gateway, google, session), keeping


async def authorized(way: TwoWay) -> None:
    accounts = way.gateway.stored.accounts
    link = await accounts.start()
    await accounts.store(await accounts.finish(way.google.do.approve(link.url)), replace=False)


async def cancel(way: TwoWay, name: str) -> None:
    async with way.session.delete(way.address(f"/{name}")) as answer:
        assert answer.status in (200, 202), await answer.text()
    await way.at_rest()


async def stock_taken(way: TwoWay) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not way.gateway.mirroring.stock.open:
            await asyncio.sleep(0.01)


def subjects(google: SimulatedGoogle) -> Counter[str]:
    return Counter(str(event["summary"]) for event in google.state.live_events)


async def test_a_restored_backup_writes_nothing_twice_and_removes_nothing(tmp_path: Path, google: SimulatedGoogle):
    config = settings(tmp_path, google)
    async with office(config, google) as (way, keeping):
        await authorized(way)
        for name in ("same", "changed", "cancelled", "edited"):
            await way.send(name, subject=name)
        await way.settled()
        google.do.fault({"status": 503, "reason": "backendError"}, match={"operation": "insert"})
        for name in ("arrived", "changed-since", "cancelled-since", "never-arrived"):
            await way.say(name, subject=name)
        backup = await keeping.backups.create(database=way.gateway.stored.database)
        google.do.clear_faults()
        await way.at_rest()

        await way.send("changed", subject="changed afterwards", duration_minutes=90)
        await way.send("changed-since", subject="changed-since afterwards")
        await cancel(way, "cancelled")
        await cancel(way, "cancelled-since")
        for name in LATER:
            await way.send(name, subject=name)
        google.do.edit_event((await way.event("edited"))["id"], {"location": "Canteen"})
        ids = {name: (await way.event(name))["id"] for name in LATER}
        # Google loses one, as if its insert had never arrived.
        del google.state.stored("primary")[(await way.event("never-arrived"))["id"]]
        before = subjects(google)
        await keeping.restoring.stage(backup, by=COMMAND_LINE)

    async with office(config, google) as (way, keeping):
        assert [each.kind for each in await keeping.backups.every()] == ["before-restore", "manual"]
        # What the device sends while the calendars are compared waits, and finds its event all the same.
        await way.say("later", subject="later")
        await stock_taken(way)
        await way.at_rest()
        await way.send("later-moved", subject="later-moved", duration_minutes=15)
        await way.send("new", subject="new")
        await way.settled()

        now = subjects(google)
        assert now == before + Counter(["new", "never-arrived"])
        live = {event["summary"]: event["id"] for event in google.state.live_events}
        assert {name: live[name] for name in LATER} == ids
        assert (await way.event("later"))["id"] == ids["later"]
        database = way.gateway.stored.database
        assert len(await database.read(kept.asking)) == 1 + 1  # cancelled since, and edited by people
        parked = await database.read(
            lambda conn: [outbox.get(conn, outbox.MIRROR, each) for each in restored.parked(conn)]
        )
        waits = {(await way.row(name)).id for name in ("changed-since", "cancelled-since")}
        assert {row.subject_id for row in parked if row is not None} == waits
        assert google.state.live_events


async def test_the_gateway_starts_again_when_somebody_presses_restart(tmp_path: Path, google: SimulatedGoogle):
    config = settings(tmp_path, google)
    began: asyncio.Queue[Running] = asyncio.Queue()
    ending = asyncio.create_task(serve(config, SystemClock(), began.put_nowait, lambda line: None))
    gateway = await began.get()
    await gateway.admins.add_user("anna", PASSWORD)
    keeping = made_keeping(config, SystemClock(), gateway.stored.folder)
    async with signed_in(gateway) as browser:
        await browser.open("/settings/backup")
        await browser.press("Make a backup")
        page = await browser.open("/settings/backup")
        assert "Restart now" not in page.buttons()
        (made,) = await keeping.backups.every()
        await keeping.restoring.stage(keeping.backups.file(made.name))
        await browser.open("/settings/backup")
        page = await browser.press("Restart now")
        assert "The gateway starts again" in page.text
        assert page.leads_on_to == "/sign-in"
    async with asyncio.timeout(DEADLINE_S):
        assert await ending == AGAIN
    assert do_what_is_ready(keeping, lambda line: None)
