"""Makes what tells people outside the page that something needs them; what is told is decided in `operations`."""

from __future__ import annotations

import os
import random

from gateway.app.stored import Stored
from gateway.clock import Clock
from gateway.config import Config
from gateway.operations.alerts.alerts import Alerts
from gateway.operations.alerts.channels import made_channels, page_address
from gateway.operations.alerts.delivery import AlertDelivery
from gateway.store.installation import installation_id


async def made_alerts(config: Config, clock: Clock, stored: Stored) -> Alerts:
    """Make them, and let them hear how it stands with the accounts. Raises ConfigError, StoreError."""
    channels = made_channels(config)
    delivery = AlertDelivery(
        database=stored.database,
        clock=clock,
        channels=channels,
        installation_id=await stored.database.read(installation_id),
        gateway=config.gateway.name,
        page=lambda: page_address(config),
        chance=random.random,
        owner=f"process {os.getpid()}",
    )
    alerts = Alerts(
        database=stored.database,
        clock=clock,
        channels=channels,
        delivery=delivery,
        usable=lambda: [account.account_id for account in stored.accounts.usable()],
        data_dir=stored.folder.path,
    )
    stored.accounts.follow_standing(alerts.told)
    return alerts
