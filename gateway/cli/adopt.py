"""The commands `meeting adopt …`; what is offered, and what becomes of it, is decided in `mirror`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli.command import OK, load, say
from gateway.cli.device_office import Office, with_office

if TYPE_CHECKING:
    from gateway.mirror.inbound.adoption import Adoption, Offer


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `meeting adopt`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = commands.add_parser("list", help="print events of somebody else that seem to be a meeting of a device")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)
    accept = commands.add_parser("accept", help="use that event for the meeting; a second one of ours is removed")
    accept.set_defaults(run=_accept)
    reject = commands.add_parser("reject", help="never offer it again")
    reject.set_defaults(run=_reject)
    for each in (accept, reject):
        each.add_argument("id", metavar="ID", help="the meeting's number in the list, or DEVICE/ID")
        each.add_argument("--event", metavar="EVENT", help="which event, where several are offered")


def _list(args: argparse.Namespace) -> int:
    async def work(office: Office) -> int:
        offers = await (await _adoption(office)).offers()
        for offer in offers:
            print(json.dumps(_json(offer), ensure_ascii=False) if args.json else _line(offer))
        if not offers:
            say("No event in the calendars looks like a meeting of a device.")
        return OK

    return with_office(load(args), work, wake=False)


def _accept(args: argparse.Namespace) -> int:
    async def work(office: Office) -> int:
        from gateway.cli.meeting import desk

        meeting = await desk(office).one(args.id)
        offer = await (await _adoption(office)).accept(meeting.id, args.event)
        say(f"Meeting {meeting.id} uses the event {offer.pair.remote_id} now. The device's version is written to it.")
        if offer.pair.double:
            say("The second event, which the gateway had made, is removed.")
        return OK

    return with_office(load(args), work)


def _reject(args: argparse.Namespace) -> int:
    async def work(office: Office) -> int:
        from gateway.cli.meeting import desk

        meeting = await desk(office).one(args.id)
        for offer in await (await _adoption(office)).reject(meeting.id, args.event):
            say(f"The event {offer.pair.remote_id} is not offered for meeting {meeting.id} again.")
        return OK

    return with_office(load(args), work, wake=False)


async def _adoption(office: Office) -> Adoption:
    from gateway.domain.actor import COMMAND_LINE
    from gateway.mirror.inbound.adoption import Adoption

    register, accounts = await office.register(), office.stored.accounts

    def chosen(device_id: int) -> int | None:
        account = accounts.chosen(register.policy(device_id).account)
        return None if account is None else account.account_id

    return Adoption(database=office.stored.database, clock=office.clock, chosen=chosen, actor=COMMAND_LINE)


def _line(offer: Offer) -> str:
    from gateway.cli.meeting_shown import short
    from gateway.operations.for_programs import instant

    pair = offer.pair
    note = "double: an event of ours is there too" if pair.double else "no event of ours yet"
    return (
        f"{pair.meeting_id}  {pair.device}/{short(pair.external_id)}  {instant(pair.start_utc_s)}  "
        f'"{short(pair.subject)}"  event {pair.remote_id} in {pair.calendar_id} of {pair.account}  {note}'
    )


def _json(offer: Offer) -> dict[str, object]:
    from gateway.operations.for_programs import instant

    pair = offer.pair
    return {
        "id": pair.meeting_id,
        "device": pair.device,
        "external_id": pair.external_id,
        "subject": pair.subject,
        "start": instant(pair.start_utc_s),
        "event": pair.remote_id,
        "calendar": pair.calendar_id,
        "account": pair.account,
        "organiser": pair.organiser or pair.account,
        "double": pair.double,
    }
