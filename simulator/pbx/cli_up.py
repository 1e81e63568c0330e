"""The command `pbx up --kind ucm-api` or `ucm6200`: serves a UCM that is asked, until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta

from simulator.pbx.api.models import MODELS, Family
from simulator.pbx.api.server import DEFAULT_PASSWORD, DEFAULT_USER, SimulatedUcm
from simulator.pbx.api.switches import BadSwitch
from simulator.pbx.booking import ScheduleForm, vendor_example
from simulator.pbx.options import UsageError, seed_from
from simulator.pbx.serve import until_interrupted
from simulator.pbx.start_words import next_weekday
from simulator.pbx.state import DEFAULT_ZONE
from simulator.pbx.zones import zone_of

PASSWORD_VARIABLE = "SIMULATOR_UCM_PASSWORD"  # noqa: S105 - the name of a variable
UNREACHABLE = 69
API_KINDS = {"ucm-api": "UCM6304", "ucm6200": "UCM6204"}
"""Kinds of UCM that are asked, with the model each is unless `--model` says otherwise."""


def add_api_options(parser: argparse.ArgumentParser) -> None:
    """The options of a UCM that is asked."""
    group = parser.add_argument_group("a UCM that is asked (--kind ucm-api or ucm6200)")
    group.add_argument("--host", default="127.0.0.1", help="address of its API (127.0.0.1)")
    group.add_argument("--control-port", type=int, default=0, metavar="P", help="port of its page and of /_sim/")
    group.add_argument("--model", choices=list(MODELS), help="which model (UCM6304 or UCM6204)")
    group.add_argument("--zone", default=DEFAULT_ZONE, metavar="LABEL", help=f'its time zone ("{DEFAULT_ZONE}")')
    group.add_argument(
        "--user",
        default=DEFAULT_USER,
        help=f"user of the API ({DEFAULT_USER}); its password is in the variable {PASSWORD_VARIABLE}",
    )
    group.add_argument("--permitted", action="append", default=[], metavar="NET", help="an address that may ask it")
    group.add_argument("--switch", action="append", default=[], metavar="NAME[=VALUE]", help="an oddity; see /_sim")
    group.add_argument("--meetings", type=int, default=1, metavar="N", help="how many meetings it has at first (1)")


async def serve_api(options: argparse.Namespace) -> int:
    """Serve until interrupted; the exit code is 0 then, 69 when an address cannot be had. UsageError, BadSwitch."""
    ucm = made(options, os.environ.get(PASSWORD_VARIABLE) or DEFAULT_PASSWORD)
    try:
        await ucm.start()
    except OSError as error:
        where = f"{options.host} port {options.port}"
        text = f"meeting-simulator: cannot listen on {where}: {error.strerror or error}; choose another --port"
        print(text, file=sys.stderr)
        return UNREACHABLE
    try:
        _announce(ucm, as_json=options.json)
        await until_interrupted()
    finally:
        await ucm.stop()
    return 0


def made(options: argparse.Namespace, password: str) -> SimulatedUcm:
    """The UCM that the options describe, with its first meetings; UsageError says what cannot be."""
    model = MODELS[options.model or API_KINDS[options.kind]]
    if (model.family is Family.UCM6200) != (options.kind == "ucm6200"):
        raise UsageError(f"a {model.name} is not of kind {options.kind}")
    try:
        zone_of(options.zone)
        ucm = SimulatedUcm(
            host=options.host,
            port=options.port,
            control_port=options.control_port,
            model=model.name,
            zone=options.zone,
            user=options.user,
            password=password,
            permitted=options.permitted,
            seed=seed_from(options),
        )
        for text in options.switch:
            ucm.state.switches.set_text(text)
    except (ValueError, BadSwitch) as error:
        raise UsageError(str(error)) from error
    for form in _first(options.meetings, options.zone):
        ucm.do.schedule(form)
    return ucm


def _first(count: int, zone: str) -> list[ScheduleForm]:
    """The guide's example on the coming Monday, then the same on the days after it."""
    today = datetime.now(zone_of(zone)).date()
    monday = datetime.combine(next_weekday(today, 0), datetime.min.time())
    form = replace(vendor_example(monday), time_zone=zone)
    return [form.moved(form.start + timedelta(days=number)) for number in range(count)]


def _announce(ucm: SimulatedUcm, *, as_json: bool) -> None:
    facts = {
        "model": ucm.state.model.name,
        "api": f"{ucm.base}/api",
        "user": ucm.user,
        "password": ucm.password if ucm.password == DEFAULT_PASSWORD else f"(from {PASSWORD_VARIABLE})",
        "fingerprint": ucm.fingerprint,
        "page": f"{ucm.control}/",
        "controls": f"{ucm.control}/_sim",
    }
    if as_json:
        print(json.dumps({"event": "up", **facts}), flush=True)
        return
    print("\n".join([f"SIMULATED {facts['model']} - NOT A REAL PBX", *_rows(facts), "Ctrl+C ends it"]), flush=True)


def _rows(facts: dict[str, str]) -> list[str]:
    return [f"  {name:<12}{value}" for name, value in facts.items() if name != "model"]
