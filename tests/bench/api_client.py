"""The usual way to write events: google-api-python-client, one insert after the other; what it does is not durable.

python -m tests.bench.api_client BASE EVENTS
"""

from __future__ import annotations

import json
import sys
import time

from tests.bench.said import NATIVE

_WARM_UP = 20


def event(number: int) -> dict[str, object]:
    """An event such as the gateway writes for the bench's meeting."""
    said = json.loads(NATIVE.body)
    return {
        "id": f"bench{number:020d}",
        "summary": said["subject"],
        "description": said["agenda"],
        "start": {"dateTime": said["start"], "timeZone": said["time_zone"]},
        "end": {"dateTime": said["end"], "timeZone": said["time_zone"]},
        "attendees": [{"email": each["email"]} for each in [said["host"], *said["invitees"]]],
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 60}]},
        "extendedProperties": {"private": {"gateway": "bench", "meeting": str(number)}},
    }


def main(base: str, events: int) -> None:
    """Insert the events and print how many went through in a second."""
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build

    service = build(
        "calendar",
        "v3",
        credentials=Credentials(token="bench"),
        client_options={"api_endpoint": f"{base}/calendar/v3/"},
    )
    began = 0.0
    for number in range(_WARM_UP + events):
        if number == _WARM_UP:
            began = time.perf_counter()
        service.events().insert(calendarId="primary", body=event(number), sendUpdates="none").execute()
    print(json.dumps({"per_s": events / (time.perf_counter() - began)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
