"""The commands `device …`; what may be done with a device is decided in `devices`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gateway.cli import device_directory, device_words
from gateway.cli.command import FAILED, NOT_AUTHORIZED, OK, UNREACHABLE, USAGE, complain, load, say
from gateway.cli.device_office import Office, with_office
from gateway.errors import ConfigError, ProfileError

if TYPE_CHECKING:
    from gateway.config import DeviceSection
    from gateway.store.pending import PendingRow


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `device`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = _command(commands, "add", "add a device; prints its key, once, and what to type into the device", _add)
    new.add_argument("--profile", required=True, metavar="VENDOR/MODEL", help="how the device talks")
    device_words.add_choices(new)
    new.add_argument("--json", action="store_true", help="print one JSON object")
    _add_looks(commands)
    _add_set(commands)
    test = _command(commands, "test", "say whether the device works, and what to change on it", _test)
    test.add_argument("--json", action="store_true", help="print one JSON object")
    approve = _command(commands, "approve", "add a device that wants to connect, or trust its certificate", _approve)
    approve.add_argument("--profile", metavar="VENDOR/MODEL", help="how it talks (default: what it looks like)")
    approve.add_argument(
        "--trust-certificate", metavar="FINGERPRINT", help="trust exactly this certificate of a device that is asked"
    )
    device_words.add_choices(approve)
    approve.add_argument("--json", action="store_true", help="print one JSON object")
    ignore = _command(commands, "ignore", "never ask again about a device that wants to connect", _ignore)
    ignore.add_argument("--undo", action="store_true", help="ask again")
    _command(commands, "dismiss", "forget a device that wants to connect until it calls again", _dismiss)
    believe = "the meetings that its list lost are really gone: cancel them in the calendar"
    _command(commands, "believe", believe, _believe)
    _command(commands, "pause", "answer its calls with 'try later'; it keeps its meetings", _pause)
    _command(commands, "resume", "end the pause", _resume)
    remove = _command(commands, "remove", "no longer serve a device; its meetings stay in the calendar", _remove)
    remove.add_argument("--cancel-meetings", action="store_true", help="cancel those that are not over yet")
    rotate = _command(commands, "rotate-key", "print a new key; the old one works for 24 hours more", _rotate)
    rotate.add_argument("--at-once", action="store_true", help="end the old key now")
    device_directory.add(commands.add_parser("directory", help="whose e-mail address belongs to which extension"))


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    word: str,
    tells: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(word, help=tells)
    parser.add_argument("id", metavar="ID", help="the device, as it is named in its address")
    parser.set_defaults(run=run)
    return parser


def _add_set(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    change = _command(commands, "set", "change settings of a device; what is not named stays", _set)
    change.add_argument("--profile", metavar="VENDOR/MODEL", help="how the device talks")
    device_words.add_choices(change)
    change.add_argument(
        "--unset",
        action="append",
        default=[],
        choices=sorted(device_words.UNSET),
        metavar="OPTION",
        help="back to its default: the name of another option without its dashes, such as calendar",
    )


def _add_looks(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listed = commands.add_parser("list", help="print the devices")
    which = listed.add_mutually_exclusive_group()
    which.add_argument("--pending", action="store_true", help="print who wants to connect instead")
    which.add_argument("--ignored", action="store_true", help="print which names are ignored instead")
    which.add_argument("--found", action="store_true", help="print what announced itself on the network instead")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)
    show = _command(commands, "show", "print everything about a device, except its key", _show)
    show.add_argument("--json", action="store_true", help="print one JSON object")


def _add(args: argparse.Namespace) -> int:
    return _with_section(args, args.profile)


def _with_section(args: argparse.Namespace, profile: str) -> int:
    """Add the device that was described. A mistake in what was typed is one of usage."""
    try:
        section = device_words.section_of(args, profile)
    except ConfigError as error:
        return complain(device_words.named(error), USAGE)

    async def work(office: Office) -> int:
        return await _enrolled(args, office, section)

    return with_office(load(args), work)


async def _enrolled(args: argparse.Namespace, office: Office, section: DeviceSection) -> int:
    from gateway.operations.devices.desk import set_up_lines

    roster = office.roster
    try:
        key = await roster.add(section)
    except (ConfigError, ProfileError) as error:
        return complain(error.problems, USAGE)
    profile = roster.profile(section)
    shown = key.reveal() if key is not None else ""
    steps = set_up_lines(profile, office.set_up_values(section.id, shown), asked=section.poll is not None)
    if args.json:
        setup = [step._asdict() for step in steps]
        print(json.dumps({"id": section.id, "profile": profile.id, "key": shown or None, "setup": setup}))
        return OK
    say(f"{section.id} is a device now: {profile.title}.")
    if key is not None:
        say("This is its key. It is shown this once:")
        print(shown, flush=True)
    if steps:
        say("Enter these lines in your device:")
        for step in steps:
            print(f"{step.where} > {step.field}: {step.value}")
    say(f"Next: meeting-gateway device test {section.id}")
    return OK


def _set(args: argparse.Namespace) -> int:
    words = device_words.words_of(args)
    unset = [device_words.UNSET[name] for name in args.unset]
    if not words and not unset and args.profile is None:
        return complain(["Say what shall change. See: meeting-gateway device set --help"], USAGE)

    async def work(office: Office) -> int:
        try:
            key = await office.roster.change(args.id, words, unset, profile=args.profile)
        except ConfigError as error:
            return complain(device_words.named(error), USAGE)
        except ProfileError as error:
            return complain(error.problems, USAGE)
        say(f"{args.id} is changed. See: meeting-gateway device show {args.id}")
        if key is not None:
            say("It calls by itself now. This is its key. It is shown this once:")
            print(key.reveal(), flush=True)
        return OK

    return with_office(load(args), work)


def _list(args: argparse.Namespace) -> int:
    from gateway.cli.device_shown import caller_json, caller_line, found_json, found_line, line
    from gateway.operations.for_programs import device_json
    from gateway.store import pending

    def show(rows: list[object], shown: Callable[..., str], plain: Callable[..., object], nothing: str) -> int:
        for row in rows:
            print(json.dumps(plain(row)) if args.json else shown(row))
        if not rows:
            say(nothing)
        return OK

    async def work(office: Office) -> int:
        read = office.stored.database.read
        if args.pending:
            return show([*await read(pending.pending)], caller_line, caller_json, "Nobody wants to connect.")
        if args.found:
            nothing = "Nothing announced itself on the network."
            return show([*await read(pending.found)], found_line, found_json, nothing)
        if args.ignored:
            return show([*await read(pending.ignored)], str, lambda name: {"id": name}, "No name is ignored.")
        nothing = "There is no device yet. Run: meeting-gateway device add ID --profile VENDOR/MODEL"
        devices = await office.roster.everything()
        asking = {known.row.id: await office.desk.asking(known) for known in devices}
        return show(
            [*devices],
            lambda known: line(known, asking[known.row.id]),
            lambda known: device_json(known, asking[known.row.id]),
            nothing,
        )

    return with_office(load(args), work, wake=False)


def _show(args: argparse.Namespace) -> int:
    from gateway.cli.device_shown import lines
    from gateway.operations.for_programs import device_json

    async def work(office: Office) -> int:
        known = await office.roster.one(args.id)
        asking = await office.desk.asking(known)
        for each in [json.dumps(device_json(known, asking))] if args.json else lines(known, asking):
            print(each)
        return OK

    return with_office(load(args), work, wake=False)


def _test(args: argparse.Namespace) -> int:
    from gateway.cli.device_test import following

    async def work(office: Office) -> int:
        known = await office.roster.one(args.id)
        report = await office.desk.tried(args.id)
        after = following(report, known)
        if args.json:
            said = {"ok": report.ok, "code": report.code or None, "text": report.sentence, "next": after}
            print(json.dumps({"id": args.id, **said}))
        else:
            print(f"{report.code} {report.sentence}".strip())
            if after:
                say(f"-> {after}")
        if report.ok:
            return OK
        return {"D-16": UNREACHABLE, "D-17": NOT_AUTHORIZED, "D-18": NOT_AUTHORIZED}.get(report.code, FAILED)

    return with_office(load(args), work, wake=False)


def _approve(args: argparse.Namespace) -> int:
    if args.trust_certificate is not None:
        return _trust(args)

    waiting: list[PendingRow] = []

    async def look(office: Office) -> int:
        from gateway.store import pending

        waiting.extend(row for row in await office.stored.database.read(pending.pending) if row.name == args.id)
        return OK

    with_office(load(args), look, wake=False)
    if not waiting:
        return complain([f"{args.id} does not want to connect. See: meeting-gateway device list --pending"], FAILED)
    profile = args.profile or next((row.profile for row in waiting if row.profile), "")
    if not profile:
        return complain(
            [f"Nobody knows how {args.id} talks. Say it: --profile VENDOR/MODEL (see: meeting-gateway profile list)"],
            USAGE,
        )
    return _with_section(args, profile)


def _trust(args: argparse.Namespace) -> int:
    from gateway.config.values import Refused, certificate_fingerprint

    try:
        fingerprint = certificate_fingerprint(args.trust_certificate)
    except Refused as refused:
        return complain([f"--trust-certificate {refused}"], USAGE)

    async def trust(office: Office) -> None:
        await office.roster.trust(args.id, fingerprint)
        say(f"{args.id} may show exactly this certificate from now on. Next: meeting-gateway device test {args.id}")

    return _do(args, trust)


def _do(args: argparse.Namespace, change: Callable[[Office], Awaitable[None]]) -> int:
    """Make a change that a running gateway has to hear of."""

    async def work(office: Office) -> int:
        await change(office)
        return OK

    return with_office(load(args), work)


def _ignore(args: argparse.Namespace) -> int:
    async def ignore(office: Office) -> None:
        await office.roster.ignore(args.id, ignored=not args.undo)
        say(f"{args.id} is {'asked about again' if args.undo else 'ignored'}.")

    return _do(args, ignore)


def _dismiss(args: argparse.Namespace) -> int:
    async def dismiss(office: Office) -> None:
        await office.roster.dismiss(args.id)
        say(f"{args.id} is dismissed. It is asked about again when it calls the next time.")

    return _do(args, dismiss)


def _believe(args: argparse.Namespace) -> int:
    async def believe(office: Office) -> None:
        number = await office.roster.believe(args.id)
        if number:
            say(f"{number} meeting{'' if number == 1 else 's'} that {args.id} no longer lists will be cancelled.")
        else:
            say(f"{args.id} asks nothing: its list lost no meetings that somebody has to judge.")

    return _do(args, believe)


def _pause(args: argparse.Namespace) -> int:
    async def pause(office: Office) -> None:
        await office.roster.pause(args.id, paused=True)
        say(f"{args.id} is paused: its calls are answered with 'try later'.")

    return _do(args, pause)


def _resume(args: argparse.Namespace) -> int:
    async def resume(office: Office) -> None:
        await office.roster.pause(args.id, paused=False)
        say(f"{args.id} is served again.")

    return _do(args, resume)


def _remove(args: argparse.Namespace) -> int:
    async def remove(office: Office) -> None:
        removed = await office.desk.remove(args.id, cancel_meetings=args.cancel_meetings)
        say(f"{args.id} is removed; its key opens nothing any more.")
        if args.cancel_meetings:
            say(
                f"Cancelled: {_meetings(removed.cancelled)}. Over, and left in the calendar: {_meetings(removed.left)}."
            )
        elif removed.left:
            say(f"Left in the calendar: {_meetings(removed.left)}.")

    return _do(args, remove)


def _meetings(number: int) -> str:
    return f"{number} meeting{'' if number == 1 else 's'}"


def _rotate(args: argparse.Namespace) -> int:
    async def rotate(office: Office) -> None:
        key = await office.roster.rotate_key(args.id, at_once=args.at_once)
        say("This is the new key. It is shown this once:")
        print(key.reveal(), flush=True)
        say("The old key no longer works." if args.at_once else "The old key works for 24 hours more.")

    return _do(args, rotate)
