"""The file for those who help: what is in it, each part as text without secrets; how it is shown is not known here."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import platform
import sqlite3
import sys
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from gateway import __version__
from gateway.clock import Clock
from gateway.config import Config, describe
from gateway.errors import StoreError
from gateway.log import RING, Line
from gateway.operations.doctor.doctor import Finding
from gateway.operations.recording import Recording
from gateway.operations.support_bundle.calls import about, recorded_calls
from gateway.operations.support_bundle.redaction import Redaction
from gateway.operations.support_bundle.secrets import known_secrets, known_subjects, outside_secrets
from gateway.operations.support_bundle.stored import StoredFacts, stored_facts
from gateway.store.database import Database
from gateway.store.vault import Vault

_LOGGER = logging.getLogger(__name__)

LONGEST_PART = 2_000_000
MOST_PROFILES = 50
SUMMARY_LINES = 10
_PACKAGES = ("aiohttp", "argon2-cffi", "cattrs", "cryptography", "google-auth", "icalendar", "jinja2", "tzdata")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One file of a bundle."""

    name: str
    text: str

    @property
    def bytes(self) -> int:
        """How large it is."""
        return len(self.text.encode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle is made of; `checks` runs the checks, `lines` are the last ones of the log."""

    config: Config
    database: Database
    vault: Vault
    clock: Clock
    checks: Callable[[], Awaitable[Sequence[Finding]]]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    lines: Callable[[], Sequence[Line]] = RING.lines

    async def files(self, *, include_private: bool = False, recording: Recording | None = None) -> list[BundleFile]:
        """Return the files, secrets removed from each; addresses and subjects too, unless `include_private`.

        With a `recording` its lines and calls are in it in place of the last ones. What cannot be read is left out,
        and `summary.txt` says so.
        """
        findings = list(await self.checks())
        facts = await self._facts()
        redaction = await self.redaction(include_private=include_private)
        lines = self.lines() if recording is None else recording.lines
        made: list[tuple[str, object]] = [
            ("summary.txt", "\n".join(summary(findings, facts))),
            *([] if recording is None else [("recording.txt", about(recording))]),
            ("checks.json", [finding.document() for finding in findings]),
            ("settings.redacted.yaml", _settings(self.config)),
            *self._profiles(),
            ("devices.redacted.json", facts.devices),
            ("queue.json", facts.queue),
            ("attempts.json", facts.attempts),
            ("log.txt", [_Line(as_text(line)) for line in lines]),
            *(_kept_calls(facts) if recording is None else recorded_calls(recording)),
            ("metrics.txt", _metrics(facts)),
            ("versions.json", versions()),
        ]
        return await asyncio.to_thread(lambda: [_file(name, content, redaction) for name, content in made])

    async def summary(self, findings: Sequence[Finding]) -> list[str]:
        """Return at most ten plain lines for a forum or an e-mail, without secrets and addresses."""
        redaction = await self.redaction()
        return [redaction.text(line) for line in summary(findings, await self._facts())]

    async def redaction(self, *, include_private: bool = False) -> Redaction:
        """Return what makes texts of this gateway fit to be given away."""
        try:
            secrets = await known_secrets(self.config, self.database, self.vault, self.environ)
            subjects = set() if include_private else await known_subjects(self.database)
        except StoreError as error:
            _LOGGER.warning("secrets of the database are not known: %s", error)
            secrets, subjects = outside_secrets(self.config, self.environ), set()
        return Redaction(secrets, subjects, include_private=include_private)

    async def _facts(self) -> StoredFacts:
        now_ms = self.clock.now_ms()
        try:
            return await self.database.read(lambda conn: stored_facts(conn, now_ms))
        except StoreError as error:
            _LOGGER.warning("the database cannot be read: %s", error)
            return StoredFacts(readable=False)

    def _profiles(self) -> list[tuple[str, object]]:
        folder = self.config.gateway.profiles_dir
        if folder is None or not folder.is_dir():
            return []
        found = sorted(folder.glob("*/*.yaml"))[:MOST_PROFILES]
        return [(f"profiles/{path.parent.name}/{path.name}", _text_of(path)) for path in found]


def zipped(files: Sequence[BundleFile]) -> bytes:
    """Return the files as one zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files:
            archive.writestr(each.name, each.text.encode("utf-8", "backslashreplace"))
    return out.getvalue()


def name_at(now_ms: int, called: str = "support") -> str:
    """Return what a bundle made now is called."""
    return f"meeting-gateway-{called}-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%d-%H%M%S}.zip"


def summary(findings: Sequence[Finding], facts: StoredFacts) -> list[str]:
    """Return at most ten lines; not redacted yet."""
    failed = [finding for finding in findings if finding.state == "fail"]
    warned = [finding for finding in findings if finding.state == "warn"]
    machine = f"{platform.system()} {platform.machine()}"
    queue = ", ".join(f"{number} {state}" for state, number in facts.counts.items()) or "empty"
    lines = [
        f"Meeting gateway {__version__}, Python {platform.python_version()}, {machine}",
        f"Checks: {len(findings)}, failed {len(failed)}, with a warning {len(warned)}",
        f"Devices: {len(facts.devices)}, accounts: {len(facts.accounts)}, queue: {queue}"
        if facts.readable
        else "The database cannot be read: devices, queue and calls are left out.",
    ]
    room = SUMMARY_LINES - len(lines)
    worst = [" ".join(filter(None, (each.state.upper(), each.code, each.said))) for each in [*failed, *warned]]
    if len(worst) > room:
        worst = [*worst[: room - 1], f"and {len(worst) - room + 1} more, see checks.json"]
    return [*lines, *(worst or ["Nothing is wrong."])]


def versions() -> dict[str, str]:
    """Return the versions of everything that the gateway is made of."""
    found = {"gateway": __version__, "python": sys.version.split()[0], "platform": platform.platform()}
    found["sqlite"] = sqlite3.sqlite_version
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def as_text(line: Line) -> str:
    """Return a line of the log as it is written."""
    at = f"{datetime.fromtimestamp(line.at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{line.at_ms % 1000:03}Z"
    return f"{at} {logging.getLevelName(line.level):<7} {line.area}: {line.text}"


class _Line(str):
    """A line of a text file. Lines are redacted one by one, so that a long file does not hold up everything else."""

    __slots__ = ()


def _kept_calls(facts: StoredFacts) -> list[tuple[str, object]]:
    return [(f"calls/{number:03}.redacted.json", call) for number, call in enumerate(facts.calls, 1)]


def _file(name: str, content: object, redaction: Redaction) -> BundleFile:
    if isinstance(content, str):
        text = redaction.text(content)
    elif isinstance(content, list) and all(isinstance(each, _Line) for each in content) and content:
        text = "\n".join(redaction.text(each) for each in content)
    else:
        text = json.dumps(redaction.value(content), indent=1, ensure_ascii=False, default=str)
    if len(text) > LONGEST_PART:
        text = f"(the first part is left out)\n{text[-LONGEST_PART:]}"
    return BundleFile(name=name, text=f"{text}\n")


def _settings(config: Config) -> str:
    """Return every setting with its source; `describe` covers secrets already."""
    return "\n".join(f"{key}: {value}  # {source}" for key, value, source in describe(config))


def _metrics(facts: StoredFacts) -> str:
    """Return the numbers in the text format of Prometheus."""
    lines = ["# TYPE gw_outbox_rows gauge"]
    lines += [f'gw_outbox_rows{{state="{state}"}} {number}' for state, number in facts.counts.items()]
    lines += ["# TYPE gw_devices gauge", f"gw_devices {len(facts.devices)}"]
    return "\n".join(lines)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", "backslashreplace")[:LONGEST_PART]
    except OSError as error:
        return f"# cannot be read: {error.strerror}"
