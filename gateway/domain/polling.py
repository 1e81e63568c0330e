"""How a device that cannot push is reached; what is asked of it, and in which words, is not known here."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """Where a polled device answers, who the gateway is there, and which certificate it may show.

    `address` is a host name or IP address as the admin wrote it (IPv6 without brackets); it is judged anew for every
    connection. `every_s` is the pause between two looks, in seconds. `fingerprint` is the SHA-256 of the device's
    certificate in 64 small hexadecimal digits: the one certificate that is trusted without a known issuer; None trusts
    known issuers only.
    """

    address: str
    port: int
    user: str
    password: Secret
    every_s: int
    fingerprint: str | None = None
