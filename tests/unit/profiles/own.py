"""Profiles written for one test: a small one to change, and how to read calls with it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from gateway.errors import BadPayload
from gateway.profiles.catalog import Catalog
from gateway.profiles.model import Profile
from gateway.profiles.translate import Context, Translation, to_meeting
from tests.unit.profiles.calls import NOW_S

OWN = "acme/bridge"


def profile_of(folder: Path, fields: str, *, head: str = "", shape: str = "", rest: str = "") -> Profile:
    """The profile of one shape with these `fields`, in YAML; `head`, `shape` and `rest` are further keys."""
    text = f"""\
title: A bridge
source: its manual
trust: documented
products: [{{brand: Acme, model: Bridge}}]
unknown_fields: ignore
{textwrap.dedent(head).strip()}
shapes:
  call:
    title: One call
    source: page 12
    trust: documented
    recognise: [id]
{textwrap.indent(textwrap.dedent(shape).strip(), "    ")}
    fields:
      external_id: {{name: id, as: code}}
{textwrap.indent(textwrap.dedent(fields).strip(), "      ")}
{textwrap.dedent(rest).strip()}
"""
    if "zone:" not in head:
        text = text.replace("shapes:\n", "zone: {codings: [iana, offset_text]}\nshapes:\n", 1)
    path = folder / f"{OWN}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Catalog.load([folder]).get(OWN)


def read_own(
    profile: Profile,
    call: dict[str, object],
    *,
    device_zone: str | None = None,
    text_values: bool = False,
    directory: dict[str, str] | None = None,
) -> Translation:
    return to_meeting(profile, call, Context(None, device_zone, NOW_S, text_values, directory))


def own_problems(profile: Profile, call: dict[str, object], device_zone: str | None = None) -> dict[str, str]:
    """The reasons by field; empty when the call is accepted."""
    try:
        read_own(profile, call, device_zone=device_zone)
    except BadPayload as bad:
        return {problem.field: problem.reason for problem in bad.problems}
    return {}
