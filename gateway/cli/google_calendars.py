"""The commands `google calendars`, `google calendar create` and `google events`; Google is asked in `accounts`."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gateway.cli.command import NOT_AUTHORIZED, OK, USAGE, complain, load, say, with_stored

if TYPE_CHECKING:
    from gateway.accounts.calendar_desk import UpcomingEvent
    from gateway.app.stored import Stored
    from gateway.cli.device_office import Office


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to those of `google`."""
    calendars = commands.add_parser("calendars", help="print the calendars of an account")
    _with_account(calendars)
    calendars.add_argument("--json", action="store_true", help="print a JSON array")
    calendars.set_defaults(run=_calendars)
    calendar = commands.add_parser("calendar", help="make a calendar")
    made = calendar.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = made.add_parser("create", help="make a calendar, such as one for each device")
    create.add_argument("name", metavar="NAME", help="what people see it called, 1 to 100 characters")
    create.add_argument("--device", metavar="ID", help="let this device write to it from now on")
    _with_account(create)
    create.set_defaults(run=_create)
    events = commands.add_parser("events", help="print what comes next in a calendar")
    _with_account(events)
    events.add_argument("--calendar", metavar="ID", help="default: the chosen one")
    events.add_argument("--days", type=int, default=7, metavar="N", help="how far ahead, 1 to 366 (default: 7)")
    events.add_argument("--json", action="store_true", help="print a JSON array")
    events.set_defaults(run=_events)


def _with_account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", metavar="EMAIL", help="default: the main account")


def _calendars(args: argparse.Namespace) -> int:
    async def show(stored: Stored) -> int:
        from gateway.cli.google_shown import told

        found = await stored.accounts.check(args.account, to_read=True)
        if found.problem is not None:
            return complain([told(found.problem.code, str(found.problem))], NOT_AUTHORIZED)
        if args.json:
            listed = [
                {"id": each.id, "name": each.name, "role": each.access_role, "time_zone": each.time_zone}
                for each in found.calendars
            ]
            print(json.dumps(listed))
            return OK
        for each in found.calendars:
            print(f"{each.id}  {each.name}  ({each.access_role}, {each.time_zone})")
        for note in found.notes:
            say(f"{note.code} {note}")
        return OK

    return with_stored(args, show)


def _create(args: argparse.Namespace) -> int:
    from gateway.cli.device_office import with_office

    async def make(office: Office) -> int:
        locked, own, account = "", None, args.account
        if args.device is not None:
            known = await office.roster.one(args.device)  # before anything is made
            locked = known.locked_by
            own = known.section.account if known.section is not None else None
            if own and account and own.casefold() != account.casefold():
                return complain(_other_account(args, own, locked), USAGE)
            account = own or account
        made = await office.stored.accounts.create_calendar(args.name, account)
        say(f'The calendar "{made.name}" is there, in {made.time_zone}.')
        print(made.id, flush=True)
        if locked:
            say(f"The device is set in {locked}: write there  calendar: {made.id}")
            if args.account and not own:
                say(f"and  account: {args.account}")
        elif args.device is not None:
            words = {"calendar": made.id, **({"account": account} if account and not own else {})}
            await office.roster.change(args.device, words)
            say(f"New meetings of {args.device} go there. Those that are in a calendar stay where they are.")
        return OK

    return with_office(load(args), make)


def _other_account(args: argparse.Namespace, own: str, locked: str) -> list[str]:
    """Say that nothing was made, because a device finds its calendar only in its own account."""
    change = (
        f"change it in {locked}" if locked else f"meeting-gateway device set {args.device} --account {args.account}"
    )
    return [
        f"The device {args.device} uses the account {own}, so its calendar has to be there. No calendar was made. "
        f"Leave --account out, or give the device the other account first: {change}"
    ]


def _events(args: argparse.Namespace) -> int:
    async def show(stored: Stored) -> int:
        found = await stored.accounts.upcoming(args.calendar, email=args.account, days=args.days)
        if args.json:
            print(json.dumps([_document(each) for each in found]))
            return OK
        zone = ZoneInfo(config.gateway.time_zone or "UTC")
        for each in found:
            print(f"{_span(each, zone)}  {each.subject}{f'  ({each.location})' if each.location else ''}")
        if not found:
            say(f"Nothing in the next {args.days} days.")
        return OK

    config = load(args)
    return with_stored(args, show, wake=False)


def _span(event: UpcomingEvent, zone: ZoneInfo) -> str:
    if event.start_utc_s is None:
        first, last = event.first_day, event.last_day
        return f"{first}, all day" if first == last else f"{first} to {last}, all day"
    start = datetime.fromtimestamp(event.start_utc_s, zone)
    end = datetime.fromtimestamp(event.end_utc_s or event.start_utc_s, zone)
    return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M %Z}"


def _document(event: UpcomingEvent) -> dict[str, Any]:
    whole_days = event.start_utc_s is None
    return {
        "id": event.id,
        "subject": event.subject,
        "start": str(event.first_day) if whole_days else _instant(event.start_utc_s),
        "end": str(event.last_day) if whole_days else _instant(event.end_utc_s),
        "all_day": whole_days,
        "location": event.location,
        "organizer": event.organizer,
        "link": event.link,
        "from_gateway": bool(event.installation),
    }


def _instant(at_s: int | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
