"""The `pbx` commands: words on the command line into the verbs of a simulated UCM6300; the page is in `server`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from simulator.pbx.booking import Booking
from simulator.pbx.cli_send import add_send, run_send
from simulator.pbx.cli_up import API_KINDS, add_api_options, serve_api
from simulator.pbx.memory import MemoryUnreadable
from simulator.pbx.options import (
    UsageError,
    Where,
    add_connection,
    add_form,
    form_from,
    seed_from,
    where_from,
)
from simulator.pbx.push import Answer, GatewayUnreachable, Patience
from simulator.pbx.report import answer_lines, as_json, sent_lines
from simulator.pbx.serve import serve_page, until_interrupted
from simulator.pbx.ucm import SimulatedUcm
from simulator.pbx.usecases import NoSuchBooking
from simulator.pbx.wire import CannotSay

OK, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 69

Subparsers = argparse._SubParsersAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One call as it went: what the gateway was asked and what it said."""

    method: str
    url: str
    booking: Booking | None
    answer: Answer


Verb = Callable[[SimulatedUcm, argparse.Namespace], Awaitable[Done]]


def add(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `pbx` and its sub-commands."""
    pbx = subparsers.add_parser("pbx", help="simulated PBXs: they push their meetings to a gateway, or are asked")
    commands = pbx.add_subparsers(dest="pbx_command", required=True, metavar="COMMAND")
    _add_verb(commands, "schedule", _schedule, "book a meeting and push it", form=True, needs_id=False)
    _add_verb(commands, "move", _move, "move or change a meeting and push it", form=True, needs_id=True)
    _add_verb(commands, "cancel", _cancel, "cancel a meeting", form=False, needs_id=True)
    _add_verb(commands, "show", _show, "what the gateway knows of a meeting", form=False, needs_id=True)
    send = commands.add_parser("send", help="one call of another kind of device, in its own dialect")
    add_send(send)
    send.set_defaults(run=lambda options: _guarded(lambda: run_send(options)))
    up = commands.add_parser("up", help="a PBX that stays up: a page that pushes, or an API that is asked")
    up.add_argument(
        "--kind",
        choices=["push", *API_KINDS],
        default="push",
        help="push: a page with the vendor's Schedule Meeting form; the others are asked (push)",
    )
    add_connection(up)
    add_api_options(up)
    up.add_argument("--port", type=int, default=0, metavar="P", help="port of the page, or of the API (any free one)")
    up.set_defaults(run=_run_up)


def _add_verb(
    commands: Subparsers[argparse.ArgumentParser], name: str, verb: Verb, text: str, *, form: bool, needs_id: bool
) -> None:
    parser = commands.add_parser(name, help=text, description=text)
    add_connection(parser)
    parser.add_argument("--external-id", required=needs_id, metavar="ID", help="the PBX's own id of the meeting")
    if form:
        add_form(parser)
    parser.set_defaults(run=_runner(verb))


def _runner(verb: Verb) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        return _guarded(lambda: _run_verb(verb, options))

    return run


def _guarded(work: Callable[[], int]) -> int:
    """Turn what can go wrong into one line and an exit code."""
    try:
        return work()
    except (UsageError, CannotSay, NoSuchBooking, MemoryUnreadable) as error:
        print(f"meeting-simulator: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader of our output went away; what it wanted, it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        print(f"meeting-simulator: {error.strerror or error}: {error.filename or 'the port'}", file=sys.stderr)
        return USAGE
    except GatewayUnreachable as error:
        print(f"meeting-simulator: {error}. Is the gateway running? Try: curl <gateway>/healthz", file=sys.stderr)
        return UNREACHABLE


def _run_verb(verb: Verb, options: argparse.Namespace) -> int:
    seed = seed_from(options)
    where = where_from(options, os.environ)
    done, said = asyncio.run(_call(verb, options, where, seed))
    if options.json:
        print(as_json(done.method, done.url, said, done.answer, seed))
    else:
        lines = [*sent_lines(done.method, done.url, said), *answer_lines(done.answer), *_next_lines(done)]
        print("\n".join([*lines, f"seed {seed} (repeat: --seed {seed})"]))
    return OK if done.answer.ok else REFUSED


async def _call(
    verb: Verb, options: argparse.Namespace, where: Where, seed: int
) -> tuple[Done, dict[str, object] | None]:
    async with _ucm(options, where, seed) as ucm:
        done = await verb(ucm, options)
        return done, dict(ucm.do.said(done.booking)) if done.booking is not None else None


def _ucm(options: argparse.Namespace, where: Where, seed: int) -> SimulatedUcm:
    if options.tries < 1:
        raise UsageError("--tries must be 1 or more")
    return SimulatedUcm(
        where.gateway,
        where.device,
        where.key,
        seed,
        shape=options.shape,
        body_type=options.body,
        memory=options.state,
        patience=Patience(tries=options.tries),
    )


async def _schedule(ucm: SimulatedUcm, options: argparse.Namespace) -> Done:
    booking = ucm.state.book(form_from(options, ucm.state.now), options.external_id)
    answer = await ucm.do.schedule(booking.form, external_id=booking.book_id)
    return Done(method="POST", url=ucm.line.address(), booking=booking, answer=answer)


async def _move(ucm: SimulatedUcm, options: argparse.Namespace) -> Done:
    kept = ucm.state.kept(options.external_id)
    if kept is None and options.start is None:
        raise UsageError(
            "this PBX does not remember that meeting: give its --state file, or the whole form with --start"
        )
    form = form_from(options, ucm.state.now, kept.booking.form if kept is not None else None)
    booking = ucm.state.book(form, options.external_id)
    answer = await ucm.do.change(booking.book_id, booking.form)
    return Done(method="PUT", url=ucm.line.address(booking.book_id), booking=booking, answer=answer)


async def _cancel(ucm: SimulatedUcm, options: argparse.Namespace) -> Done:
    answer = await ucm.do.cancel(options.external_id)
    return Done(method="DELETE", url=ucm.line.address(options.external_id), booking=None, answer=answer)


async def _show(ucm: SimulatedUcm, options: argparse.Namespace) -> Done:
    answer = await ucm.do.look(options.external_id)
    return Done(method="GET", url=ucm.line.address(options.external_id), booking=None, answer=answer)


def _next_lines(done: Done) -> list[str]:
    if not done.answer.ok or done.method != "POST":
        return []
    return [f"its id on the PBX: {done.answer.external_id} (for move, cancel and show: --external-id)"]


def _run_up(options: argparse.Namespace) -> int:
    serve = _page if options.kind == "push" else serve_api
    return _guarded(lambda: asyncio.run(serve(options)))


async def _page(options: argparse.Namespace) -> int:
    where = where_from(options, os.environ)
    async with _ucm(options, where, seed_from(options)) as ucm, serve_page(ucm, port=options.port) as url:
        if options.json:
            print(json.dumps({"event": "up", "url": url, "gateway": where.gateway, "device": where.device}), flush=True)
        else:
            print(f"SIMULATED UCM6300: {url}\npushes to {where.gateway} as {where.device}; Ctrl+C ends it", flush=True)
        await until_interrupted()
    return OK
