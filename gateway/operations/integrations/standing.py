"""How it stands with what other programs get from the gateway, for a page; nothing is switched here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.config import Config
from gateway.devices.device import Device
from gateway.mirror.telling.webhooks import WEBHOOK
from gateway.operations.integrations.api_lines import PrivateAddress
from gateway.store import outbox
from gateway.store.database import Database

METRICS_PATH = "/metrics"
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWebhook:
    """A device that hears what happens to its meetings; `waits` says that it did not take the last news yet."""

    device: str
    title: str
    place: str
    waits: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrations:
    """Everything on the page. `left_out` counts devices with a webhook that are not listed.

    `metrics_address` is where metrics are read, with `own_certificate` under one that the gateway made for itself;
    `scrape` is what Prometheus has to be told. `token_set` is the source of `metrics.token`, empty while there is none.
    """

    webhooks: tuple[DeviceWebhook, ...]
    left_out: int
    alerts_webhook: bool
    metrics: bool
    metrics_address: str
    token_set: str
    own_certificate: bool
    scrape: str
    api_page: bool


async def integrations(
    config: Config, database: Database, served: Callable[[], Iterable[Device]], at: PrivateAddress
) -> Integrations:
    """Look. Raises StoreError."""
    told = [device for device in served() if device.webhook is not None]
    shown = told[:MOST_SHOWN]
    waiting = await database.read(lambda conn: _waiting(conn, [device.row.id for device in shown]))
    return Integrations(
        webhooks=tuple(_webhook(device, waiting) for device in shown),
        left_out=len(told) - len(shown),
        alerts_webhook=config.notifications.webhook is not None,
        metrics=config.metrics.enabled,
        metrics_address=at.address + METRICS_PATH,
        token_set=token_set(config),
        own_certificate=at.own_certificate,
        scrape=scrape_config(at),
        api_page=config.integrations.public_api_page,
    )


def token_set(config: Config) -> str:
    """Return where the token for metrics is set (`environment GATEWAY_…`, a file), empty while there is none."""
    return config.sources.get("metrics.token", "") if config.metrics.token is not None else ""


def scrape_config(at: PrivateAddress) -> str:
    """Return what stands in prometheus.yml for this gateway; key and certificate stand in files beside it."""
    scheme, _, place = at.address.partition("://")
    host, _, path = place.partition("/")
    lines = [
        "scrape_configs:",
        "  - job_name: meeting-gateway",
        "    scrape_interval: 30s",
        f"    scheme: {scheme}",
        f"    metrics_path: {f'/{path}' if path else ''}{METRICS_PATH}",
        "    authorization:",
        "      credentials_file: /etc/prometheus/meeting-gateway.key",
    ]
    if at.own_certificate:
        lines += ["    tls_config:", "      ca_file: /etc/prometheus/meeting-gateway.crt"]
    lines += ["    static_configs:", f"      - targets: ['{host}']"]
    return "\n".join(lines) + "\n"


def _waiting(conn: sqlite3.Connection, device_ids: Sequence[int]) -> dict[int, str]:
    rows = ((each, outbox.get(conn, WEBHOOK, each)) for each in device_ids)
    return {device_id: row.last_text for device_id, row in rows if row is not None}


def _webhook(device: Device, waiting: dict[int, str]) -> DeviceWebhook:
    url = device.webhook.url if device.webhook is not None else ""
    return DeviceWebhook(
        device=device.row.name,
        title=device.policy.name,
        place=urlsplit(url).hostname or "",
        waits=device.row.id in waiting,
        problem=waiting.get(device.row.id, ""),
    )
