"""The command `demo`: simulated Google, gateway and simulated UCM6300 in one terminal; its steps: `demo_steps`."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from simulator import demo_steps as steps
from simulator.demo_gateway import DemoFailed, GatewayProcess, last_lines
from simulator.demo_steps import Place
from simulator.demo_tell import Teller
from simulator.demo_turn import Turn, set_up_code, your_turn
from simulator.google.app import SimulatedGoogle
from simulator.pbx.push import GatewayUnreachable
from simulator.pbx.serve import serve_page, until_interrupted
from simulator.pbx.ucm import SimulatedUcm

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_STEPS_ONCE = 6
_STEPS_STAYING = 7


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `demo`."""
    text = "the whole product in one terminal: no PBX, no Google account, no internet"
    parser = subparsers.add_parser("demo", help=text, description=text)
    parser.add_argument("--once", action="store_true", help="schedule one meeting, print the event, end")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="use this new or empty folder and keep it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the demo; 0 when everything is right, 1 when not, 2 when the folder cannot be used."""
    teller = Teller(sys.stdout, steps=_STEPS_ONCE if options.once else _STEPS_STAYING)
    try:
        place = Place(folder=_folder(options.keep))
    except OSError as error:
        print(f"meeting-simulator: {options.keep}: {error.strerror}; name a new or empty folder", file=sys.stderr)
        return USAGE
    keep = options.keep is not None
    try:
        asyncio.run(_demo(teller, place, once=options.once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        teller.say("\nStopped.")
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except (DemoFailed, GatewayUnreachable, aiohttp.ClientError, OSError) as error:
        keep = True
        _tell_failure(teller, place, error)
        return FAILED
    finally:
        if not keep:
            shutil.rmtree(place.folder, ignore_errors=True)
    return OK


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="meeting-demo-"))
    keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
    return keep.absolute()


def _tell_failure(teller: Teller, place: Place, error: BaseException) -> None:
    """What happened, where to look, and the end of the log; no stack trace."""
    teller.say(f"\nThe demo failed: {error or type(error).__name__}")
    teller.say(f"Everything it made is kept in {place.folder}")
    lines = last_lines(place.log)
    if lines:
        teller.say(f"The end of the gateway's log, {place.log}:")
        teller.lines(lines)


async def _demo(teller: Teller, place: Place, *, once: bool) -> None:
    task = asyncio.current_task()
    if task is not None:  # asyncio.run does the same for Ctrl+C
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as running:
        google = await running.enter_async_context(SimulatedGoogle())
        gateway, ucm, external_id = await main_job(teller, place, google, running)
        if once:
            teller.say("\nEverything is right.")
            return
        await _stay(teller, place, google, gateway, ucm, external_id)


async def main_job(
    teller: Teller, place: Place, google: SimulatedGoogle, running: AsyncExitStack
) -> tuple[GatewayProcess, SimulatedUcm, str]:
    """Start a gateway, sign in, schedule one meeting and check its event; `running` ends what was started."""
    teller.step("Start a simulated Google")
    teller.lines([f"{google.base}/calendar  (stands in for Google Calendar)"])

    teller.step("Start the gateway, with settings in a folder of its own")
    gateway = await running.enter_async_context(steps.prepare(place, google))
    teller.lines([f"{gateway.base}  (settings, data and log in {place.folder})"])

    teller.step("Sign in at Google, as the administrator of a PBX would")
    await steps.sign_in(teller, place, gateway, google)

    teller.step("Schedule a meeting on a simulated UCM6300 (the example of the vendor's guide)")
    key = place.key_file.read_text(encoding="utf-8").strip()
    ucm = await running.enter_async_context(SimulatedUcm(gateway.base, steps.DEVICE, key, memory=place.pbx))
    steps.remember_gateway(place, ucm, gateway)
    external_id, form = await steps.schedule(teller, ucm, gateway)

    teller.step("Look into the simulated Google Calendar")
    events = await steps.arrival(ucm, gateway, google, external_id)
    steps.show(teller, events)

    teller.step("Check it")
    wrong = steps.verdict(teller, events, form)
    if wrong:
        raise DemoFailed("; ".join(check.text for check in wrong), log=place.log)
    return gateway, ucm, external_id


async def _stay(
    teller: Teller, place: Place, google: SimulatedGoogle, gateway: GatewayProcess, ucm: SimulatedUcm, external_id: str
) -> None:
    """Keep everything up for a person to play with, until Ctrl+C or until the gateway ends."""
    async with AsyncExitStack() as up:
        page, closed = await up.enter_async_context(serve_page(ucm)), up.enter_context(steps.closed_port())
        teller.step("Now it is your turn: everything stays up until you press Ctrl+C")
        turn = Turn(
            google=google.base,
            pbx=page,
            admin=(gateway.base, *([gateway.base_tls] if gateway.base_tls else [])),
            set_up_code=set_up_code(place.log),
            credentials=place.credentials,
            closed=f"http://127.0.0.1:{closed}/oauth/google/callback",
            log=place.log,
            memory=place.pbx,
            external_id=external_id,
        )
        teller.lines(your_turn(turn))
        interrupted = asyncio.create_task(until_interrupted())
        ended = asyncio.create_task(gateway.ended())
        done, waiting = await asyncio.wait({interrupted, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    if ended in done and interrupted not in done:
        raise DemoFailed(f"the gateway ended by itself, exit code {ended.result()}", log=place.log)
    teller.say("\nStopping: the gateway first, then everything else.")
