"""Access tokens of one account: fresh ones at once, new ones through google-auth; keeping them is left to others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeGuard

from gateway import messages
from gateway.clock import Clock
from gateway.domain.outcome import Outcome, Verdict
from gateway.errors import GatewayError, StoreError
from gateway.google import service_account
from gateway.google.failures import Operation, classify_silence, classify_token, unreadable_token
from gateway.google.service_account import Impersonation
from gateway.google.wire import Answer, NoAnswer, Wire
from gateway.messages.languages import apart

FRESH_MS = 225_000
"""A token that ends sooner than this is renewed first (google-auth's own threshold, 3 minutes 45 seconds)."""

_THREAD_GRACE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the gateway holds of an authorization. `expires_at_ms` is UTC; None means until Google refuses the token.

    With `acting` it is the key of a service account, which has neither a secret nor a refresh token.
    """

    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    access_token: str | None = field(default=None, repr=False)
    expires_at_ms: int | None = None
    acting: Impersonation | None = None


class TokenFailure(GatewayError):
    """No access token can be had now; `outcome` says why and what follows."""

    code = "token"

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.code} {outcome.text}")
        self.outcome = outcome


class AccessTokens:
    """The access tokens of one account.

    However many calls ask at once, one refresh runs. It is a task of its own, so that a caller that is cancelled
    takes nothing with it: a rotated refresh token would be lost. `save` makes the new grant durable before the first
    caller gets its token.
    """

    def __init__(
        self,
        grant: Grant,
        *,
        endpoint: str,
        wire: Wire,
        clock: Clock,
        save: Callable[[Grant], Awaitable[None]],
    ) -> None:
        self._grant = grant
        self._endpoint = endpoint
        self._wire = wire
        self._clock = clock
        self._save = save
        self._refreshing: asyncio.Task[str] | None = None

    async def token(self, *, rejected: str | None = None) -> str:
        """Return a token to call with; `rejected` is one that Google just refused and that must not come back.

        Raises TokenFailure.
        """
        if (held := self._fresh(rejected)) is not None:
            return held
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh(), name="refresh-token", context=apart())
            self._refreshing.add_done_callback(self._refreshed)
        return await asyncio.shield(self._refreshing)

    @property
    def refresh_token(self) -> str:
        """The refresh token held now, for revoking it; empty for a service account, which has none."""
        return self._grant.refresh_token

    async def close(self) -> None:
        """Wait for a refresh that is under way, so that what Google gave is stored."""
        if self._refreshing is not None:
            await asyncio.wait([self._refreshing])

    def _fresh(self, rejected: str | None) -> str | None:
        grant = self._grant
        if grant.access_token is None or grant.access_token == rejected:
            return None
        ends = grant.expires_at_ms
        return grant.access_token if ends is None or ends - self._clock.now_ms() > FRESH_MS else None

    def _refreshed(self, task: asyncio.Task[str]) -> None:
        self._refreshing = None
        if not task.cancelled():
            task.exception()  # every caller may be gone; a failure then belongs to nobody

    async def _refresh(self) -> str:
        bridge = Bridge(self._wire, asyncio.get_running_loop())
        try:
            renewed = await asyncio.to_thread(_renew, self._grant, self._endpoint, bridge)
        except NoAnswer as silence:
            raise TokenFailure(classify_silence(Operation.TOKEN, silence)) from silence
        except _Refused as refused:
            raise TokenFailure(self._judged(refused.answer)) from None
        except Exception as error:  # noqa: BLE001 - google-auth lets TypeError and others out on bodies it cannot read
            # Without the cause: its text may quote the body, and a body may hold a token.
            raise TokenFailure(unreadable_token()) from (error if isinstance(error, TimeoutError) else None)
        try:
            await self._save(renewed)
        except StoreError as error:
            text = str(messages.text("G-515", reason=str(error)))
            outcome = Outcome(verdict=Verdict.LATER, code="G-515", text=text, whole_account=True)
            raise TokenFailure(outcome) from error
        self._grant = renewed
        return str(renewed.access_token)

    def _judged(self, answer: Answer) -> Outcome:
        acting, now_s = self._grant.acting, self._clock.now_ms() / 1000
        if acting is not None:
            return service_account.classify(answer, acting, now_s=now_s)
        return classify_token(answer, now_s=now_s)


class _Refused(Exception):
    """The token endpoint answered with something other than 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    """What google-auth reads of a response (`google.auth.transport.Response`)."""

    status: int
    headers: Mapping[str, str]
    data: bytes = field(repr=False)


class Bridge:
    """google-auth's `transport.Request`: called in a worker thread, it makes the call on the gateway's own loop.

    Whatever is not 200 leaves as an exception before google-auth sees it. google-auth would repeat 408, 429 and 5xx
    with seconds of `time.sleep` in between, drop the status, and turn some refusals into plain text; our own outbox
    decides when to try again, and `failures` what a refusal means.
    """

    def __init__(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        self._wire = wire
        self._loop = loop

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> _Response:
        call = self._wire.call(method, url, headers=headers, body=body)
        future = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            answer = future.result(self._wire.timeout_s + _THREAD_GRACE_S)
        except TimeoutError:
            future.cancel()
            raise
        if answer.status != 200:
            raise _Refused(answer)
        return _Response(status=answer.status, headers={}, data=answer.body)


class _Credentials(Protocol):
    """What is used of `google.oauth2.credentials.Credentials`, which has no types."""

    token: str | None
    expiry: datetime | None

    @property
    def refresh_token(self) -> str | None: ...

    def refresh(self, request: Bridge) -> None: ...


def _renew(grant: Grant, endpoint: str, bridge: Bridge) -> Grant:
    """Refresh in a worker thread; google-auth is imported here, when an account needs it for the first time."""
    if grant.acting is not None:
        token, expiry = service_account.renewed(grant.acting, endpoint, bridge)
        if not _usable(token):
            raise ValueError("the token endpoint gave no usable token")
        return replace(grant, access_token=token, expires_at_ms=_instant_ms(expiry))
    from google.oauth2.credentials import Credentials

    make: Callable[..., _Credentials] = Credentials
    credentials = make(
        token=None,
        refresh_token=grant.refresh_token,
        token_uri=endpoint,
        client_id=grant.client_id,
        client_secret=grant.client_secret,
        scopes=None,  # a list would be sent, and refused when the person ticked fewer boxes
    )
    credentials.refresh(bridge)
    token, refresh_token, expiry = credentials.token, credentials.refresh_token, credentials.expiry
    if not _usable(token) or not _usable(refresh_token):
        raise ValueError("the token endpoint gave no usable token")
    return replace(
        grant,
        access_token=token,
        refresh_token=refresh_token,
        expires_at_ms=_instant_ms(expiry),
    )


def _instant_ms(expiry: datetime | None) -> int | None:
    """Read google-auth's expiry, which is naive UTC."""
    return None if expiry is None else int(expiry.replace(tzinfo=UTC).timestamp() * 1000)


def _usable(token: object) -> TypeGuard[str]:
    return isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]{1,4096}", token) is not None
