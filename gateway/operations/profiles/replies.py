"""A profile's own answer filled in as an example shows it; answers to real calls are made at the doors."""

from __future__ import annotations

from gateway.domain.meeting import Meeting
from gateway.profiles.codings import utc_text
from gateway.profiles.model import Ref, Reply
from gateway.profiles.vocabulary import ReplyWord

EXAMPLE_ID = "1"
EXAMPLE_STATE = "queued"


def reply_body(reply: Reply, meeting: Meeting) -> dict[str, object]:
    """The body of the answer to a meeting that was just kept for the first time: id `1`, revision 1, `queued`."""
    known: dict[ReplyWord, object] = {
        ReplyWord.ID: EXAMPLE_ID,
        ReplyWord.EXTERNAL_ID: meeting.external_id,
        ReplyWord.STATE: EXAMPLE_STATE,
        ReplyWord.REVISION: 1,
        ReplyWord.START_UTC: utc_text(meeting.start_utc_s),
        ReplyWord.END_UTC: utc_text(meeting.end_utc_s),
        ReplyWord.ZONE: meeting.zone,
    }
    return {key: known.get(value.word) if isinstance(value, Ref) else value for key, value in reply.body}
