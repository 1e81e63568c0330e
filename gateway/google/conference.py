"""Google Meet on an event: how one is asked for and how it is read; when to ask is not decided here."""

from __future__ import annotations

from collections.abc import Mapping

_KIND = "hangoutsMeet"
_STATES = frozenset({"pending", "success", "failure"})


def create_request(request_id: str) -> dict[str, object]:
    """Return the `conferenceData` that asks for a Meet conference (Calendar API guide "Create events").

    Google ignores a `request_id` that it had before, so a repeat after a lost answer makes no second conference.
    """
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": {"type": _KIND}}}


def read_conference(event: Mapping[str, object]) -> tuple[str, str | None]:
    """Return how far an event's conference is (`pending`, `success`, `failure`, empty for none) and its address."""
    data = event.get("conferenceData")
    if not isinstance(data, dict):
        return "", None
    link = _video(data.get("entryPoints"))
    request = data.get("createRequest")
    status = request.get("status") if isinstance(request, dict) else None
    code = status.get("statusCode") if isinstance(status, dict) else None
    if link is not None:
        return "success", link
    if isinstance(code, str) and code in _STATES:
        return ("pending" if code == "success" else code), None
    return ("pending" if isinstance(request, dict) else ""), None


def _video(entry_points: object) -> str | None:
    for entry in entry_points if isinstance(entry_points, list) else ():
        if not isinstance(entry, dict) or entry.get("entryPointType") != "video":
            continue
        uri = entry.get("uri")
        if isinstance(uri, str) and uri.startswith("https://") and len(uri) <= 1024 and uri.isprintable():
            return uri
    return None
