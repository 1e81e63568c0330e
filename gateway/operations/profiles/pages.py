"""The "Supported devices" pages made from the profiles, as Markdown; they are written to a disk elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from gateway.operations.profiles import words as words
from gateway.profiles.fields import Field, Part, Trust
from gateway.profiles.model import Api, Example, Product, Profile, Shape
from gateway.profiles.vocabulary import Transport

INDEX = "README.md"
_WHEN = {None: "always", Transport.PUSH: "when it calls", Transport.POLL: "when it is asked"}
_MADE = "<!-- Made by `meeting-gateway profile docs` from the device profiles; edit those, not this page. -->"
_LONGEST_CELL = 400


def for_reading(page: str) -> str:
    """Return a page as it is read in a terminal: without the note on who made it."""
    return page.removeprefix(_MADE).lstrip("\n")


def pages(profiles: Iterable[Profile]) -> dict[str, str]:
    """Every page by its path below `docs/devices`: the index, and one for each profile."""
    every = sorted(profiles, key=lambda profile: profile.id)
    made = {INDEX: _joined(_index(every))}
    return made | {f"{profile.id}.md": _joined(_page(profile)) for profile in every}


def is_confirmed(profile: Profile) -> bool:
    """Whether any shape of the profile has been seen on a real device."""
    return any(shape.trust is Trust.HARDWARE for shape in profile.shapes)


def _index(profiles: Sequence[Profile]) -> Iterator[str]:
    yield from (_MADE, "# Supported devices", "")
    confirmed = [profile for profile in profiles if is_confirmed(profile)]
    if not confirmed:
        yield "**Nothing in this list has been confirmed on hardware yet.** Every profile was written after documents"
        yield "and has been tried with simulated devices only. A captured call of a real unit changes that:"
        yield "[Support a new device](../how-to/support-a-new-device.md)."
    else:
        yield "Rows without **hardware** have been tried with simulated devices only."
    yield ""
    yield "| Device | Least firmware | Profile | How its meetings come | How sure |"
    yield "|---|---|---|---|---|"
    for profile in profiles:
        for product in profile.products:
            yield _row(
                _product(product),
                product.firmware or "not known",
                f"[`{profile.id}`]({profile.id}.md)",
                " or ".join(_transport(transport) for transport in sorted(profile.transports)),
                "**hardware**" if is_confirmed(profile) else f"{words.TRUST[profile.trust]}; **not on hardware**",
            )
    yield ""
    examples = sum(len(profile.examples) for profile in profiles)
    yield f"{len(profiles)} profiles, {distinct_shapes(profiles)} distinct forms of a meeting, {examples} examples."


def _page(profile: Profile) -> Iterator[str]:
    deep = "../" * profile.id.count("/")
    yield from (_MADE, f"# {profile.title}", "")
    if not is_confirmed(profile):
        yield "> **Not confirmed on hardware.** Nobody has tried this with a real device yet, only with simulated ones."
        yield "> What the names rest on is said below; if yours says something else, a captured call mends it:"
        yield f"> [Support a new device]({deep}../how-to/support-a-new-device.md)."
        yield ""
    yield f"Profile `{profile.id}`, {words.TRUST[profile.trust]}. Source: {profile.source}."
    if profile.extends:
        base = f"{deep}{profile.extends}.md"
        yield f"It builds on [`{profile.extends}`]({base}) and says only what differs."
    yield from (
        "",
        *_table(("Device", "Least firmware"), ((_product(p), p.firmware or "not known") for p in profile.products)),
    )
    yield from ("", "## How its meetings come", "", *_connection(profile))
    if profile.caveats:
        yield from ("", "## What to know first", "")
        for caveat in profile.caveats:
            yield f"- {caveat.text}" + (f" ([source]({caveat.link}))" if caveat.link else "")
    if profile.setup:
        yield from ("", "## What to set on the device", "")
        yield from _table(
            ("Where", "Field", "Value", "When"),
            ((s.where, s.field, f"`{s.value}`", _WHEN[s.transport]) for s in profile.setup),
        )
    yield from ("", "## Limits", "", *_limits(profile))
    for shape in profile.shapes:
        yield from ("", *_shape(profile, shape))
    if profile.api is not None:
        yield from ("", *_api(profile.api))


def _connection(profile: Profile) -> Iterator[str]:
    rows = [
        ("Who calls", "; ".join(words.TRANSPORTS[one] for one in sorted(profile.transports))),
        ("Bodies", ", ".join(words.DIALECTS[one] for one in sorted(profile.dialects))),
        ("Credentials", ", ".join(words.CREDENTIALS[one] for one in sorted(profile.credentials))),
    ]
    if profile.replies is not None:
        names = [name for name in ("accepted", "unchanged", "refused", "later") if getattr(profile.replies, name)]
        rows.append(("Answers of its own", ", ".join(names)))
    yield from _table(("", ""), rows)


def _limits(profile: Profile) -> Iterator[str]:
    limits = profile.shapes[0].rules.limits
    low, high = limits.reminder_minutes
    rows = [
        ("Subject", f"{limits.subject} characters"),
        ("Agenda", f"{limits.agenda} characters"),
        ("Invitees besides the host", str(limits.invitees)),
        ("Password", f"{limits.password[0]} to {limits.password[1]} digits"),
        ("Reminder", f"{low} to {high} minutes"),
    ]
    yield from _table(("What", "At most"), rows)
    if profile.models:
        yield ""
        header = ("Model (`devices[].model`)", "Rooms", "Invitees")
        yield from _table(header, ((m.model, str(m.rooms or ""), str(m.invitees or "")) for m in profile.models))


def _shape(profile: Profile, shape: Shape) -> Iterator[str]:
    yield from (f"## {shape.title}", "")
    yield f"Shape `{shape.name}`, {words.TRUST[shape.trust]}. Source: {shape.source}."
    recognised = ", ".join(f"`{name}`" for name in sorted(shape.recognise))
    inside = f" It stands in the field `{shape.unwrap}`." if shape.unwrap else ""
    yield f"A call has this shape when it has {recognised}.{inside}"
    yield ""
    yield from _table(("Field", "Meaning", "Written as", "How sure"), _fields(shape.fields, shape.trust))
    if shape.unused:
        yield ""
        yield "Passed over: " + ", ".join(f"`{name}`" for name in sorted(shape.unused)) + "."
    if codings := _zones(shape):
        yield from ("", f"Time zones: {codings}.")
    example = next((one for one in profile.examples if one.shape == shape.name), None)
    if example is not None:
        yield from ("", *_example(example))


def _fields(fields: Iterable[Field], trust: Trust, before: str = "") -> Iterator[tuple[str, ...]]:
    for field in fields:
        written = words.CODINGS[field.coding]
        if field.choices:
            written = ", ".join(f"`{word}`" for word, _ in field.choices)
        if field.part is Part.DURATION:
            written += f" ({field.unit})"
        sure = words.TRUST[field.trust or trust]
        yield f"`{before}{field.name}`", words.PARTS[field.part], written, sure
        yield from _fields(field.each, field.trust or trust, f"{before}{field.name}[]." if field.each else before)


def _zones(shape: Shape) -> str:
    if all(field.part is not Part.ZONE for field in shape.fields):
        return ""
    return "; ".join(words.ZONES.get(coding, f"`{coding}`") for coding in sorted(shape.rules.zones.codings))


def _example(example: Example) -> Iterator[str]:
    yield f"Example: {example.name}. Source: {example.source}."
    yield ""
    if example.body is not None:
        yield from ("```", *example.body.splitlines(), "```")
        return
    yield from ("```json", *json.dumps(dict(example.call), indent=2, ensure_ascii=False).splitlines(), "```")


def _api(api: Api) -> Iterator[str]:
    yield from ("## The device's own API", "")
    yield f"Names of actions and parameters: {words.TRUST[api.trust]}. Source: {api.source}."
    yield ""
    rows = (
        ("Address", f"`https://DEVICE:{api.port}{api.path}`"),
        ("New meeting", ", ".join(f"`{name}`" for name in api.schedule)),
        ("Change", ", ".join(f"`{name}`" for name in api.change)),
        ("Cancel", ", ".join(f"`{name}`" for name in api.cancel)),
        ("One meeting", f"`{api.get}`" if api.get else "none"),
        ("List of meetings", f"`{api.list}`" if api.list else "none"),
        ("Clock", f"`{api.clock}`" if api.clock else "none"),
        ("Asked every", f"{api.every_s} seconds"),
    )
    yield from _table(("What", "How"), rows)


def _product(product: Product) -> str:
    model = product.model
    return model[:1].upper() + model[1:] if product.brand == "any" else f"{product.brand} {model}"


def _transport(transport: Transport) -> str:
    return "asked by the gateway" if transport is Transport.POLL else "pushed"


def _signature(shape: Shape) -> tuple[object, ...]:
    """What makes a form of a meeting differ from another on the wire."""
    return shape.unwrap, frozenset((field.part, field.name, field.coding) for field in shape.fields)


def distinct_shapes(profiles: Iterable[Profile]) -> int:
    """How many forms of a meeting there are; profiles that share one count once."""
    return len({_signature(shape) for profile in profiles for shape in profile.shapes})


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(*header)
    yield "|" + "---|" * len(header)
    for row in rows:
        yield _row(*row)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ")[:_LONGEST_CELL] for cell in cells) + " |"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
