"""An admin lets the device win where people's word counts by its choice; questions that are open are in `decisions`."""

from __future__ import annotations

from gateway.domain.kept_edit import KeptState
from gateway.mirror.inbound.decisions import Matter, put_back
from gateway.mirror.telling.teller import Decided


def overrule(matter: Matter) -> bool:
    """Put the device's version back where the calendar's was kept; False when nothing is kept there.

    A deleted event is written again. What people change from now on is judged as ever.
    """
    edit = matter.before
    if edit is None or edit.state is not KeptState.KEPT:
        return False
    matter.teller.differs(edit.difference, Decided.DEVICE, conflict=False)
    matter.note(KeptState.BACK, edit.parts, edit.difference, edit.calendar_id)
    put_back(matter)
    return True
