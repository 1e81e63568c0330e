"""Whether a caller is the device it says it is; where the credential stood in the request is not known here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from gateway.devices.register import Device, Register
from gateway.errors import NotAuthorized

_NOBODY = hashlib.sha256(b"no device has this key").digest()
MOST_CHARACTERS = 1024


def identify(register: Register, device_id: str, authorization: str | None) -> Device:
    """Return the device whose key the `Authorization` value carries. Raises NotAuthorized.

    `Bearer KEY` (RFC 6750) and `Basic` with device id and key (RFC 7617) are understood. Unknown devices cost the
    same hash and comparison as known ones.
    """
    if not authorization:
        raise NotAuthorized("The call carries no key. Send the header 'Authorization: Bearer <key of the device>'.")
    key = _key(authorization, device_id)
    device = register.find(device_id)
    expected = device.row.key_hash if device is not None else _NOBODY
    right = hmac.compare_digest(hashlib.sha256(key).digest(), expected)
    if device is None or not right:
        raise NotAuthorized("The device id or its key is wrong. Compare both with the gateway's settings.")
    return device


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
