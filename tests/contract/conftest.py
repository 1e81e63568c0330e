"""What the contract tests share: a gateway that serves in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.running_gateway import GatewayInTest, running_gateway


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayInTest]:
    async with running_gateway(tmp_path) as serving:
        yield serving
