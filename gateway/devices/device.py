"""One device as it is held in memory: who it is, how it speaks, which keys it may show; nothing is looked up here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.device import DevicePolicy
from gateway.domain.polling import PollSettings
from gateway.domain.secret import Secret
from gateway.notify.webhook import Receiver
from gateway.profiles.model import Profile
from gateway.store.devices import DeviceRow

_NO_KEY = hashlib.sha256(b"no device has this key").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that may call or is asked: its row, its profile, its own zone if one was set, the choices made for it.

    `secret` and `old_secret` are its keys in clear, held only where its profile's way of signing in computes with them
    (challenge, digest). `directory` is extension → e-mail address and may grow while it is read. `poll` is set when the
    device is asked, `webhook` when it is told.
    """

    row: DeviceRow
    profile: Profile
    time_zone: str | None
    policy: DevicePolicy
    model: str | None = None
    secret: Secret | None = None
    old_secret: Secret | None = None
    directory: Mapping[str, str] = field(default_factory=dict)
    poll: PollSettings | None = None
    webhook: Receiver | None = None

    @property
    def paused(self) -> bool:
        """Whether calls are answered with "try later", and nothing is asked."""
        return self.row.paused

    def accepts(self, key: bytes) -> bool:
        """Whether `key` is one of the device's keys; see `accepts` of this module."""
        return accepts(self, key)


def accepts(device: Device | None, key: bytes) -> bool:
    """Whether `key` opens the door for a device; a device that is not there costs what one that is there costs.

    Two keys may be good at the same time while one replaces the other. Always one hash and two comparisons, each in a
    time that does not depend on where the texts differ.
    """
    shown = hashlib.sha256(key).digest()
    current = (device.row.key_hash if device is not None else b"") or _NO_KEY
    old = (device.row.old_key_hash if device is not None else None) or _NO_KEY
    right = hmac.compare_digest(shown, current) | hmac.compare_digest(shown, old)
    return right and shown != _NO_KEY


def key_hash(key: Secret) -> bytes:
    """Return what is stored of a key; a random one of 112 bits or more needs no slower hash (OWASP ASVS 6.5.2)."""
    return hashlib.sha256(key.reveal().encode("utf-8")).digest()
