"""Whether a caller is the device it says it is; where the credential stood in the request is not known here."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets

from gateway.access.digest import Digests, Verdict, parameters
from gateway.clock import Clock
from gateway.devices.register import Device, Register, accepts
from gateway.domain.secret import Secret
from gateway.errors import NotAuthorized
from gateway.profiles.model import Profile
from gateway.profiles.vocabulary import Credential

MOST_CHARACTERS = 1024
_WEAK_DIGEST = "digest_md5"
"""The credential of devices that know RFC 2617 only."""
_NOBODYS_KEY = Secret(secrets.token_urlsafe(32))
_WRONG = "The device id or its key is wrong. Compare both with the gateway's settings."


class StaleAnswer(NotAuthorized):
    """The key was right, but the challenge it answered is over: the device tries again by itself."""


def identify(register: Register, device_id: str, authorization: str | None) -> Device:
    """Return the device whose key the `Authorization` value carries. Raises NotAuthorized.

    `Bearer KEY` (RFC 6750) and `Basic` with device id and key (RFC 7617) are understood. Unknown devices cost the
    same hash and comparisons as known ones.
    """
    if not authorization:
        raise NotAuthorized("The call carries no key. Send the header 'Authorization: Bearer <key of the device>'.")
    key = _key(authorization, device_id)
    device = register.find(device_id)
    right = accepts(device, key)
    if device is None or not right:
        raise NotAuthorized(_WRONG)
    return device


def shown_key(authorization: str | None, device_id: str) -> Secret | None:
    """Return the key that an `Authorization` value shows as it is, None when it shows none; nobody is believed here."""
    try:
        key = _key(authorization or "", device_id).decode("ascii")
    except UnicodeDecodeError:
        return None
    return Secret(key) if key else None


class Doorkeeper:
    """Knows the ways to show a key that not every device may use."""

    def __init__(self, register: Register, clock: Clock) -> None:
        self._register = register
        self._digests = Digests(clock)

    def by_digest(self, device_id: str, authorization: str, *, method: str, target: str) -> Device:
        """Return the device that answered a challenge of RFC 7616; only where its profile has Digest.

        `authorization` is the whole header, `target` the request's path and query as they were sent. Raises
        NotAuthorized.
        """
        device = self._register.find(device_id)
        algorithms = _algorithms(device.profile) if device is not None else ()
        key = device.secret if device is not None and algorithms else None
        said = parameters(authorization[7 : MOST_CHARACTERS * 2]) or {}
        if said.get("username") != device_id:
            raise NotAuthorized(_WRONG)
        old = device.old_secret if device is not None else None
        verdicts = {
            self._digests.judge(
                said, each or _NOBODYS_KEY, algorithms or ("SHA-256", "MD5"), method=method, target=target
            )
            for each in (key, old)
        }
        if device is None or key is None or verdicts == {Verdict.WRONG}:
            raise NotAuthorized(_WRONG)
        if Verdict.RIGHT not in verdicts:
            raise StaleAnswer("The challenge that the device answered is over; it should answer the new one.")
        return device

    def by_query(self, device_id: str, key: str) -> Device:
        """Return the device whose key stood in the address of an Action URL. Raises NotAuthorized.

        Only for profiles that say so: addresses are kept in places where keys do not belong.
        """
        device = self._register.find(device_id)
        right = accepts(device, key.encode("utf-8", "surrogateescape"))
        if device is None or not right or Credential.QUERY_KEY not in device.profile.credentials:
            raise NotAuthorized(_WRONG)
        return device

    def for_challenge(self, user: str) -> tuple[Device | None, tuple[Secret, ...]]:
        """Return the device that logs in as `user` and its keys; no keys when it may not log in like that."""
        device = self._register.find(user)
        if device is None or Credential.UCM_CHALLENGE not in device.profile.credentials:
            return None, ()
        return device, tuple(key for key in (device.secret, device.old_secret) if key is not None)

    def challenges(self, *, stale: bool = False) -> list[str]:
        """Return the values of `WWW-Authenticate` where a device needs Digest, else none.

        They are the same for every caller: whether a device exists, and how it signs in, is nobody's business.
        """
        wanted = {algorithm for device in self._register.served() for algorithm in _algorithms(device.profile)}
        if not wanted:
            return []
        algorithms = tuple(name for name in ("SHA-256", "MD5") if name in wanted)
        return [*self._digests.challenges(algorithms, stale=stale), 'Bearer realm="device"', 'Basic realm="device"']


def _algorithms(profile: Profile) -> tuple[str, ...]:
    """The hashes that devices of this profile may use for Digest; empty when they may not use it."""
    if _WEAK_DIGEST in profile.credentials:
        return ("SHA-256", "MD5")
    return ("SHA-256",) if Credential.DIGEST in profile.credentials else ()


def _key(authorization: str, device_id: str) -> bytes:
    scheme, _, value = authorization[:MOST_CHARACTERS].partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() != "basic":
        return b""
    try:
        user, _, key = base64.b64decode(value.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return b""
    return key if hmac.compare_digest(user, device_id.encode("utf-8", "surrogateescape")) else b""
