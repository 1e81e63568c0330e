"""A profile's file to a `Profile`, with every mistake at its place; which files there are is `catalog`'s."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from gateway.domain.zones import UnknownZone, ZoneCoding, resolve
from gateway.errors import ProfileError
from gateway.profiles.example_reader import read_example
from gateway.profiles.fields import USUAL_CODINGS, Limits, Part, Rules, Trust, ZoneWords
from gateway.profiles.inheritance import source_of
from gateway.profiles.interfaces import read_api, read_replies
from gateway.profiles.model import Api, Caveat, ModelLimits, Product, Profile, SetupStep, Shape
from gateway.profiles.opening import opening_of
from gateway.profiles.plan import compiled
from gateway.profiles.sections import Problems, Section
from gateway.profiles.shape_fields import read_fields
from gateway.profiles.vocabulary import TRANSLATED, Credential, Dialect, Transport, UnknownFields
from gateway.yaml_source import Document

_Word = TypeVar("_Word", bound=StrEnum)
_SAYS_MORE = frozenset({Part.ORIGINAL_START, Part.CANCELLED})


def read_profile(profile_id: str, document: Document, file: str, base: tuple[Document, str] | None = None) -> Profile:
    """The profile that `document` describes; `file` names it in messages. `ProfileError` with every mistake.

    `base` is the profile it extends and that one's file.
    """
    problems = Problems(source := source_of(document, file, base))
    top = Section(source.data, (), problems)
    closed = top.word("unknown_fields", UnknownFields) is UnknownFields.REFUSE
    limits, models = _profile_limits(top.section("limits"))
    shapes = _shapes(top.section("shapes"), Rules(limits=limits, closed=closed, zones=_zone_words(top.section("zone"))))
    names = [shape.name for shape in shapes]
    transports = _words(top, "transports", Transport, Transport.PUSH)
    profile = Profile(
        id=profile_id,
        title=top.text("title"),
        source=top.text("source"),
        trust=top.word("trust", Trust),
        products=tuple(_product(section) for section in top.sections("products")),
        caveats=tuple(_caveat(section) for section in top.sections("caveats")),
        setup=tuple(_setup_step(section) for section in top.sections("setup")),
        shapes=shapes,
        examples=tuple(read_example(section, names) for section in top.sections("examples")),
        transports=transports,
        dialects=_words(top, "dialects", Dialect, Dialect.JSON, Dialect.FORM),
        credentials=_words(top, "credentials", Credential, Credential.BEARER, Credential.BASIC),
        api=_api(top, names, polled=Transport.POLL in transports),
        replies=read_replies(top.section("replies")) if top.has("replies") else None,
        models=models,
        extends=top.optional_text("extends"),
        says_more=any(field.part in _SAYS_MORE for shape in shapes for field in shape.fields),
    )
    if not profile.products:
        top.problem("must name at least one product", "products")
    top.close()
    if lines := problems.lines():
        raise ProfileError(lines)
    return profile


def _words(top: Section, key: str, words: type[_Word], *default: _Word) -> frozenset[_Word]:
    return top.words(key, words) or frozenset(default)


def _api(top: Section, shape_names: list[str], *, polled: bool) -> Api | None:
    if not top.has("api"):
        if polled:
            top.problem("poll needs an api", "transports")
        return None
    api = read_api(top.section("api"), shape_names)
    if polled and api.list is None:
        top.problem("is required for poll", "api", "list")
    return api


def _profile_limits(section: Section) -> tuple[Limits, tuple[ModelLimits, ...]]:
    models = [_model(one) for one in section.sections("models")]
    seen: set[str] = set()
    for index, name in enumerate(model.model.casefold() for model in models):
        if name in seen:
            section.problem("is there twice", "models", index, "model")
        seen.add(name)
    return _limits(section, Limits()), tuple(models)


def _model(section: Section) -> ModelLimits:
    model = ModelLimits(
        model=section.text("model"),
        rooms=section.optional_count("rooms"),
        invitees=section.optional_count("invitees"),
    )
    section.close()
    return model


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


def _zone_words(section: Section) -> ZoneWords:
    aliases = section.section("aliases")
    names = {}
    for text in aliases.all_keys():
        names[text] = aliases.text(text)
        try:
            resolve(names[text], (ZoneCoding.IANA,))
        except UnknownZone:
            aliases.problem("must be an IANA name such as 'Asia/Shanghai'", text)
    words = ZoneWords(
        codings=section.words("codings", ZoneCoding) or USUAL_CODINGS,
        suspect=frozenset(section.texts("suspect")),
        aliases=names,
    )
    section.close()
    return words


def _shapes(section: Section, rules: Rules) -> tuple[Shape, ...]:
    names = section.all_keys()
    if not names:
        section.problem("must hold at least one shape")
    shapes = [_shape(name, section.section(name), rules) for name in names]
    by_fields: dict[tuple[str | None, frozenset[str]], str] = {}
    for shape in shapes:
        if shape is not None:
            first = by_fields.setdefault((shape.unwrap, shape.recognise), shape.name)
            if first != shape.name:
                section.problem(f"is recognised by the same fields as {first}", shape.name, "recognise")
    return tuple(shape for shape in shapes if shape is not None)


def _shape(name: str, section: Section, of_profile: Rules) -> Shape | None:
    limits = _limits(section.section("limits"), of_profile.limits)
    rules = Rules(limits=limits, closed=of_profile.closed, zones=of_profile.zones)
    unused = frozenset(section.texts("unused"))
    fields = read_fields(section.section("fields"))
    unwrap = section.optional_text("unwrap")
    recognise = _recognise(section, {field.name for field in fields} | unused)
    for field_name in sorted(unused & {field.name for field in fields}):
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
        recognise=recognise,
        fields=fields,
        unused=unused,
        rules=rules,
        unwrap=unwrap,
        opening=opening_of(fields, unwrap),
        typed=compiled(fields, unused, rules, text_values=False),
        texts=compiled(fields, unused, rules, text_values=True),
    )


def _recognise(section: Section, names: set[str]) -> frozenset[str]:
    recognise = section.texts("recognise")
    for index, field_name in enumerate(recognise):
        if field_name not in names:
            section.problem("is not the name of a field of this shape", "recognise", index)
    if not recognise:
        section.problem("must name the fields by which this shape is recognised", "recognise")
    return frozenset(recognise)


def _product(section: Section) -> Product:
    product = Product(
        brand=section.text("brand"), model=section.text("model"), firmware=section.optional_text("firmware")
    )
    section.close()
    return product


def _caveat(section: Section) -> Caveat:
    caveat = Caveat(
        text=section.text("text"),
        link=section.optional_text("link"),
        double_entries=section.flag("double_entries"),
        others={code: section.text(code) for code in TRANSLATED if section.has(code)},
    )
    section.close()
    return caveat


def _setup_step(section: Section) -> SetupStep:
    step = SetupStep(
        where=section.text("where"),
        field=section.text("field"),
        value=section.text("value"),
        transport=section.optional_word("for", Transport),
        others={code: _setup_words(section.section(code)) for code in TRANSLATED if section.has(code)},
    )
    section.close()
    return step


def _setup_words(section: Section) -> dict[str, str]:
    words = {key: section.text(key) for key in ("where", "field", "value") if section.has(key)}
    section.close()
    return words
