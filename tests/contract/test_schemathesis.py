"""Schemathesis, written by others, makes calls out of openapi.yaml and judges the answers of a running gateway."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.contract.dialect_gateway import AUTH, dialect_gateway
from tests.contract.running_gateway import BEARER, MEETING, GatewayInTest
from tests.contract.validating_client import specification

SPEAKERS = {"calendar": "organizer", "conference": "jitsi", "action": "phone", "api": "ucm-1"}
"""Who speaks the dialect at an address, by a word of the address; `script` at all others."""
EXAMPLES_PER_OPERATION = 500


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayInTest]:
    """One with a device for every dialect."""
    async with dialect_gateway(tmp_path) as serving:
        yield serving


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("LONG"), reason="full counts: make test-long")
async def test_calls_made_from_the_contract_are_answered_as_it_says(gateway: GatewayInTest):
    await gateway.client("POST", "/api/v1/devices/script/meetings", json=MEETING, headers=BEARER["script"])
    made = await asyncio.to_thread(explore, gateway.base)
    print("calls made by schemathesis:", made)
    assert min(made.values()) >= 1
    assert (await gateway.client("GET", "/healthz")).status == 200


def explore(base: str) -> dict[str, int]:
    """Call every operation many times, with data that fits its schema and data that does not."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
    ]
    made: dict[str, int] = {}
    schemathesis.serializer("text/calendar")(lambda context, value: str(value).encode("utf-8", "surrogatepass"))
    schema = schemathesis.openapi.from_dict(specification())
    for result in schema.get_all_operations():
        operation = result.ok()
        # An operation without parameters and body cannot be called wrongly.
        wrongly = [schemathesis.GenerationMode.NEGATIVE] if "{" in operation.path else []
        for mode in (schemathesis.GenerationMode.POSITIVE, *wrongly):
            made[f"{operation.label} {mode.value}"] = call_often(operation, mode, base, checks)
    return made


def call_often(operation, mode, base: str, checks: list) -> int:
    """Return how many calls were made of one operation; a wrong answer is raised by the checks."""
    count = 0
    speaker = next((device for word, device in SPEAKERS.items() if word in operation.path.split("/")[5:]), "script")

    @settings(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=timedelta(seconds=60),
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def calls(case) -> None:
        nonlocal count
        if "device_id" in case.path_parameters and count % 4:
            case.path_parameters["device_id"] = speaker  # a device of which the gateway knows more than "wrong key"
        case.call_and_validate(base_url=base, headers=AUTH[speaker], checks=checks)
        count += 1

    calls()
    return count
