"""What to type next after a look at a device; whether it works is decided in `operations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.devices.roster import Known
    from gateway.operations.devices.desk import Report


def following(report: Report, known: Known) -> str:
    """Return what to type next, empty when there is nothing to do here."""
    name = known.row.name
    if report.asks:
        return f"meeting-gateway device believe {name}"
    if report.fingerprint and known.locked_by:
        return f"write into devices[].poll of {name}: fingerprint: {report.fingerprint!r}"
    if report.fingerprint:
        return f"meeting-gateway device approve {name} --trust-certificate {report.fingerprint}"
    return ""
