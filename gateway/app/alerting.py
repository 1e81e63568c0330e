"""Makes what tells people outside the page that something needs them; what is told is decided in `operations`."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable
from pathlib import Path

from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config
from gateway.errors import ConfigError, StoreError
from gateway.notify.alert import Channel
from gateway.operations.alerts.alerts import Alerts
from gateway.operations.alerts.channels import chosen_kinds, language_of, made_channels, page_address
from gateway.operations.alerts.delivery import AlertDelivery
from gateway.operations.alerts.unstored import UnstoredAlerts
from gateway.store.database import Database
from gateway.store.installation import installation_id

_LOGGER = logging.getLogger(__name__)


async def made_alerts(config: Config, clock: Clock, stored: Stored) -> Alerts:
    """Make them, and let them hear how it stands with the accounts. Raises ConfigError, StoreError."""
    channels = made_channels(config)
    alerts = Alerts(
        database=stored.database,
        clock=clock,
        channels=channels,
        delivery=await _delivery(config, clock, stored.database, channels),
        usable=lambda: [account.account_id for account in stored.accounts.usable()],
        data_dir=stored.folder.path,
        chosen=chosen_kinds(config),
        language=language_of(config),
    )
    stored.accounts.follow_standing(alerts.told)
    return alerts


async def made_safe_alerts(
    config: Config, clock: Clock, database: Database | None, data_dir: Path, mistakes: Callable[[], int]
) -> Alerts | UnstoredAlerts | None:
    """Make those of a gateway that serves only its safe page; None when nobody can be told. Raises nothing.

    `mistakes` returns how many are known; for 0, somebody wanted the safe page, and nobody is told.
    """
    try:
        channels, chosen = made_channels(config), chosen_kinds(config)
    except ConfigError as error:
        _LOGGER.error("nobody is told that the settings have mistakes: %s", error)  # noqa: TRY400 - it says why
        return None
    if database is not None:
        try:
            return Alerts(
                database=database,
                clock=clock,
                channels=channels,
                delivery=await _delivery(config, clock, database, channels),
                usable=lambda: (),
                data_dir=data_dir,
                chosen=chosen,
                mistakes=lambda: mistakes() or None,
                language=language_of(config),
            )
        except StoreError as error:
            _LOGGER.error("alerts cannot be written down: %s", error)  # noqa: TRY400 - it says what to do
    return UnstoredAlerts(
        clock=clock,
        channels=channels,
        chosen=chosen,
        mistakes=mistakes,
        gateway=config.gateway.name,
        page=page_address(config),
    )


async def _delivery(config: Config, clock: Clock, database: Database, channels: tuple[Channel, ...]) -> AlertDelivery:
    return AlertDelivery(
        database=database,
        clock=clock,
        channels=channels,
        installation_id=await database.read(installation_id),
        gateway=config.gateway.name,
        page=lambda: page_address(config),
        chance=random.random,
        owner=f"process {os.getpid()}",
    )
