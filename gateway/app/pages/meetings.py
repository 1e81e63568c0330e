"""Makes the pages of the meetings and the upcoming events; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.meetings.office import MeetingOffice
from gateway.admin.meetings.routes import add_meeting_pages
from gateway.app.pages.parts import Parts
from gateway.domain.actor import Actor
from gateway.domain.meeting import Invitations
from gateway.mirror.inbound.adoption import Adoption
from gateway.operations.meetings.desk import MeetingDesk
from gateway.operations.meetings.google import GoogleDesk


def add(parts: Parts) -> None:
    """Add the pages."""
    stored, mirroring = parts.stored, parts.mirroring
    chosen = {section.id: section.account for section in parts.config.devices if section.account is not None}

    def desk(actor: Actor) -> MeetingDesk:
        return MeetingDesk(
            database=stored.database,
            clock=parts.clock,
            intake=lambda: mirroring.intake,
            actor=actor,
            chosen=chosen,
            unseal=lambda sealed: stored.vault.unseal(sealed.encode("ascii")),
        )

    def account(device_id: int) -> int | None:
        target = stored.accounts.chosen(mirroring.register.policy(device_id).account)
        return None if target is None else target.account_id

    def adoption(actor: Actor) -> Adoption:
        return Adoption(database=stored.database, clock=parts.clock, chosen=account, actor=actor)

    def invitations(device_id: int) -> Invitations:
        try:
            return mirroring.register.policy(device_id).invitations
        except KeyError:  # a device of another time
            return Invitations.DEVICE

    async def changed() -> None:
        mirroring.outbound.wake()

    add_meeting_pages(
        parts.app,
        MeetingOffice(
            shell=parts.shell,
            database=stored.database,
            clock=parts.clock,
            zone_now=parts.zone,
            chosen=chosen,
            desk=desk,
            adoption=adoption,
            google=GoogleDesk(
                database=stored.database, clock=parts.clock, accounts=stored.accounts, inbound=mirroring.inbound
            ),
            devices=lambda: sorted(device.row.name for device in mirroring.register.served()),
            invitations=invitations,
            changed=changed,
            searched=mirroring.indexing.searched,
        ),
    )
