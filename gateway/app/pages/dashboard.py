"""Makes the pages of the dashboard and the live stream; what they show and do is decided elsewhere."""

from __future__ import annotations

from gateway.admin.dashboard.audit_page import AuditPages
from gateway.admin.dashboard.decisions import DecisionsPage
from gateway.admin.dashboard.page import DashboardPage, Office
from gateway.admin.live import Live
from gateway.admin.shell import Standing
from gateway.app.pages import reading
from gateway.app.pages.noticed import made_noticed
from gateway.app.pages.parts import Parts
from gateway.operations.checklist import Checklist
from gateway.operations.overview.activity import Activity
from gateway.operations.overview.audit import AuditLog
from gateway.operations.overview.decide import Decisions
from gateway.operations.overview.live import LiveFeed
from gateway.operations.overview.overview import Overview
from gateway.operations.overview.problems import Served


def add(parts: Parts) -> None:
    """Add the pages, and let the top of every page say how it stands."""
    overview = made_overview(parts)

    async def stand() -> Standing:
        glance = await overview.glance()
        return Standing(problems=len(glance.problems), waiting=len({row.name for row in glance.waiting}))

    database, shell = parts.stored.database, parts.shell

    def titles() -> dict[str, str]:
        return {name: each.title for name, each in _served(parts).items()}

    def profile(profile_id: str) -> str:
        catalog = parts.mirroring.neighbourhood.catalog
        return catalog.get(profile_id).title if profile_id in catalog.ids() else profile_id

    def account(account_id: int) -> str:
        return next((each.email for each in parts.stored.accounts.statuses() if each.id == account_id), "")

    office = Office(
        shell=shell,
        clock=parts.clock,
        overview=overview,
        activity=Activity(database=database, titles=titles),
        checklist=_checklist(parts),
        profile=profile,
        device=lambda name: titles().get(name, name),
        zone=parts.zone,
    )
    DashboardPage(office).add(parts.app)
    vault = parts.stored.vault
    decisions = Decisions(
        database=database, clock=parts.clock, unseal=lambda sealed: vault.unseal(sealed.encode("ascii"))
    )
    DecisionsPage(shell=shell, decisions=decisions, account=account, zone=parts.zone, changed=parts.changed).add(
        parts.app
    )
    AuditPages(shell=shell, log=AuditLog(database=database, titles=titles), zone=parts.zone).add(parts.app)
    live = Live(shell=shell, feed=LiveFeed(database), clock=parts.clock)
    live.add(parts.app)
    reading.add(parts, overview, live)
    shell.stands(stand)


def made_overview(parts: Parts) -> Overview:
    """Make what looks at everything at a glance."""
    config = parts.config
    return Overview(
        database=parts.stored.database,
        clock=parts.clock,
        accounts=parts.stored.accounts,
        health=parts.health,
        served=lambda: _served(parts),
        chosen={section.id: section.account for section in config.devices if section.account is not None},
        zone=parts.zone,
        every_s=config.google.refresh_every_s,
        noticed=made_noticed(parts).problems,
    )


def _checklist(parts: Parts) -> Checklist:
    def told() -> bool:
        chosen = parts.settings.config.notifications
        return any(channel is not None for channel in (chosen.email, chosen.webhook, chosen.syslog))

    return Checklist(
        database=parts.stored.database,
        clock=parts.clock,
        accounts=parts.stored.accounts,
        devices=lambda: len(parts.mirroring.register),
        told=told,
    )


def _served(parts: Parts) -> dict[str, Served]:
    """Return the devices as the settings have them, by their ids."""
    return {
        device.row.name: Served(
            title=device.policy.name,
            address=device.poll.address if device.poll is not None else "",
            port=str(device.poll.port) if device.poll is not None else "",
            every_s=device.poll.every_s if device.poll is not None else 0,
        )
        for device in parts.mirroring.register.served()
    }
