"""Hands out the contract of the device API, which is kept by hand in openapi.yaml; it checks nothing."""

from __future__ import annotations

import functools
import json
from importlib import resources


def openapi_yaml() -> str:
    """Return the contract as it is written."""
    return (resources.files("gateway.device_api") / "openapi.yaml").read_text("utf-8")


@functools.cache
def openapi_json() -> bytes:
    """Return the contract as JSON; read once, when somebody asks for it first."""
    from gateway import yaml_source

    return json.dumps(yaml_source.parse(openapi_yaml().encode()).data, ensure_ascii=False).encode()
