"""Makes what other programs read, and its pages: metrics, the device API; what they hold is decided elsewhere."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable

from gateway.admin.settings.api_page import ApiPage
from gateway.admin.settings.feeds_page import FeedPages
from gateway.admin.settings.integrations_page import IntegrationsPages
from gateway.admin.settings.page import SettingsPages
from gateway.app.pages.dashboard import made_overview
from gateway.app.pages.parts import Parts
from gateway.device_api.contract import openapi_json
from gateway.device_api.programs import FeedCalls, MetricsCalls, add_feeds, add_metrics
from gateway.operations.devices.desk import OwnAddresses, own_addresses
from gateway.operations.integrations.api_lines import PrivateAddress
from gateway.operations.integrations.api_reference import Reference, reference
from gateway.operations.integrations.feeds import Feeds
from gateway.operations.integrations.metrics import Metrics
from gateway.operations.integrations.standing import Integrations, integrations
from gateway.operations.overview.problems import Problem
from gateway.web.addresses import shown_host


def add(parts: Parts, pages: SettingsPages) -> None:
    """Add all of it; `pages` has the page of the settings that it stands on."""

    async def standing() -> Integrations:
        served = parts.mirroring.register.served
        return await integrations(parts.settings.config, parts.stored.database, served, _programs_at(parts))

    async def certificate() -> bytes:
        return await asyncio.to_thread(parts.certificate.file.read_bytes)

    feeds = Feeds(database=parts.stored.database, clock=parts.clock)
    feed_pages = FeedPages(
        pages=pages,
        feeds=feeds,
        devices=lambda: _titles(parts),
        address=lambda: _own(parts).address,
        clock=parts.clock,
    )
    IntegrationsPages(pages, standing, certificate, feed_pages).add(parts.app)
    add_feeds(parts.app, FeedCalls(feeds))
    ApiPage(
        parts.shell,
        lambda: _reference(_own(parts).address, _programs_at(parts)),
        lambda: parts.settings.config.integrations.public_api_page,
    ).add(parts.app)
    add_metrics(parts.app, _metrics_calls(parts))


def _metrics_calls(parts: Parts) -> MetricsCalls:
    overview = made_overview(parts)

    async def problems() -> Iterable[Problem]:
        glance = await overview.glance()
        return (*glance.problems, *glance.put_off)

    metrics = Metrics(
        database=parts.stored.database,
        clock=parts.clock,
        tally=parts.mirroring.tally,
        accounts=parts.stored.accounts,
        health=parts.health,
        problems=problems,
        devices=lambda: [device.row.name for device in parts.mirroring.register.served()],
        started_ms=parts.clock.now_ms(),
    )
    return MetricsCalls(on=lambda: parts.settings.config.metrics.enabled, door=parts.key_door, text=metrics.text)


def _titles(parts: Parts) -> list[tuple[str, str]]:
    """Return id and name for people of every device that is served, by name."""
    served = ((device.row.name, device.policy.name) for device in parts.mirroring.register.served())
    return sorted(served, key=lambda each: each[1].casefold())


def _own(parts: Parts) -> OwnAddresses:
    listener = parts.listener()
    ports = (listener.port, listener.tls_port or 0) if listener is not None else None
    return own_addresses(parts.config.gateway, shown_host, ports)


def _programs_at(parts: Parts) -> PrivateAddress:
    """Return where API keys count: under the public https address, else at our own port with our own certificate."""
    own = _own(parts)
    if own.address.startswith("https://"):
        return PrivateAddress(own.address, own_certificate=False)
    return PrivateAddress(own.https_address, own_certificate=parts.certificate.facts().made_here)


@functools.lru_cache(maxsize=2)
def _reference(address: str, programs: PrivateAddress) -> Reference:
    """Return the device API as the page shows it; read once, when somebody looks at it first."""
    import json

    return reference(json.loads(openapi_json()), address, programs)
