"""The simulated senders by the names they have on the command line."""

from __future__ import annotations

from simulator.pbx.send.action_url import ActionUrlPhone
from simulator.pbx.send.envelope import EnvelopePusher
from simulator.pbx.send.itip import ItipSender
from simulator.pbx.send.jitsi import JitsiServer
from simulator.pbx.send.meetings_door import FormSender, JsonSender, RoomOsMacro, Ucm6200Pusher
from simulator.pbx.send.sender import Sender

KINDS: dict[str, type[Sender]] = {
    one.kind: one
    for one in (
        JitsiServer,
        ItipSender,
        ActionUrlPhone,
        EnvelopePusher,
        FormSender,
        RoomOsMacro,
        Ucm6200Pusher,
        JsonSender,
    )
}
