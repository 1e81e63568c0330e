"""What is told of each account: state, features, age, end, and what an admin should know; nothing is asked or kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway import messages
from gateway.accounts import life, standing
from gateway.accounts.app_entry import Audience
from gateway.accounts.in_use import SERVICE_KIND, InUse, project_of
from gateway.accounts.life import End, Kind
from gateway.google.scopes import ON_REQUEST, PERMISSIONS, Feature, allows, features
from gateway.messages import Message
from gateway.store.accounts import AccountRow, AccountState

__all__ = [
    "AccountStatus",
    "AccountWarning",
    "Feature",
    "FeatureState",
    "command_for",
    "features_of",
    "status_of",
    "warnings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureState:
    """A feature, in words too, and whether it is on; `command` is what to type to get it when it is off.

    `on_request` features are off unless somebody asked for them, which is nothing to warn of.
    """

    feature: Feature
    shown: str
    on: bool
    on_request: bool
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """How it stands with an account in use; `code` and `text` say what is wrong, times are ms UTC.

    `kind` is the kind of the authorization and `end` when it ends, as far as that is known. `used_at_ms` is when it
    last proved good.
    """

    id: int
    email: str
    main: bool
    kind: Kind
    project: str
    state: AccountState
    code: str
    text: str
    authorized_at_ms: int
    access_ends_at_ms: int | None
    used_at_ms: int | None
    end: End | None
    scopes: tuple[str, ...]
    features: tuple[FeatureState, ...]
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWarning:
    """What an admin should know: the catalogue's code and its sentence, and which account or device it is about."""

    code: str
    text: str
    email: str = ""
    device: str = ""


def status_of(
    used: InUse, *, audience: Audience, read_only: bool, now_ms: int, succeeded_ms: int | None
) -> AccountStatus:
    """Return what is told of one account."""
    row = used.row
    seen = [at for at in (row.used_at, succeeded_ms) if at is not None]
    return AccountStatus(
        id=row.id,
        email=row.email,
        main=row.main,
        kind=life.kind_of(row, audience),
        project=project_of(row.client_id),
        state=row.state,
        code=row.state_code,
        text=row.state_text,
        authorized_at_ms=row.authorized_at,
        access_ends_at_ms=row.access_ends_at,
        used_at_ms=max(seen, default=None),
        end=life.end_of(row, audience, now_ms),
        scopes=tuple(row.scopes.split()),
        features=features_of(row, read_only=read_only),
        read_only=read_only,
    )


def features_of(row: AccountRow, *, read_only: bool) -> tuple[FeatureState, ...]:
    """Return which features the permissions of an account are enough for."""
    granted = row.scopes.split()
    return tuple(
        FeatureState(
            feature=each,
            shown=PERMISSIONS[each].shown,
            on=allows(granted, each),
            on_request=each in ON_REQUEST,
            command=command_for(row, each),
        )
        for each in features(read_only=read_only)
    )


def command_for(row: AccountRow, feature: Feature) -> str:
    """Return what to type to get a feature: a service account signs in with its key and not in a browser."""
    words = ["meeting-gateway google login"]
    if row.kind == SERVICE_KIND:
        words += ["--service-account KEY.json", f"--as {row.email}"]
    if feature in ON_REQUEST:
        words.append(f"--for {feature}")
    return " ".join(words)


def warnings(
    accounts: Iterable[InUse],
    wanted: Iterable[tuple[str, str]],
    *,
    audience: Audience,
    read_only: bool,
    now_ms: int,
) -> tuple[AccountWarning, ...]:
    """Return what is wrong or will be; `wanted` are devices with the addresses of the accounts that they name."""
    used = tuple(accounts)
    found = [warning for each in used for warning in _about(each, audience, read_only=read_only, now_ms=now_ms)]
    if used and not any(each.row.main for each in used):
        found.append(_warning(messages.text("G-527")))
    signed_in = {each.row.email.casefold() for each in used}
    for device, email in wanted:
        if email.casefold() not in signed_in:
            message = messages.text("G-524", device=device, account=email)
            found.append(_warning(message, email=email, device=device))
    return tuple(found)


def _about(used: InUse, audience: Audience, *, read_only: bool, now_ms: int) -> Iterable[AccountWarning]:
    row = used.row
    if row.state is not AccountState.CONNECTED:
        yield _warning(used.why or standing.told(row), email=row.email)
        return
    near = life.warned_of(row, audience, now_ms)
    if near is not None:
        yield _warning(near[1], email=row.email)
    for each in features_of(row, read_only=read_only):
        if not each.on and not each.on_request:
            shown = each.shown[:1].upper() + each.shown[1:]
            yield _warning(
                messages.text("G-522", feature=shown, email=row.email, command=each.command), email=row.email
            )


def _warning(message: Message, *, email: str = "", device: str = "") -> AccountWarning:
    return AccountWarning(code=message.code, text=str(message), email=email, device=device)
