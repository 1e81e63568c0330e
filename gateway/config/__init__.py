"""The settings as a whole, and `load`, which reads them or tells every problem at once; sections live beside this file.

How values are read, merged and judged lives in the modules beside this one; nothing here acts on a setting.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NamedTuple

from gateway.config.saved import SAVED, Unseal, lay_under, read_saved
from gateway.config.sections import (
    AlertWebhookSection,
    DeviceSection,
    DiscoverySection,
    EmailSection,
    GatewaySection,
    GoogleEndpoints,
    GoogleSection,
    IntegrationsSection,
    JoinSection,
    LimitsSection,
    LoggingSection,
    MeetingsSection,
    MetricsSection,
    NetworkSection,
    NotificationsSection,
    PollSection,
    ProxySection,
    SyslogSection,
    WebhookSection,
)
from gateway.config.shape import dotted, is_section, item_section, kind_at, paths
from gateway.config.tree import COMMAND_LINE, Origin, Strength, Tree
from gateway.config.values import Address, Refused, is_loopback, setting_version
from gateway.domain.secret import Secret
from gateway.errors import ConfigError
from gateway.yaml_source import DataPath

__all__ = [
    "Address",
    "AlertWebhookSection",
    "Config",
    "DeviceSection",
    "DiscoverySection",
    "EmailSection",
    "GatewaySection",
    "GoogleEndpoints",
    "GoogleSection",
    "IntegrationsSection",
    "JoinSection",
    "LimitsSection",
    "LoggingSection",
    "MeetingsSection",
    "MetricsSection",
    "NetworkSection",
    "NotificationsSection",
    "PollSection",
    "ProxySection",
    "Secret",
    "Setting",
    "SyslogSection",
    "Unseal",
    "WebhookSection",
    "describe",
    "device_section",
    "is_simulated",
    "load",
    "set_by",
]

_NOT_A_SETTING: Mapping[str, bool] = MappingProxyType({"setting": False})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. `path` is the file that was read, if any; `sources` says where each setting (dotted) is from.

    `saved_problems` are lines about what was saved on the page and is not used because it cannot be.
    """

    version: Annotated[int, setting_version] = 1
    gateway: GatewaySection = field(default_factory=GatewaySection)
    google: GoogleSection = field(default_factory=GoogleSection)
    devices: tuple[DeviceSection, ...] = ()
    meetings: MeetingsSection = field(default_factory=MeetingsSection)
    discovery: DiscoverySection = field(default_factory=DiscoverySection)
    network: NetworkSection = field(default_factory=NetworkSection)
    notifications: NotificationsSection = field(default_factory=NotificationsSection)
    integrations: IntegrationsSection = field(default_factory=IntegrationsSection)
    metrics: MetricsSection = field(default_factory=MetricsSection)
    limits: LimitsSection = field(default_factory=LimitsSection)
    logging: LoggingSection = field(default_factory=LoggingSection)
    path: Path | None = field(default=None, metadata=_NOT_A_SETTING)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False, metadata=_NOT_A_SETTING)
    saved_problems: tuple[str, ...] = field(default=(), compare=False, repr=False, metadata=_NOT_A_SETTING)


def load(
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
    unseal: Unseal | None = None,
) -> Config:
    """The settings of the command line (`overrides`, dotted keys), `environ`, `.env`, the file, the page, the defaults.

    The strongest comes first. Without `path`, `config.yaml` of the current folder is read if there is one. `.env` is
    looked for beside the file; `environ` is never changed. What was saved on the page is in the data folder; `unseal`
    opens the secrets in it, which are not used without it. Raises `ConfigError` with every problem but those of what
    was saved; no secret is in its lines or in the exceptions it was made from.
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
    loaded = replace(
        config,
        gateway=replace(
            config.gateway,
            data_dir=data_dir,
            profiles_dir=(beside / (config.gateway.profiles_dir or data_dir / "profiles")).absolute(),
        ),
        google=_beside(config.google, beside),
        network=_with_certificate(tree, config.network, beside),
        path=path,
        sources={dotted(each): tree.source(each) for each in _leaves(config)},
    )
    return lay_under(loaded, read_saved(data_dir), unseal)


def _beside(google: GoogleSection, folder: Path) -> GoogleSection:
    if google.service_account_file is None:
        return google
    return replace(google, service_account_file=(folder / google.service_account_file).absolute())


def _with_certificate(tree: Tree, network: NetworkSection, folder: Path) -> NetworkSection:
    """Return the section with what stands in the file of the root certificate. Raises ConfigError."""
    if network.root_certificate is None:
        return network
    key = "network.root_certificate"
    try:
        return replace(network, root_certificate=network.root_certificate.opened(folder))
    except Refused as error:
        raise ConfigError([f"{tree.origin(tuple(key.split('.'))).lead} {key}{error.text}".lstrip()]) from error


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
    """Every setting in effect with its source: a variable, `.env`, `config.yaml:4`, `saved on the page`, `default`."""
    rows = [(dotted(path), _value(config, path)) for path in _leaves(config)]
    return [Setting(key, _shown(value), config.sources.get(key, "default")) for key, value in rows]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as it is written in the file
    return "not set" if value is None else str(value).replace("\n", "\\n")  # a row has one line


def set_by(sources: Mapping[str, str], setting: str) -> str:
    """Where a setting (dotted) was set, in words for people; empty when it was not, and may be saved on the page."""
    source = sources.get(setting, "default")
    if source in ("default", SAVED):
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
