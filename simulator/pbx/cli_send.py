"""The command `pbx send`: one call of a simulated sender, in its own dialect, from words on the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from datetime import datetime

from simulator.pbx.options import UsageError, add_connection, add_form, form_from, seed_from, where_from
from simulator.pbx.push import Answer, Patience
from simulator.pbx.report import without_pins
from simulator.pbx.send.kinds import KINDS
from simulator.pbx.send.sender import Sender
from simulator.pbx.start_words import start_from
from simulator.pbx.zones import zone_of

OK, REFUSED = 0, 1
_TIMES = "needs --external-id and --start"

Verb = Callable[[Sender, argparse.Namespace], Awaitable[Answer]]


def add_send(parser: argparse.ArgumentParser) -> None:
    """The options of `pbx send`; `run_send` carries it out."""
    parser.add_argument("--kind", choices=list(KINDS), required=True, help="which dialect")
    parser.add_argument("verb", nargs="?", choices=list(VERBS), default="schedule", help="what to say (schedule)")
    parser.add_argument("--external-id", metavar="ID", help="the device's own id of the meeting (jitsi: the gateway's)")
    parser.add_argument("--original", metavar="WHEN", help="which day of a series: its local start there")
    add_connection(parser)
    add_form(parser)


def run_send(options: argparse.Namespace) -> int:
    """Make the call and print it; 0 when the gateway took it, 1 when not. UsageError, CannotSay, GatewayUnreachable."""
    if options.tries < 1:
        raise UsageError("--tries must be 1 or more")
    where = where_from(options, os.environ)
    seed = seed_from(options)
    answer, sent = asyncio.run(_call(options, where.gateway, where.device, where.key, seed))
    if options.json:
        print(_as_json(sent, answer, seed))
    else:
        print("\n".join([*_lines(sent, answer), f"seed {seed} (repeat: --seed {seed})"]))
    return OK if answer.ok else REFUSED


async def _call(
    options: argparse.Namespace, gateway: str, device: str, key: str, seed: int
) -> tuple[Answer, tuple[str, str]]:
    kind = KINDS[options.kind]
    patience = Patience(tries=options.tries)
    async with kind(gateway, device, key, seed=seed, memory=options.state, patience=patience) as sender:
        answer = await VERBS[options.verb](sender, options)
        return answer, sender.last_shown()


async def _schedule(sender: Sender, options: argparse.Namespace) -> Answer:
    return await sender.schedule(form_from(options, sender.state.now), external_id=options.external_id)


async def _move(sender: Sender, options: argparse.Namespace) -> Answer:
    external_id = _id(options)
    return await sender.change(external_id, form_from(options, sender.state.now, sender.known(external_id)))


async def _move_occurrence(sender: Sender, options: argparse.Namespace) -> Answer:
    if not options.start:
        raise UsageError(f"move-occurrence {_TIMES}")
    external_id = _id(options)
    original, start = _when(sender, external_id, options.original), _when(sender, external_id, options.start)
    return await sender.move_occurrence(external_id, original, start, minutes=options.minutes)


async def _cancel_occurrence(sender: Sender, options: argparse.Namespace) -> Answer:
    external_id = _id(options)
    return await sender.cancel_occurrence(external_id, _when(sender, external_id, options.original))


async def _cancel(sender: Sender, options: argparse.Namespace) -> Answer:
    return await sender.cancel(_id(options))


VERBS: dict[str, Verb] = {
    "schedule": _schedule,
    "move": _move,
    "move-occurrence": _move_occurrence,
    "cancel-occurrence": _cancel_occurrence,
    "cancel": _cancel,
}


def _id(options: argparse.Namespace) -> str:
    if not options.external_id:
        raise UsageError(f"{options.verb} needs --external-id, which schedule printed (and --state for what is known)")
    return str(options.external_id)


def _when(sender: Sender, external_id: str, words: str | None) -> datetime:
    if not words:
        raise UsageError('name the day of the series: --original "2027-01-11 10:00"')
    today = sender.state.now().astimezone(zone_of(sender.known(external_id).time_zone)).date()
    try:
        return start_from(words, today=today)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _lines(sent: tuple[str, str], answer: Answer) -> list[str]:
    call, body = sent
    said = [f"   {line}" for line in body.splitlines()]
    got = f"<- {answer.status}: {'taken' if answer.ok else answer.reason}"
    problems = [f"   {field:<24}{reason}" for field, reason in answer.problems]
    told = [f"   {name:<24}{json.dumps(value, ensure_ascii=False)}" for name, value in _told(answer).items()]
    return [f"-> {call}", *said, got, *(told if answer.ok else problems), *_id_line(answer)]


def _id_line(answer: Answer) -> list[str]:
    return [f"its id: {answer.external_id} (for the other verbs: --external-id)"] if answer.ok else []


def _told(answer: Answer) -> dict[str, object]:
    return without_pins(answer.body)


def _as_json(sent: tuple[str, str], answer: Answer, seed: int) -> str:
    return json.dumps(
        {
            "event": "answered",
            "ok": answer.ok,
            "seed": seed,
            "external_id": answer.external_id,
            "sent": {"call": sent[0], "body": sent[1]},
            "answer": {"status": answer.status, "tries": answer.tries, "body": _told(answer)},
        },
        ensure_ascii=False,
    )
