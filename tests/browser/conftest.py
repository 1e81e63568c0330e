"""Fixtures of the browser tests: simulated Google, a gateway nobody has set up yet, and Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from simulator.google import SimulatedGoogle
from tests.browser import chromium
from tests.contract.google_requests import assert_all_valid
from tests.journey.fresh_gateway import FreshGateway, opened


@pytest.fixture
async def google() -> AsyncIterator[SimulatedGoogle]:
    async with SimulatedGoogle(port=0) as running:
        yield running
        assert_all_valid(running.state.requests)


@pytest.fixture
async def gateway(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[FreshGateway]:
    async with opened(tmp_path, google, devices=False) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if chromium.found() is None:
        pytest.skip("LEFT OUT: no Chromium on this machine; install the package chromium")
    async with chromium.started() as running:
        yield running
