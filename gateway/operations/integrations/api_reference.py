"""Makes the contract of the device API (OpenAPI 3.1) into what a page shows; how it looks is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.operations.integrations.api_fields import Field, fields_of, kind_of, model_of, referred
from gateway.operations.integrations.api_lines import Lines, PrivateAddress, example_of, schemes_of

METHODS = ("get", "post", "put", "delete")
_HELP = {
    "400": "D-04", "401": "D-02", "413": "D-15", "415": "D-04", "422": "D-06", "429": "D-14", "503": "D-03",
    "507": "G-515",
}  # fmt: skip
"""Where an answer is explained to the administrator, by its status."""

PROGRAMS = "programs"
"""The tag of calls that no device makes: the codes about devices do not explain their answers."""

_WAYS = {"bearer": "Authorization: Bearer", "basic": "Authorization: Basic", "key": "In the address"}
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to a call. `help` is the code that explains it to an administrator, empty where there is none."""

    status: str
    words: str
    model: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `keys` are the ways in which the device's key is shown; `curl` is the call to try, `said` its answer.

    `body` names the model of what is sent, `kinds` are its media types.
    """

    id: str
    method: str
    path: str
    title: str
    keys: tuple[str, ...]
    parameters: tuple[Field, ...]
    kinds: tuple[str, ...]
    body: str
    curl: str
    said: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Calls that belong together."""

    name: str
    title: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a body or a part of one consists of."""

    name: str
    words: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The whole contract."""

    title: str
    words: str
    groups: tuple[Group, ...]
    models: tuple[Model, ...]


def reference(document: Document, address: str, programs: PrivateAddress) -> Reference:
    """Return the contract with lines to try at `address`, which has no slash at its end, and those of programs."""
    lines = Lines(document, address, programs)
    groups = [
        Group(
            name=tag["name"],
            title=tag["description"],
            calls=tuple(_calls(document, lines, tag["name"])),
        )
        for tag in document["tags"]
    ]
    models = (
        Model(name=name, words=schema.get("description", ""), fields=fields_of(document, schema))
        for name, schema in document["components"]["schemas"].items()
    )
    return Reference(
        title=document["info"]["title"],
        words=document["info"]["description"],
        groups=tuple(each for each in groups if each.calls),
        models=tuple(models),
    )


def _calls(document: Document, lines: Lines, tag: str) -> Iterator[Call]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and tag in item[method]["tags"]:
                yield _call(document, lines, path, method, item)


def _call(document: Document, lines: Lines, path: str, method: str, item: Document) -> Call:
    operation = item[method]
    every = [referred(document, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    content = referred(document, operation.get("requestBody", {})).get("content", {})
    answers = {status: referred(document, each) for status, each in operation["responses"].items()}
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation["summary"],
        keys=_keys(document, operation),
        parameters=tuple(_parameter(document, each) for each in every),
        kinds=tuple(content),
        body=next((name for each in content.values() if (name := model_of(each["schema"]))), ""),
        curl=lines.curl(operation, method, path, every),
        said=example_of(answers),
        answers=tuple(_answer(status, each, operation) for status, each in sorted(answers.items())),
    )


def _keys(document: Document, operation: Document) -> tuple[str, ...]:
    every = document["components"]["securitySchemes"]
    schemes = (every[name] for name in schemes_of(document, operation))
    return tuple(f"{_WAYS[each.get('scheme', 'key')]}: {each['description']}" for each in schemes)


def _parameter(document: Document, each: Document) -> Field:
    kind, rules, model = kind_of(document, each["schema"])
    return Field(
        name=each["name"],
        place=each["in"],
        kind=kind,
        model=model,
        required=bool(each.get("required")),
        words=each.get("description", ""),
        rules=rules,
    )


def _answer(status: str, each: Document, operation: Document) -> Answer:
    model = next((name for kind in each.get("content", {}).values() if (name := model_of(kind["schema"]))), "")
    help_ = "" if PROGRAMS in operation["tags"] else _HELP.get(status, "")
    return Answer(status=status, words=each["description"], model=model, help=help_)
