"""The commands `meeting …`; what may be done with a meeting is decided in `operations` and `mirror`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.cli import adopt
from gateway.cli.command import OK, USAGE, complain, load, say
from gateway.cli.device_office import Office, with_office

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.operations.meetings.desk import MeetingDesk
    from gateway.store.meeting_list import MeetingLine, Wanted

MOST_SHOWN = 200
_STATES = ("queued", "mirrored", "held", "refused", "asks", "left", "stored", "cancelled")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `meeting`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_list(commands)
    show = _command(commands, "show", "print what the device says, what Google has, and what was tried", _show)
    show.add_argument("--json", action="store_true", help="print one JSON object")
    _add_resend(commands)
    cancel = "cancel it in the calendar, as its device would; the device itself is not told"
    _command(commands, "cancel", cancel, _cancel)
    resolve = _command(commands, "resolve", "say whose version counts, where people changed the event", _resolve)
    which = resolve.add_mutually_exclusive_group(required=True)
    which.add_argument("--device", action="store_true", help="the device's: Google's event is put back")
    which.add_argument("--google", action="store_true", help="Google's: the event stays as people made it")
    resolve.add_argument("--occurrence", metavar="TIME", help="only this one of a series: 2026-11-23, or a time")
    adopt.add(commands.add_parser("adopt", help="take an event that is there already in the place of a second one"))


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    word: str,
    tells: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(word, help=tells)
    parser.add_argument("id", metavar="ID", help="its number in the list, or DEVICE/ID with the device's own id for it")
    parser.set_defaults(run=run)
    return parser


def _add_list(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listed = commands.add_parser("list", help="print the meetings that are not over, and how they stand with Google")
    listed.add_argument("--device", metavar="ID", help="only those of this device")
    listed.add_argument("--state", choices=_STATES, help="only these; refused also means those that ask you")
    listed.add_argument("--from", dest="first", metavar="DAY", help="from this day on, such as 2026-11-23")
    listed.add_argument("--to", dest="last", metavar="DAY", help="up to this day, that day too")
    listed.add_argument("--most", type=int, default=MOST_SHOWN, metavar="N", help=f"how many (default: {MOST_SHOWN})")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)


def _add_resend(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    resend = commands.add_parser("resend", help="bring a meeting to Google again, now, also one that was refused")
    which = resend.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="its number in the list, or DEVICE/ID")
    which.add_argument("--parked", action="store_true", help="all that Google refused")
    which.add_argument("--all-held", action="store_true", help="all that are refused, or wait for the account")
    differ = "coming ones whose event is not as events are written now, at most 500; they come after all else"
    which.add_argument("--upcoming", action="store_true", help=differ)
    resend.set_defaults(run=_resend)


def desk(office: Office) -> MeetingDesk:
    """Return what works on single meetings."""
    from gateway.domain.actor import COMMAND_LINE
    from gateway.operations.meetings.desk import MeetingDesk

    return MeetingDesk(
        database=office.stored.database,
        clock=office.clock,
        intake=office.intake,
        actor=COMMAND_LINE,
        chosen=accounts_chosen(office.config),
        unseal=lambda sealed: office.stored.vault.unseal(sealed.encode("ascii")),
    )


def accounts_chosen(config: Config) -> dict[str, str]:
    """Return the accounts that the settings name for devices, by their ids."""
    return {section.id: section.account for section in config.devices if section.account is not None}


def _list(args: argparse.Namespace) -> int:
    from gateway.cli.meeting_shown import line
    from gateway.operations.for_programs import meeting_json

    config = load(args)

    async def work(office: Office) -> int:
        try:
            wanted = _wanted(args, config.gateway.time_zone or "UTC", office.clock.now_ms() // 1000)
        except ValueError as error:
            return complain([str(error)], USAGE)
        if args.device is not None:
            await office.roster.one(args.device)
        found, number = await desk(office).listed(wanted, max(1, args.most))
        for each in found:
            print(json.dumps(meeting_json(each), ensure_ascii=False) if args.json else line(each))
        if not found:
            say(f"None in state {args.state}." if args.state else "No meetings.")
        elif number > len(found):
            say(f"{number - len(found)} more. See all with --most {number}, or fewer with --device and --from.")
        return OK

    return with_office(config, work, wake=False)


def _wanted(args: argparse.Namespace, zone: str, now_s: int) -> Wanted:
    """Return what was asked for; days are those of the gateway's time zone. Raises ValueError for what is no day."""
    from gateway.store.meeting_list import Wanted

    first = _midnight("--from", args.first, zone) if args.first else None
    last = _midnight("--to", args.last, zone, days=1) if args.last else None
    if first is None and last is None and args.state != "cancelled":
        first = now_s  # what is over interests only those who ask for it
    return Wanted(
        device=args.device,
        states=frozenset({args.state} if args.state else ()),
        from_s=first,
        to_s=last,
    )


