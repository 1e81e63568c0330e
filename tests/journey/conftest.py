"""Simulated Google, a gateway process and a device for the journeys; every request to Google is checked at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulator.google import SimulatedGoogle
from tests.contract.google_requests import assert_all_valid
from tests.journey.gateway_process import GatewayProcess
from tests.journey.google_office import Office, opened_office
from tests.journey.page_office import PageOffice, opened_page


@pytest.fixture
async def google() -> AsyncIterator[SimulatedGoogle]:
    async with SimulatedGoogle(port=0) as running:
        yield running
        assert_all_valid(running.state.requests)


@pytest.fixture
async def gateway(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[GatewayProcess]:
    """A gateway that is not started yet."""
    async with stopped_at_the_end(GatewayProcess(folder=tmp_path, google_base=google.base)) as process:
        yield process


@pytest.fixture
async def office(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[Office]:
    async with opened_office(tmp_path / "data", google) as opened:
        yield opened


@pytest.fixture
async def desk(request: pytest.FixtureRequest, tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[PageOffice]:
    """A browser at the Google page of a gateway; a parameter of the test holds settings of the section `google`."""
    async with opened_page(tmp_path, google, **getattr(request, "param", {})) as opened:
        yield opened


@asynccontextmanager
async def stopped_at_the_end(process: GatewayProcess) -> AsyncIterator[GatewayProcess]:
    try:
        yield process
    finally:
        if process.process is not None and process.process.returncode is None:
            await process.kill()
