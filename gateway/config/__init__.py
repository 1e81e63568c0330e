"""The settings: every section as a frozen dataclass, and `load`, which reads them or tells every problem at once.

How values are read, merged and judged lives in the modules beside this one; nothing here acts on a setting.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from gateway.config.redirect import redirect_uri
from gateway.config.shape import dotted, is_section, item_section, kind_at, paths
from gateway.config.tree import COMMAND_LINE, Origin, Strength, Tree
from gateway.config.values import (
    Address,
    OneLine,
    Pattern,
    Range,
    certificate_fingerprint,
    client_id,
    client_secret,
    device_address,
    device_key,
    device_password,
    endpoint,
    is_loopback,
    setting_version,
    sip_address,
    web_address,
    web_link,
    webhook_secret,
    zone_name,
)
from gateway.domain.meeting import Invitations
from gateway.domain.secret import Secret
from gateway.errors import ConfigError
from gateway.yaml_source import DataPath

__all__ = [
    "Address",
    "Config",
    "DeviceSection",
    "DiscoverySection",
    "GatewaySection",
    "GoogleEndpoints",
    "GoogleSection",
    "JoinSection",
    "LimitsSection",
    "LoggingSection",
    "PollSection",
    "Secret",
    "Setting",
    "WebhookSection",
    "describe",
    "device_section",
    "is_simulated",
    "load",
    "set_by",
]

_CALENDAR_ID = OneLine(254)
_DEVICE_ID = Pattern(
    r"[a-z0-9][a-z0-9._-]{0,62}",
    "1 to 63 small letters, digits, '.', '_' or '-' that start with a letter or digit, such as ucm-1",
)
_PROFILE = Pattern(r"[a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62}", "vendor/model, such as grandstream/ucm6300")
_EMAIL = Pattern(r"[^@\s]{1,64}@[^@\s]{1,189}", "an e-mail address")
EVERYWHERE = Address(host="0.0.0.0", port=8765)  # noqa: S104 - devices on the network are whom it is for
EVERYWHERE_TLS = Address(host="0.0.0.0", port=8766)  # noqa: S104 - so are the browsers of administrators


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySection:
    """The service itself. `time_zone` is for display only.

    `data_dir` and `profiles_dir` are absolute once loaded; the latter is then never None.
    """

    name: Annotated[str, OneLine(100)] = "Meeting gateway"
    time_zone: Annotated[str, zone_name] | None = None
    listen: Address = EVERYWHERE
    listen_tls: Address = EVERYWHERE_TLS
    public_url: Annotated[str, web_address] | None = None
    data_dir: Path = Path("data")
    profiles_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleEndpoints:
    """Google's addresses (OAuth 2.0 for web server applications; Calendar API v3), without a slash at their ends."""

    authorize: Annotated[str, endpoint] = "https://accounts.google.com/o/oauth2/v2/auth"
    token: Annotated[str, endpoint] = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke: Annotated[str, endpoint] = "https://oauth2.googleapis.com/revoke"
    userinfo: Annotated[str, endpoint] = "https://openidconnect.googleapis.com/v1/userinfo"
    calendar: Annotated[str, endpoint] = "https://www.googleapis.com/calendar/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSection:
    """The OAuth client, and the calendar of devices that name none.

    What is None here may have been saved on the page; `redirect_uri` is made from the port when it is set nowhere.
    """

    client_id: Annotated[str, client_id] | None = None
    client_secret: Annotated[Secret, client_secret] | None = None
    redirect_uri: Annotated[str, redirect_uri] | None = None
    expected_account: Annotated[str, _EMAIL] | None = None
    calendar: Annotated[str, _CALENDAR_ID] = "primary"
    endpoints: GoogleEndpoints = field(default_factory=GoogleEndpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSection:
    """How people get into the meetings of a device that does not say so itself; `{room}` stands for the room."""

    sip_uri: Annotated[str, sip_address] | None = None
    dial_in: Annotated[str, OneLine(100)] | None = None
    web_link: Annotated[str, web_link] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSection:
    """Where a device is asked that cannot call. What is None here is what the device's profile says.

    `password` is set once loaded; `fingerprint` is written in 64 small hexadecimal digits.
    """

    address: Annotated[str, device_address]
    user: Annotated[str, OneLine(64)]
    password: Annotated[Secret, device_password] | None = None
    port: Annotated[int, Range(1, 65_535)] | None = None
    every_s: Annotated[int, Range(10, 86_400)] | None = None
    fingerprint: Annotated[str, certificate_fingerprint] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSection:
    """Where a device hears of replies, edits and conflicts; `secret` is set once loaded."""

    url: Annotated[str, web_address]
    secret: Annotated[Secret, webhook_secret] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSection:
    """One device that may push meetings, or that is asked for them (`poll`).

    `key` is set once loaded, unless the device is only asked; no `calendar` means `google.calendar`, no `invitations`
    what was chosen on the page, else `device`.
    """

    id: Annotated[str, _DEVICE_ID]
    profile: Annotated[str, _PROFILE]
    model: Annotated[str, OneLine(60)] | None = None
    name: Annotated[str, OneLine(100)] | None = None
    key: Annotated[Secret, device_key] | None = None
    time_zone: Annotated[str, zone_name] | None = None
    calendar: Annotated[str, _CALENDAR_ID] | None = None
    invitations: Invitations | None = None
    join: JoinSection = field(default_factory=JoinSection)
    show_pins: bool = False
    poll: PollSection | None = None
    webhook: WebhookSection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySection:
    """Whether the gateway announces itself on the network, and listens to what others announce."""

    announce: bool = True
    browse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSection:
    """How much a caller may send, and how calls to the calendar are paced."""

    body_bytes: Annotated[int, Range(1024, 1_048_576)] = 65_536
    body_timeout_s: Annotated[float, Range(1, 60)] = 5.0
    retry_first_s: Annotated[float, Range(0.01, 60)] = 2.0
    retry_cap_s: Annotated[float, Range(0.01, 21_600)] = 900.0
    in_flight: Annotated[int, Range(1, 50)] = 5
    call_timeout_s: Annotated[float, Range(0.1, 120)] = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSection:
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


_NOT_A_SETTING: Mapping[str, bool] = MappingProxyType({"setting": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. `path` is the file that was read, if any; `sources` says where each setting (dotted) is from."""

    version: Annotated[int, setting_version] = 1
    gateway: GatewaySection = field(default_factory=GatewaySection)
    google: GoogleSection = field(default_factory=GoogleSection)
    devices: tuple[DeviceSection, ...] = ()
    discovery: DiscoverySection = field(default_factory=DiscoverySection)
    limits: LimitsSection = field(default_factory=LimitsSection)
    logging: LoggingSection = field(default_factory=LoggingSection)
    path: Path | None = field(default=None, metadata=_NOT_A_SETTING)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False, metadata=_NOT_A_SETTING)


def load(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Config:
    """The settings from the command line (`overrides`, dotted keys), `environ`, `.env`, the file, and the defaults.

    The strongest comes first. Without `path`, `config.yaml` of the current folder is read if there is one. `.env` is
    looked for beside the file; `environ` is never changed. Raises `ConfigError` with every problem; no secret is in
    its lines or in the exceptions it was made from.
    """
    from gateway.config.reader import read  # with cattrs, which costs what all the rest costs
    from gateway.config.relations import check
    from gateway.config.sources import gather

    if path is None and os.path.lexists("config.yaml"):  # a link to nowhere is an error, not the absence of a file
        path = Path("config.yaml")
    tree = gather(Config, path, environ, overrides or {})
    _refuse_newer(tree)
    config = read(tree, Config)
    check(tree)
    if config is None or tree.problems:
        raise ConfigError([problem.line for problem in sorted(tree.problems)])
    from_command_line = tree.source(("gateway", "data_dir")) == COMMAND_LINE
    beside = path.parent if path else Path()
    data_dir = ((Path() if from_command_line else beside) / config.gateway.data_dir).absolute()
    return replace(
        config,
        gateway=replace(
            config.gateway,
            data_dir=data_dir,
            profiles_dir=(beside / (config.gateway.profiles_dir or data_dir / "profiles")).absolute(),
        ),
        path=path,
        sources={dotted(each): tree.source(each) for each in _leaves(config)},
    )


def is_simulated(config: Config) -> bool:
    """Whether the calendar is a simulated one on this machine, so that PBXs may be simulated ones on it too."""
    return is_loopback(config.google.endpoints.calendar)


def device_section(words: Mapping[str, object]) -> DeviceSection:
    """One device whose settings come from elsewhere than a file, judged by the same rules.

    Raises `ConfigError` with a line for each mistake; secrets come as `Secret`.
    """
    from gateway.config.reader import read

    tree = Tree(root=Config)
    origin = Origin(strength=Strength.COMMAND_LINE, lead="", source=COMMAND_LINE)
    tree.put(("devices", 0), dict(words), origin)
    config = read(tree, Config)
    if config is None or tree.problems:
        raise ConfigError([problem.line.strip().removeprefix("devices[0].") for problem in sorted(tree.problems)])
    return config.devices[0]


def _refuse_newer(tree: Tree) -> None:
    """What else a newer gateway's file says cannot be judged."""
    version = tree.value(("version",))
    if isinstance(version, int) and version > 1:
        lead = tree.origin(("version",)).lead
        raise ConfigError([f"{lead} version {version} was made for a newer gateway; update the gateway to use it"])


class Setting(NamedTuple):
    """One row of a list of settings; a secret is shown as `***`, nothing as `not set`."""

    key: str
    shown: str
    source: str


def describe(config: Config) -> list[Setting]:
    """Every setting in effect with its source: a variable, `.env`, `config.yaml:4`, `command line` or `default`."""
    rows = [(dotted(path), _value(config, path)) for path in _leaves(config)]
    return [Setting(key, _shown(value), config.sources.get(key, "default")) for key, value in rows]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as it is written in the file
    return "not set" if value is None else str(value)


def set_by(sources: Mapping[str, str], setting: str) -> str:
    """Where a setting (dotted) was set, in words for people; empty when it was not, and may be saved on the page."""
    source = sources.get(setting, "default")
    if source == "default":
        return ""
    if source == COMMAND_LINE:
        return "the command line"
    variable = source.removeprefix("environment ")
    return source if variable == source else f"environment variable {variable}"


def _leaves(config: Config) -> list[DataPath]:
    """The paths of all settings that are not sections or lists."""
    every = paths(Config, {("devices",): len(config.devices)})
    return [path for path in every if not is_section(kind := kind_at(Config, path)) and not item_section(kind)]


def _value(config: Config, path: DataPath) -> object:
    value: object = config
    for step in path:
        if value is None:  # within a section that is not there
            return None
        value = value[step] if isinstance(value, tuple) and isinstance(step, int) else getattr(value, str(step))
    return value