def _midnight(option: str, text: str, zone: str, *, days: int = 0) -> int:
    from zoneinfo import ZoneInfo

    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())
    except (ValueError, OverflowError):
        raise ValueError(f"{option} must be a day such as 2026-11-23, not {text!r}") from None


def _show(args: argparse.Namespace) -> int:
    from gateway.cli.meeting_shown import shown_json, shown_lines

    async def work(office: Office) -> int:
        shown = await desk(office).shown(args.id)
        for each in [json.dumps(shown_json(shown), ensure_ascii=False)] if args.json else shown_lines(shown):
            print(each)
        return OK

    return with_office(load(args), work, wake=False)


def _resend(args: argparse.Namespace) -> int:
    async def resend(office: Office) -> None:
        if args.id is not None:
            line = await desk(office).resend(args.id)
            kept = ", except for what people changed and where their word counts" if line.kept else ""
            say(f"Meeting {line.id} is sent again{kept}. See how it went: meeting-gateway meeting show {line.id}")
            if line.kept:
                say(f"To overrule what people changed: meeting-gateway meeting resolve {line.id} --device")
            return
        if args.upcoming:
            await _rewrite(office)
            return
        holds = ("parked",) if args.parked else ("parked", "configuration", "authorization")
        number = await desk(office).resend_held(holds)
        say(f"{number} meeting{' is' if number == 1 else 's are'} sent again.")

    return _do(args, resend)


async def _rewrite(office: Office) -> None:
    from gateway.domain.actor import COMMAND_LINE
    from gateway.operations.settings.rewriting import Rewriting

    register, vault = await office.register(), office.stored.vault
    done = await Rewriting(
        database=office.stored.database,
        clock=office.clock,
        policy=register.policy,
        unseal=lambda sealed: vault.unseal(sealed.encode("ascii")),
    ).write_again(COMMAND_LINE)
    if not done.number:
        say("All upcoming events say what is set.")
        return
    more = f" {done.left} more differ: repeat this when these are done." if done.left else ""
    say(f"{done.number} event{' is' if done.number == 1 else 's are'} written again.{more}")


def _cancel(args: argparse.Namespace) -> int:
    async def cancel(office: Office) -> None:
        before = await desk(office).cancel(args.id)
        line = await desk(office).one(args.id)
        stays = line.waits and (line.trouble is not None or line.hold is not None)
        if before.cancelled and not stays:
            say(f"Meeting {line.id} was cancelled before.")
            return
        if before.cancelled:
            say(f"Meeting {line.id} was cancelled before; its event is still in the calendar.")
        elif not stays:
            there = "its event leaves the calendar" if line.waits else "it has no event in the calendar"
            say(f"Meeting {line.id} is cancelled; {there}.")
        else:
            say(f"Meeting {line.id} is cancelled, but its event stays in the calendar for now.")
        if stays:
            say(_how_it_leaves(line))
        if not before.cancelled:
            say(f"{line.device} does not hear of it. Cancel it there too, if it still has it.")

    return _do(args, cancel)


def _how_it_leaves(line: MeetingLine) -> str:
    """Return what has to be done before the event of a cancelled meeting is removed."""
    why = " ".join(filter(None, line.why))
    if line.hold == "parked":
        return f"{why}\nIt is removed once that is mended and sent again: meeting-gateway meeting resend {line.id}"
    login = "meeting-gateway google login (with --add beside another account)"
    return f"{why}\nIt is removed once somebody signs in to that account again: {login}"


def _resolve(args: argparse.Namespace) -> int:
    from gateway.cli.meeting_decide import decided, occurrence_start

    try:
        occurrence_start(args.occurrence, "UTC")
    except ValueError as error:
        return complain([str(error)], USAGE)
    return _do(args, lambda office: decided(args, office))


def _do(args: argparse.Namespace, change: Callable[[Office], Awaitable[None]]) -> int:
    """Make a change that a running gateway has to hear of."""

    async def work(office: Office) -> int:
        await change(office)
        return OK

    return with_office(load(args), work)
