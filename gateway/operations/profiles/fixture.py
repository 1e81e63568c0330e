"""One call of a device written as an example of its profile, fit to be shared; who may have it is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import BadPayload
from gateway.operations.profiles.captured import Cleaner
from gateway.operations.profiles.columns import Call, Column
from gateway.operations.profiles.draft import example_lines
from gateway.operations.profiles.guess import Guess, Meaning
from gateway.operations.profiles.yaml import block, comment, flow
from gateway.profiles.model import Profile, Shape
from gateway.profiles.translate import Context, head, recognised, to_meeting

_SOURCE = "captured call"


def fixture(profile: Profile, fields: Mapping[str, object], context: Context, *, name: str) -> str:
    """The call as YAML, to be put under `examples:` of the profile; people, PINs and tokens are replaced.

    A call about one occurrence needs its series before it; the text then says so. Raises BadPayload for a call that the
    profile does not understand.
    """
    shape, _ = recognised(profile, fields)
    call = Cleaner(_known(shape)).call(Call(fields, context.text_values))
    context = context._replace(directory=None)
    said_head = head(profile, call.fields, context) if profile.says_more else None
    said = said_head if said_head is not None and said_head.cancels else to_meeting(profile, call.fields, context)
    lines = comment(f"For examples: of profile {profile.id}. Look through it before you share it.", 2)
    if said_head is not None and said_head.original_start is not None:
        lines += comment("This call is about one occurrence: put an example of its series before it.", 2)
    lines += example_lines(name, call, said, context, shape=shape.name, source=_SOURCE)
    return "\n".join(lines) + "\n"


def fixture_or_raw(profile: Profile, fields: Mapping[str, object], context: Context, *, name: str) -> tuple[str, str]:
    """The example, and why it is not one that can be replayed yet (empty when it can)."""
    try:
        return fixture(profile, fields, context, name=name), ""
    except BadPayload as error:
        call = Cleaner(Guess()).call(Call(fields, context.text_values))
        lines = comment(f"Profile {profile.id} does not understand this call yet: {error}", 2)
        return "\n".join([*lines, f"  - name: {flow(name)}", "    call:", *block(call.fields, 6)]) + "\n", str(error)


def _known(shape: Shape) -> Guess:
    """The fields of a shape as if they had been guessed without a doubt."""
    meanings = []
    for field in shape.fields:
        keys = {"each": {each.part.value: {"name": each.name} for each in field.each}} if field.each else {}
        meanings.append(Meaning(part=field.part, column=Column(path=field.name, values=()), keys=keys))
    return Guess(unwrap=shape.unwrap, meanings=meanings)
