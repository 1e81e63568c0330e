"""The commands `mirror …`: how the mirror stands, update now, compare with Google, and questions about deletions."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli.command import FAILED, OK, UNREACHABLE, complain, load, say, with_stored
from gateway.cli.device_office import Office, with_office
from gateway.cli.meeting import accounts_chosen

if TYPE_CHECKING:
    from gateway.app.stored import Stored
    from gateway.mirror.inbound.verify import Report, Verification
    from gateway.operations.open_questions import Questions
    from gateway.operations.overview.decide import Answer, Decisions


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `mirror`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    status = commands.add_parser("status", help="print what waits and why, how calendars are read, what is asked")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(run=_status)
    update = commands.add_parser("update", help="read the calendars now, and send what is due")
    update.set_defaults(run=_update)
    verify = commands.add_parser("verify", help="compare every mirrored meeting with Google")
    verify.add_argument("--repair", action="store_true", help="put right what differs; only events of ours are removed")
    verify.add_argument("--json", action="store_true", help="print one JSON object for each difference")
    verify.set_defaults(run=_verify)
    believe = commands.add_parser("believe", help="many events that vanished at once were deleted on purpose")
    believe.set_defaults(run=_believe)
    restore = commands.add_parser("restore", help="many events that vanished at once are written again")
    restore.set_defaults(run=_restore)
    remove = commands.add_parser("remove", help="many events of the gateway's that are no meeting's are removed")
    remove.set_defaults(run=_remove)
    for each in (believe, restore, remove):
        each.add_argument("--calendar", metavar="ID", help="only those of this calendar")


def _status(args: argparse.Namespace) -> int:
    from gateway.cli.mirror_shown import status_lines
    from gateway.operations.for_programs import status_json
    from gateway.operations.mirror_status import mirror_status

    config = load(args)

    async def work(stored: Stored) -> int:
        from gateway.clock import SystemClock

        every_s, chosen = config.google.refresh_every_s, accounts_chosen(config)
        status = await stored.database.read(
            lambda conn: mirror_status(conn, SystemClock().now_ms(), every_s=every_s, chosen=chosen)
        )
        for each in [json.dumps(status_json(status))] if args.json else status_lines(status):
            print(each)
        return OK

    return with_stored(args, work, wake=False)


def _update(args: argparse.Namespace) -> int:
    async def work(stored: Stored) -> int:
        if not stored.folder.wake_server():
            return complain(["No gateway is running. Start it: meeting-gateway serve"], FAILED)
        say("The gateway reads the calendars now. See what came of it: meeting-gateway mirror status")
        return OK

    return with_stored(args, work, wake=False)


def _verify(args: argparse.Namespace) -> int:
    async def work(office: Office) -> int:
        from gateway.operations.open_questions import open_questions

        verification = await _verification(office)
        report = await verification.compare()
        questions = await office.stored.database.read(open_questions)
        _print(report, questions, as_json=args.json)
        if args.repair and report.findings:
            repaired = await verification.repair(report.findings)
            whole, again = f"{repaired} of {len(report.findings)}", "Compare again in a minute"
            if office.stored.folder.wake_server():
                say(f"{whole} are put right by the gateway now. {again}.")
            else:
                say(f"{whole} will be put right once the gateway runs: none is running now. {again} after its start.")
        if report.findings or questions:
            return FAILED
        return UNREACHABLE if report.unread else OK

    return with_office(load(args), work, wake=False)


async def _verification(office: Office) -> Verification:
    from gateway.domain.actor import COMMAND_LINE
    from gateway.mirror.inbound.calendar_reader import CalendarReader
    from gateway.mirror.inbound.verify import Verification
    from gateway.mirror.paced import Pace, PaceLimits
    from gateway.store.installation import installation_id

    stored, register, chosen = office.stored, await office.register(), office.config.limits
    limits = PaceLimits(
        project_per_min=chosen.google_project_per_min,
        account_per_min=chosen.google_account_per_min,
        calendar_per_s=chosen.google_calendar_per_s,
    )
    return Verification(
        database=stored.database,
        clock=office.clock,
        feeds=stored.accounts.feeds(),
        reader=CalendarReader(
            pace=Pace(clock=office.clock, limits=limits),
            installation_id=await stored.database.read(installation_id),
            now_s=lambda: office.clock.now_ms() // 1000,
            counted=lambda: None,
        ),
        policy=register.policy,
        unseal=lambda sealed: stored.vault.unseal(sealed.encode("ascii")),
        actor=COMMAND_LINE.name,
    )


def _print(report: Report, questions: Questions, *, as_json: bool) -> None:
    from gateway.cli.mirror_shown import compared_line, finding_json, finding_line, question_lines

    for each in report.findings:
        print(json.dumps(finding_json(each), ensure_ascii=False) if as_json else finding_line(each))
    for unread in report.unread:
        complain([f"{unread.calendar_id} of {unread.account} cannot be read: {unread.text} {unread.code}".rstrip()], OK)
    say(compared_line(report, questions))
    for line in question_lines(questions):
        say(line)


def _believe(args: argparse.Namespace) -> int:
    return _answer(args, restore=False)


def _restore(args: argparse.Namespace) -> int:
    return _answer(args, restore=True)


def _remove(args: argparse.Namespace) -> int:
    """Answer the question about many events of the gateway's that no meeting needs."""

    async def work(office: Office) -> int:
        from gateway.domain.actor import COMMAND_LINE

        decisions, number = _decisions(office), 0
        for each in (await decisions.asked()).doubles:
            if args.calendar in (None, each.calendar_id):
                number += await decisions.answer("remove", each.account_id, each.calendar_id, COMMAND_LINE)
        if not number:
            say("In no calendar are so many events one too many that somebody has to judge.")
        else:
            say(f"{number} event{' is' if number == 1 else 's are'} removed by the gateway now.")
        return OK

    return with_office(load(args), work)


def _decisions(office: Office) -> Decisions:
    from gateway.operations.overview.decide import Decisions

    vault = office.stored.vault
    return Decisions(
        database=office.stored.database,
        clock=office.clock,
        unseal=lambda sealed: vault.unseal(sealed.encode("ascii")),
    )


def _answer(args: argparse.Namespace, *, restore: bool) -> int:
    """Answer the question about many events that vanished at once."""

    async def work(office: Office) -> int:
        from gateway.domain.actor import COMMAND_LINE

        decisions, number, others = _decisions(office), 0, list[str]()
        for each in (await decisions.asked()).vanished:
            if args.calendar not in (None, each.calendar_id):
                others.append(each.calendar_id)
                continue
            answer: Answer = "restore" if restore else "believe"
            number += await decisions.answer(answer, each.account_id, each.calendar_id, COMMAND_LINE)
        if others:
            say(f"The question is still open for: {', '.join(others)}.")
        if not number and others:
            return complain(
                [f"{args.calendar} did not lose so many events. Name one of those with --calendar."], FAILED
            )
        if not number:
            say("No calendar lost so many events that somebody has to judge.")
        elif restore:
            say(f"{number} meeting{' is' if number == 1 else 's are'} written to Google again.")
        else:
            say(f"{number} meeting{' stays' if number == 1 else 's stay'} out of Google; the devices are told.")
        return OK

    return with_office(load(args), work)
