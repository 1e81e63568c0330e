"""A profile's file to a `Profile`, with every mistake at its place; which files there are is `catalog`'s."""

from __future__ import annotations

from enum import StrEnum

from gateway.domain.zones import ZoneCoding
from gateway.errors import ProfileError
from gateway.profiles.codings import Refused, date_time
from gateway.profiles.fields import Limits, Rules, Trust
from gateway.profiles.model import Caveat, Example, Product, Profile, SetupStep, Shape
from gateway.profiles.plan import compiled
from gateway.profiles.sections import Problems, Section
from gateway.profiles.shape_fields import read_fields
from gateway.yaml_source import Document


class UnknownFields(StrEnum):
    """What becomes of fields nobody knows."""

    REFUSE = "refuse"
    IGNORE = "ignore"


def read_profile(profile_id: str, document: Document, file: str) -> Profile:
    """The profile that `document` describes; `file` names it in messages. `ProfileError` with every mistake."""
    problems = Problems(document, file)
    top = Section(document.data, (), problems)
    closed = top.word("unknown_fields", UnknownFields) is UnknownFields.REFUSE
    limits = _limits(top.section("limits"), Limits())
    codings = _zone_codings(top.section("zone"))
    shapes = _shapes(top.section("shapes"), limits, closed, codings)
    title, source, trust = top.text("title"), top.text("source"), top.word("trust", Trust)
    products = tuple(_product(section) for section in top.sections("products"))
    caveats = tuple(_caveat(section) for section in top.sections("caveats"))
    setup = tuple(_setup_step(section) for section in top.sections("setup"))
    examples = tuple(_example(section, [shape.name for shape in shapes]) for section in top.sections("examples"))
    if not products:
        top.problem("must name at least one product", "products")
    top.close()
    if lines := problems.lines():
        raise ProfileError(lines)
    return Profile(
        id=profile_id,
        title=title,
        source=source,
        trust=trust,
        products=products,
        caveats=caveats,
        setup=setup,
        shapes=shapes,
        examples=examples,
    )


def _limits(section: Section, default: Limits) -> Limits:
    limits = Limits(
        external_id=section.number("external_id", default.external_id),
        subject=section.number("subject", default.subject),
        agenda=section.number("agenda", default.agenda),
        invitees=section.number("invitees", default.invitees),
        password=section.span("password", default.password),
        reminder_minutes=section.span("reminder_minutes", default.reminder_minutes),
        room=section.number("room", default.room),
        extension=section.number("extension", default.extension),
        name=section.number("name", default.name),
    )
    section.close()
    return limits


def _zone_codings(section: Section) -> frozenset[ZoneCoding]:
    codings = set()
    for index, word in enumerate(section.texts("codings")):
        if word in list(ZoneCoding):
            codings.add(ZoneCoding(word))
        else:
            section.problem(f"must be one of {', '.join(ZoneCoding)}", "codings", index)
    section.close()
    return frozenset(codings)


def _shapes(section: Section, limits: Limits, closed: bool, codings: frozenset[ZoneCoding]) -> tuple[Shape, ...]:
    names = section.all_keys()
    if not names:
        section.problem("must hold at least one shape")
    shapes = [_shape(name, section.section(name), limits, closed, codings) for name in names]
    by_fields: dict[frozenset[str], str] = {}
    for shape in shapes:
        if shape is not None:
            first = by_fields.setdefault(shape.recognise, shape.name)
            if first != shape.name:
                section.problem(f"is recognised by the same fields as {first}", shape.name, "recognise")
    return tuple(shape for shape in shapes if shape is not None)


def _shape(name: str, section: Section, limits: Limits, closed: bool, codings: frozenset[ZoneCoding]) -> Shape | None:
    rules = Rules(limits=_limits(section.section("limits"), limits), closed=closed, zone_codings=codings)
    unused = frozenset(section.texts("unused"))
    fields = read_fields(section.section("fields"))
    recognise = section.texts("recognise")
    names = [field.name for field in fields]
    for index, field_name in enumerate(recognise):
        if field_name not in names:
            section.problem("is not the name of a field of this shape", "recognise", index)
    if not recognise:
        section.problem("must name the fields by which this shape is recognised", "recognise")
    for field_name in sorted(unused & set(names)):
        section.problem(f"names {field_name}, which has a meaning under fields", "unused")
    title, source, trust = section.text("title"), section.text("source"), section.word("trust", Trust)
    section.close()
    if not fields:
        return None
    return Shape(
        name=name,
        title=title,
        source=source,
        trust=trust,
        recognise=frozenset(recognise),
        fields=fields,
        unused=unused,
        rules=rules,
        typed=compiled(fields, unused, rules, text_values=False),
        texts=compiled(fields, unused, rules, text_values=True),
    )


def _product(section: Section) -> Product:
    product = Product(
        brand=section.text("brand"), model=section.text("model"), firmware=section.optional_text("firmware")
    )
    section.close()
    return product


def _caveat(section: Section) -> Caveat:
    caveat = Caveat(text=section.text("text"), link=section.optional_text("link"))
    section.close()
    return caveat


def _setup_step(section: Section) -> SetupStep:
    step = SetupStep(where=section.text("where"), field=section.text("field"), value=section.text("value"))
    section.close()
    return step


def _example(section: Section, shape_names: list[str]) -> Example:
    shape = section.text("shape")
    if shape and shape not in shape_names:
        section.problem(f"must be one of {', '.join(shape_names)}", "shape")
    example = Example(
        name=section.text("name"),
        source=section.text("source"),
        shape=shape,
        at_utc_s=_at(section),
        call=section.mapping("call"),
        meeting=section.mapping("meeting"),
        payload=section.mapping("payload") if section.has("payload") else None,
        external_id=section.optional_text("external_id"),
        device_zone=section.optional_text("device_zone"),
        text_values=section.flag("text_values"),
        warnings=section.texts("warnings"),
        ignored=section.texts("ignored"),
    )
    section.close()
    return example


def _at(section: Section) -> int:
    text = section.text("at")
    if not text:
        return 0
    try:
        moment = date_time(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp())
    except (Refused, OverflowError):
        pass
    section.problem("must be a time with Z, such as '2024-04-22T08:00:00Z'", "at")
    return 0
