"""The ways in which asking a PBX can fail, each with its sentences for people; what follows from one is not here."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import CatalogueError

NO_ANSWER, LOGIN, FORBIDDEN, CERTIFICATE, SLOWER, ODD = "D-16", "D-17", "D-18", "D-19", "D-20", "D-21"

RETRY_AFTER_S: Mapping[int, float] = {-45: 15.0, -46: 15.0, -57: 60.0}
"""How long the UCM wants to be left alone, by status."""

_LOGIN_STATUS = frozenset({-5, -6, -8, -37, -71})
_FORBIDDEN_STATUS = frozenset({-47, -68, -70})
_BUSY_STATUS = frozenset({-7, -9, -24, -26, -43, -51, -69, -90})
_MEANINGS: Mapping[int, str] = {
    -1: "invalid parameters",
    -7: "connection closed",
    -9: "abnormal system error",
    -15: "invalid value",
    -16: "no such item",
    -19: "unsupported action",
    -24: "failed to operate data",
    -26: "failed to get data",
    -43: "data changed meanwhile",
    -50: "sensitive characters in a parameter",
    -51: "another task is running",
    -69: "a conference is going on",
    -90: "conference busy",
}


class PbxFailure(CatalogueError):
    """A PBX could not be asked, or its answer cannot be used; `code` is one of D-16 … D-21.

    `status` is what the PBX itself said, if it said anything. `retry_after_s` is how long it wants to be left alone.
    `fingerprint` is the SHA-256 of the certificate that was shown (D-19), `evidence` the answer that was not
    understood (D-21): it may hold PINs and is not shown or logged.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        values: Mapping[str, str] | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
        fingerprint: str = "",
        evidence: str = "",
    ) -> None:
        super().__init__(code, text, values=values)
        self.status = status
        self.retry_after_s = retry_after_s
        self.fingerprint = fingerprint
        self.evidence = evidence


def no_answer(device: str, address: str, port: int, reason: str = "") -> PbxFailure:
    """Nothing that speaks the API is there; `reason` is what was seen, a whole sentence."""
    seen = f" {reason}" if reason else ""
    return PbxFailure(
        NO_ANSWER,
        f"{device} does not answer at {address}:{port}.{seen} Check the address, that the API is on, and that port "
        f"{port} is open. UCM: Value-added Features > API Configuration > HTTPS API Settings (New) > Enable; the port "
        "is 8089.",
        values={"device": device, "address": address, "port": str(port)},
    )


def refused_address(device: str, address: str, port: int, reason: str) -> PbxFailure:
    """The gateway does not connect there; nothing was sent."""
    return PbxFailure(
        NO_ANSWER,
        f"{device} is not asked at {address}:{port}: {reason}. Enter the address of the PBX itself.",
        values={"device": device, "address": address, "port": str(port)},
    )


def login_refused(device: str, status: int) -> PbxFailure:
    """User name or password are wrong."""
    return PbxFailure(
        LOGIN,
        f"{device} refuses user name or password (UCM status {status}). The API user (default cdrapi) is not the web "
        "administrator. Enter the user name and password of the API settings.",
        values={"device": device, "status": str(status)},
        status=status,
    )


def login_spared(device: str, wait_s: float) -> PbxFailure:
    """No login is tried, because the PBX would ban this gateway soon."""
    minutes = max(1, round(wait_s / 60))
    return PbxFailure(
        LOGIN,
        f"{device} did not accept two logins; the next one is tried in {minutes} min, because a UCM bans whoever fails "
        "five times in ten minutes. The API user (default cdrapi) is not the web administrator. Enter the user "
        "name and password of the API settings.",
        values={"device": device, "status": "-37"},
        retry_after_s=wait_s,
    )


def untrusted(device: str, fingerprint: str, *, instead_of: str | None = None) -> PbxFailure:
    """The certificate is neither known nor the one that was trusted; nothing was sent."""
    shown = short(fingerprint)
    if instead_of is None:
        text = (
            f"{device} uses its own certificate. That is normal for PBXs. Compare the fingerprint {shown} with the "
            "device and trust exactly this one."
        )
    else:
        text = (
            f"{device} shows another certificate than the one you trusted ({short(instead_of)}). If the PBX was reset "
            f"or renewed it, compare the fingerprint {shown} with the device and trust exactly this one; if not, "
            "somebody may stand between. Nothing was sent."
        )
    return PbxFailure(CERTIFICATE, text, values={"device": device, "fingerprint": fingerprint}, fingerprint=fingerprint)


def odd_list(device: str, evidence: str, reason: str = "") -> PbxFailure:
    """The answer to the question for meetings cannot be read; `reason` is a whole sentence."""
    seen = f" {reason}" if reason else ""
    return PbxFailure(
        ODD,
        f"The list of meetings from {device} has an unexpected form.{seen} The profile needs an update. No meeting was "
        "removed; the list is kept for a report.",
        values={"device": device},
        evidence=evidence,
    )


def refusal(device: str, address: str, port: int, status: int, *, action: str, us: str) -> PbxFailure:
    """What a status other than 0 means; `us` is the gateway's own address on the way to the device."""
    if status in RETRY_AFTER_S:
        return PbxFailure(
            SLOWER,
            f"{device} asks us to slow down (status {status}).",
            values={"device": device, "status": str(status)},
            status=status,
            retry_after_s=RETRY_AFTER_S[status],
        )
    if status in _LOGIN_STATUS:
        return login_refused(device, status)
    if status in _FORBIDDEN_STATUS:
        line = f"{us}/32" if us and ":" not in us else f"{us}/128" if us else "the address of this gateway"
        return PbxFailure(
            FORBIDDEN,
            f'{device} does not allow this gateway (status {status}). Add {line} to "Permitted IP(s)" in the API '
            "settings. After several wrong passwords a UCM also refuses for ten minutes.",
            values={"device": device, "status": str(status), "line": line},
            status=status,
        )
    meaning = f" ({_MEANINGS[status]})" if status in _MEANINGS else ""
    said = f"It answers {action} with status {status}{meaning}."
    busy = status in _BUSY_STATUS
    failure = no_answer(device, address, port, said) if busy else odd_list(device, "", said)
    failure.status = status
    return failure


def short(fingerprint: str) -> str:
    """The first eight bytes of a fingerprint, as people compare them."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, 16, 2)).upper() + "…"
