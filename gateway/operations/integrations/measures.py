"""Every metric that there is: its name, its kind, what it means; where its numbers come from is not known here.

Names follow https://prometheus.io/docs/practices/naming/: one prefix, base units, `_total` for what only rises.
"""

from __future__ import annotations

from typing import Final

from gateway.operations.integrations.exposition import Metric

BUILD: Final = Metric(
    name="gateway_build_info", kind="gauge", help="Always 1; the version is its label.", labels=("version",)
)
STARTED: Final = Metric(
    name="gateway_start_time_seconds", kind="gauge", help="When the gateway started (seconds since 1970)."
)
READY: Final = Metric(name="gateway_ready", kind="gauge", help="1 while meetings can be accepted, else 0.")
PROBLEMS: Final = Metric(
    name="gateway_problems",
    kind="gauge",
    help="How many problems need attention, as on the dashboard. Only codes that are open are there.",
    labels=("code", "severity"),
)
LAG: Final = Metric(
    name="gateway_event_loop_lag_seconds",
    kind="gauge",
    help="How long the gateway's own work kept this answer waiting.",
)

DEVICES: Final = Metric(
    name="gateway_devices", kind="gauge", help="Devices: served, paused, or waiting to be added.", labels=("state",)
)
DEVICE_SEEN: Final = Metric(
    name="gateway_device_last_seen_timestamp_seconds",
    kind="gauge",
    help="When a device last called with its key, or answered when it was asked.",
    labels=("device",),
)
DEVICE_CALLS: Final = Metric(
    name="gateway_device_requests_total",
    kind="counter",
    help="Calls of devices by what became of them.",
    labels=("device", "result"),
)
STRANGERS: Final = Metric(
    name="gateway_auth_failures_total", kind="counter", help="Calls that showed no key of a device, or a wrong one."
)
CALL_DURATION: Final = Metric(
    name="gateway_device_request_duration_seconds", kind="histogram", help="How long the answer to a device took."
)

QUEUE: Final = Metric(
    name="gateway_queue_items",
    kind="gauge",
    help="Changes of meetings on their way to the calendar: waiting for their time, or held.",
    labels=("state",),
)
QUEUE_AGE: Final = Metric(
    name="gateway_queue_oldest_age_seconds",
    kind="gauge",
    help="How long the oldest change waits that is not held. 0 when nothing waits.",
)
WEBHOOKS: Final = Metric(
    name="gateway_webhook_queue_items", kind="gauge", help="Devices with news that their webhook did not take yet."
)
ALERTS: Final = Metric(name="gateway_alert_queue_items", kind="gauge", help="Alerts that were not taken yet.")
DELIVERIES: Final = Metric(
    name="gateway_delivery_attempts_total",
    kind="counter",
    help="Attempts to bring a meeting to its calendar: done, tried again later, or held for a person.",
    labels=("result",),
)
DELIVERY_DURATION: Final = Metric(
    name="gateway_delivery_duration_seconds", kind="histogram", help="How long such an attempt took."
)
SYNC: Final = Metric(
    name="gateway_sync_seconds",
    kind="histogram",
    help="From the call of the device until its meeting was in the calendar.",
)
DELIVERED: Final = Metric(
    name="gateway_last_delivery_success_timestamp_seconds",
    kind="gauge",
    help="When a meeting was last brought to its calendar since the gateway started.",
)

AUTHORIZED: Final = Metric(
    name="gateway_google_authorized", kind="gauge", help="1 while the main Google account can be used, else 0."
)
AUTHORIZATION_ENDS: Final = Metric(
    name="gateway_google_authorization_expires_timestamp_seconds",
    kind="gauge",
    help="When the first authorization ends, if one is known to end.",
)
ACCOUNTS: Final = Metric(
    name="gateway_google_accounts", kind="gauge", help="Google accounts by how they stand.", labels=("state",)
)

COMMITS: Final = Metric(
    name="gateway_db_commit_duration_seconds", kind="summary", help="How long transactions took until they were kept."
)
WRITES: Final = Metric(
    name="gateway_db_writes_total", kind="counter", help="Pieces of work written; several share a transaction."
)
DB_ERRORS: Final = Metric(
    name="gateway_db_errors_total", kind="counter", help="Transactions that the disk or the database file refused."
)
DB_SIZE: Final = Metric(name="gateway_db_size_bytes", kind="gauge", help="Size of the database file.")
DISK_FREE: Final = Metric(
    name="gateway_disk_free_bytes", kind="gauge", help="What is free on the disk of the data folder."
)

EVERY: Final = (
    BUILD,
    STARTED,
    READY,
    PROBLEMS,
    LAG,
    DEVICES,
    DEVICE_SEEN,
    DEVICE_CALLS,
    STRANGERS,
    CALL_DURATION,
    QUEUE,
    QUEUE_AGE,
    WEBHOOKS,
    ALERTS,
    DELIVERIES,
    DELIVERY_DURATION,
    SYNC,
    DELIVERED,
    AUTHORIZED,
    AUTHORIZATION_ENDS,
    ACCOUNTS,
    COMMITS,
    WRITES,
    DB_ERRORS,
    DB_SIZE,
    DISK_FREE,
)
"""All of them, in the order in which they are sent."""
