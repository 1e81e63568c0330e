"""Reads the settings once more before the gateway starts again, and says what would be wrong; changes nothing."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Mapping

from gateway import messages
from gateway.config import Address, Config, load
from gateway.errors import ConfigError
from gateway.messages import Message
from gateway.operations.settings.desk import unseal

_PLACED = re.compile(r"(?P<file>[^\s:][^:]*):(?P<n>\d+)(?::\d+)?: (?P<reason>.*)", re.DOTALL)
_FILE = re.compile(r"(?P<file>/[^:]*): (?P<reason>.*)", re.DOTALL)
_IN_USE = re.compile(r"gateway\.listen\w*: \S+:(?P<n>\d+) cannot be opened .*already in use", re.IGNORECASE)
_MEANT = re.compile(r"; (?P<meant>did you mean [^?]*\?)$")
_SECRET = re.compile(r"(?P<name>[\w.\[\]]+) [^=:]+(?P<variable>\bGATEWAY_\w+)=")
"""What relations of settings say of a secret that is missing, in whatever language."""


def findings(config: Config, environ: Mapping[str, str] = os.environ) -> list[Message]:
    """Return what a gateway that starts now would stumble over: C-01, C-02 or C-03 for each.

    `config` are the settings of this gateway: their file is read again, and addresses that it uses itself are not
    tried. What was said on the command line is left out, so a mistake in the file that it covers is found too.
    """
    try:
        again = load(config.path, environ, {"gateway.data_dir": str(config.gateway.data_dir)}, unseal)
    except ConfigError as error:
        return [message_of(line) for line in error.problems]
    used = {config.gateway.listen, config.gateway.listen_tls}
    taken = [each for each in (again.gateway.listen, again.gateway.listen_tls) if each not in used and _is_taken(each)]
    ports = [messages.text("C-02", n=str(each.port)) for each in taken]
    return [*(message_of(line) for line in again.saved_problems), *ports]


def check_profiles(config: Config, *, lenient: bool = False) -> None:
    """Make sure that the devices of the settings have profiles that can be used. Raises ProfileError.

    When it is `lenient`, mistakes in profiles that no device has are passed over, as a start does.
    """
    from gateway.profiles.catalog import Catalog, builtin_folder  # which reads every profile there is

    own = config.gateway.profiles_dir
    catalog = Catalog.load([*([own] if own is not None else []), builtin_folder()], lenient=lenient)
    for section in config.devices:
        catalog.get(section.profile, section.model)


def place_of(line: str) -> str:
    """Return where a line says that the mistake is, as `config.yaml:3:5`; empty when it names no place in a file."""
    found = _PLACED.fullmatch(line)
    return line[: found.start("reason")].rstrip(": ") if found is not None else ""


def message_of(line: str) -> Message:
    """Return a line for people, as starting prints it, as the catalogue has it: C-01, C-02 or C-03."""
    port = _IN_USE.match(line)
    if port is not None:
        return messages.text("C-02", n=port["n"])
    secret = _SECRET.search(line)
    if secret is not None:
        return messages.text("C-03", name=secret["name"], where=f".env ({secret['variable']})")
    line = _MEANT.sub(r" (\g<meant>)", line).removesuffix(".")  # the catalogue ends the sentence
    found = _PLACED.fullmatch(line) or _FILE.fullmatch(line)
    return messages.text("C-01", **(found.groupdict() if found is not None else {"reason": line}))


def _is_taken(address: Address) -> bool:
    if not address.port:
        return False
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
