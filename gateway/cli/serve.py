"""The command `serve`: the gateway, or its safe page while the configuration is broken; neither is made here."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.cli.command import CONFIGURATION, complain, load, overrides_of, say, unseal
from gateway.errors import ConfigError, ProfileError

if TYPE_CHECKING:
    from gateway.app.safe import Broken, SafeRunning
    from gateway.app.serving import Running
    from gateway.config import Config


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--listen", metavar="ADDR:PORT", help="default: gateway.listen; port 0 takes a free one")
    parser.add_argument("--listen-tls", metavar="ADDR:PORT", help="default: gateway.listen_tls; for browsers")
    parser.add_argument("--ready-json", action="store_true", help="print one JSON line when meetings can be accepted")
    parser.add_argument("--safe", action="store_true", help="serve the safe page until somebody goes on from there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve, again and again when somebody wants it started anew; return the exit code."""
    from gateway.app.serving import AGAIN

    code = _safely(args, _mistakes(args)) if args.safe else _wholly(args)
    while code == AGAIN:
        code = _wholly(args)
    return code


def _wholly(args: argparse.Namespace) -> int:
    try:
        return _serve(args)
    except (ConfigError, ProfileError) as error:
        return _safely(args, error)


def _serve(args: argparse.Namespace) -> int:
    from gateway.app.keeping import do_what_is_ready, made_keeping
    from gateway.app.serving import serve
    from gateway.clock import SystemClock
    from gateway.config.last_good import file_in_use, text_of
    from gateway.store.folder import DataFolder

    text = text_of(file_in_use(args.config))
    config = load(args)
    keeping = made_keeping(config, SystemClock(), DataFolder(config.gateway.data_dir))
    if do_what_is_ready(keeping, say):
        config = load(args)

    def ready(gateway: Running) -> None:
        _keep(args, config, text)
        if args.ready_json:
            _tell("ready", gateway.listener.url, gateway.listener.https_url, gateway.certificate.fingerprint)

    return asyncio.run(serve(config, SystemClock(), ready, say))


def _keep(args: argparse.Namespace, config: Config, text: bytes | None) -> None:
    """Keep the settings file for a day on which it is broken. Never what somebody wrote there since it was read."""
    import logging

    from gateway.clock import SystemClock
    from gateway.config.last_good import file_in_use, keep, text_of

    if text is None or text_of(file_in_use(args.config)) != text:
        return
    try:
        keep(config.gateway.data_dir, text, SystemClock().now_ms())
    except OSError as error:
        logging.getLogger(__name__).warning("the working settings are not kept: %s", error.strerror)


def _safely(args: argparse.Namespace, error: ConfigError | ProfileError | None) -> int:
    """Serve the safe page. Raises `error` again where no gateway ever started wholly: there is nothing to go on."""
    from gateway import log

    problems: Sequence[str] = error.problems if error is not None else ()
    broken = _broken(args, error)
    complain(problems, CONFIGURATION)

    from gateway.app.safe import serve_safely
    from gateway.clock import SystemClock

    log.set_up(broken.config.logging.level, broken.config.logging.format)

    def ready(page: SafeRunning) -> None:
        if args.ready_json:
            _tell("safe", page.listener.url, page.listener.https_url, page.certificate.fingerprint)

    try:
        return asyncio.run(serve_safely(broken, SystemClock(), ready, say))
    except ConfigError as closed:
        return complain([line for line in closed.problems if line not in problems], CONFIGURATION)


def _broken(args: argparse.Namespace, error: ConfigError | ProfileError | None) -> Broken:
    from gateway.config.last_good import file_in_use
    from gateway.config.last_working import last_good, last_working

    copy = last_good(args.config, os.environ, overrides_of(args))
    if copy is None and error is not None:
        raise error

    from gateway.app.safe import Broken

    return Broken(
        config=load(args) if copy is None else last_working(copy, args.config, os.environ, overrides_of(args), unseal),
        file=file_in_use(args.config),
        copy=copy,
        problems=tuple(error.problems) if error is not None else (),
        read=lambda: _read(args),
    )


def _mistakes(args: argparse.Namespace) -> ConfigError | ProfileError | None:
    try:
        _read(args)
    except (ConfigError, ProfileError) as error:
        return error
    return None


def _read(args: argparse.Namespace) -> None:
    """Read everything that a start would stumble over. Raises ConfigError or ProfileError."""
    from gateway.operations.settings.check import check_profiles

    check_profiles(load(args), lenient=True)


def _tell(event: str, http: str, https: str, fingerprint: str) -> None:
    line = {"event": event, "http": http, "https": https, "fingerprint": fingerprint, "pid": os.getpid()}
    print(json.dumps(line), flush=True)
