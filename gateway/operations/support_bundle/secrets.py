"""Gathers every secret that this gateway knows, so that none of them gets into a file for others; keeps none."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from gateway.config import Config
from gateway.domain.change import from_json
from gateway.domain.secret import Secret
from gateway.store import sealed
from gateway.store.database import Database
from gateway.store.vault import Vault, VaultError

_TELLING = re.compile(r"PIN|PASS|SECRET|TOKEN|KEY|CREDENTIAL|CODE", re.I)
_LEAST_OF_ENVIRONMENT = 6


async def known_secrets(config: Config, database: Database, vault: Vault, environ: Mapping[str, str]) -> set[str]:
    """Return the secrets of settings, environment and database, PINs of the newest meetings too. Raises StoreError."""
    found = outside_secrets(config, environ)
    values = await database.read(sealed.every)
    bodies = await database.read(sealed.newest_bodies)
    for value in values:
        with contextlib.suppress(VaultError):
            found.update(_texts(vault.unseal(value)))
    for body in bodies:
        with contextlib.suppress(VaultError, ValueError):
            meeting = from_json(body, lambda text: vault.unseal(text.encode("ascii")))
            found.update(pin for pin in (meeting.password, meeting.host_password) if pin)
    return found


def outside_secrets(config: Config, environ: Mapping[str, str]) -> set[str]:
    """Return the secrets of settings and environment."""
    return {*_of_settings(config), *_of_environment(environ)}


async def known_subjects(database: Database) -> set[str]:
    """Return what the newest meetings are called. Raises StoreError."""
    found: set[str] = set()
    for body in await database.read(sealed.newest_bodies):
        with contextlib.suppress(ValueError):
            said = json.loads(body)
            found.update(str(said[name]) for name in ("su", "ag") if said.get(name))
    return found


def _of_settings(value: object) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _of_settings(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _of_settings(getattr(value, each.name))


def _of_environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _TELLING.search(name) and len(value) >= _LEAST_OF_ENVIRONMENT and not value.startswith("/"):
            yield value


def _texts(unsealed: str) -> Iterator[str]:
    """Return the secret texts of what was sealed: the whole of it, or the secret parts of a JSON document."""
    try:
        said = json.loads(unsealed)
    except ValueError:
        yield unsealed
        return
    yield from _secret_parts(said) if isinstance(said, dict | list) else (unsealed,)


def _secret_parts(said: object, name: str = "") -> Iterator[str]:
    if isinstance(said, dict):
        for key, value in said.items():
            yield from _secret_parts(value, str(key))
    elif isinstance(said, list):
        for value in said:
            yield from _secret_parts(value, name)
    elif isinstance(said, str) and (_TELLING.search(name) or "verifier" in name):
        yield said
