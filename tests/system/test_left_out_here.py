"""Says, as skipped tests, what was not tried on this machine; `make test-system` prints the reasons."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

CONTAINER_ENGINES = ("podman", "docker")


def test_the_gateway_as_a_systemd_service():
    if not Path("/run/systemd/system").is_dir():
        pytest.skip("NOT TRIED: the gateway as a service; this machine was not started by systemd")
    pytest.skip("NOT TRIED: the gateway as a service; the project has no systemd unit yet")


def test_the_gateway_in_a_container():
    if not any(map(shutil.which, CONTAINER_ENGINES)):
        pytest.skip(f"NOT TRIED: the gateway in a container; there is no {' or '.join(CONTAINER_ENGINES)} here")
    pytest.skip("NOT TRIED: the gateway in a container; the project has no image yet")
