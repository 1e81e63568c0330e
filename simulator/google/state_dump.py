"""The simulated Google's memory as JSON for `/_sim/state`; it holds no token, code or secret."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from simulator.google.calendars import Calendar
from simulator.google.event_json import rendered
from simulator.google.identities import Client
from simulator.google.service_accounts import ServiceAccount
from simulator.google.state import GoogleState


def dumped(state: GoogleState) -> dict[str, Any]:
    """Everything a tester may want to see, in plain JSON."""
    return {
        "base": state.base,
        "now": state.clock.now().isoformat(timespec="milliseconds"),
        "clock_is_moved": state.clock.is_moved,
        "date_header_is_off_s": state.clock.skew_s,
        "behaviour": asdict(state.settings),
        "accounts": [
            {
                "email": account.email,
                "name": account.name,
                "sub": account.sub,
                "calendars": account.access,
                "has_calendar": account.has_calendar,
            }
            for account in state.accounts.values()
        ],
        "service_accounts": [_service_account(account) for account in state.service_accounts.values()],
        "rooms": dict(state.rooms),
        "groups": {email: list(members) for email, members in state.groups.items()},
        "clients": [_client(client) for client in state.clients.values()],
        "granted": {email: sorted(scopes) for email, scopes in state.granted.items()},
        "tokens": _counts(state),
        "consent": asdict(state.consent),
        "calendars": [_calendar(calendar, state.base) for calendar in state.calendars.values()],
        "requests": [asdict(record) for record in state.requests],
        "mails": [asdict(mail) for mail in state.mails],
        "unknown_fields": [asdict(note) for note in state.unknown_fields],
        "faults": state.faults.listed(),
        "quotas": state.quotas.listed(),
        "quota_windows": state.quotas.report(state.clock.now_s()),
    }


def _client(client: Client) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(client).items() if name not in ("secret", "older_secret")}
    return {**shown, "secrets": 1 if client.older_secret is None else 2}


def _service_account(account: ServiceAccount) -> dict[str, Any]:
    return {**asdict(account), "keys": sorted(account.keys)}


def _counts(state: GoogleState) -> dict[str, int]:
    now_s = state.clock.now_s()
    return {
        "usable_access_tokens": sum(not t.revoked and t.expires_s > now_s for t in state.access_tokens.values()),
        "usable_refresh_tokens": sum(
            not t.revoked and (t.ends_s is None or t.ends_s > now_s) for t in state.refresh_tokens.values()
        ),
        "unused_codes": sum(not c.used and c.expires_s > now_s for c in state.codes.values()),
    }


def _calendar(calendar: Calendar, base: str) -> dict[str, Any]:
    return {
        "id": calendar.calendar_id,
        "summary": calendar.summary,
        "owner": calendar.owner,
        "timeZone": calendar.time_zone,
        "events": [rendered(event, calendar, base) for event in calendar.events.values()],
        "burned": sorted(calendar.burned),
    }
