"""Every bound that openapi.yaml names is the bound that the gateway keeps: accepted at it, refused one step beyond."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.profiles.catalog import Catalog, builtin_folder
from tests.contract.running_gateway import BEARER, MEETING, GatewayInTest, running_gateway
from tests.contract.validating_client import specification

ADDRESS = "/api/v1/devices/script/meetings"
PLAIN = {name: MEETING[name] for name in ("external_id", "subject", "start", "end", "time_zone")}
SCHEMAS = specification()["components"]["schemas"]
PLACES: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "Meeting": lambda name, value: {**PLAIN, name: value},
    "Person": lambda name, value: {**PLAIN, "invitees": [{"extension": "1001", name: value}]},
    "Repeat": lambda name, value: {**PLAIN, "repeat": {"frequency": "weekly", name: value}},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayInTest]:
    async with running_gateway(tmp_path_factory.mktemp("bounds")) as serving:
        yield serving


LONG = {
    "email": lambda n: f"a@{'b' * 62}.{'c' * 62}.{'d' * 62}.".ljust(n - 4, "e") + ".com",
    "sip_uri": lambda n: "sip:" + "6" * (n - 20) + "@pbx.example.com",
    "dial_in": lambda n: "+" + "1" * (n - 1),
    "web_link": lambda n: "https://meet.example.com/".ljust(n, "x"),
}
"""How a long text of that name is made; all others may hold anything."""


def values(name: str, schema: dict[str, Any]) -> Iterator[tuple[Any, bool]]:
    """Values of a property with whether they are allowed, from each bound of its schema."""
    if "minimum" in schema:
        yield from ((schema["minimum"], True), (schema["minimum"] - 1, False))
    if "maximum" in schema:
        yield from ((schema["maximum"], True), (schema["maximum"] + 1, False))
    if "maxLength" in schema:
        most = schema["maxLength"]
        make = LONG.get(name, fill)
        if schema.get("pattern", "").startswith("^[0-9]"):
            yield from (("1" * schema["minLength"], True), ("1" * (schema["minLength"] - 1), False))
            yield from (("1" * most, True), ("1" * (most + 1), False), ("1" * (most - 1) + "x", False))
        else:
            yield from ((make(most), True), (make(most + 1), False))
    if "maxItems" in schema and name == "invitees":
        people = [{"extension": str(2000 + number)} for number in range(schema["maxItems"] + 1)]
        yield from ((people[:-1], True), (people, False))
    yield from ((each, True) for each in schema.get("enum", ()))
    if "enum" in schema:
        yield ("something else", False)
    kind = schema.get("type")
    if kind == "boolean":
        yield from ((True, True), (False, True), (1, False), ("true", False))
    elif kind == "integer":
        yield from (("1", False), (1.5, False), (True, False))
    elif kind in ("string", "array"):
        yield from (({}, False), (True, False))


def fill(length: int) -> str:
    return "x" * length


CASES = [
    (place, name, value, allowed)
    for place in PLACES
    for name, schema in SCHEMAS[place]["properties"].items()
    for value, allowed in values(name, schema)
    if (place, name) not in {("Repeat", "weekdays")}
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("place", "name", "value", "allowed"),
    CASES,
    ids=[f"{place}.{name}-{'ok' if allowed else 'no'}-{str(value)[:12]}" for place, name, value, allowed in CASES],
)
async def test_a_bound_is_where_the_contract_says(
    gateway: GatewayInTest, place: str, name: str, value: Any, allowed: bool
):
    body = PLACES[place](name, value)
    if name == "duration_minutes":
        del body["end"]
    if name == "frequency":
        body["repeat"] = {"frequency": value}
    answer = await gateway.client("POST", ADDRESS, json=body, headers=BEARER["script"])
    if allowed:
        assert answer.status in (200, 202), answer.body
    else:
        assert answer.status == 422, answer.body
        assert any(field.split(".")[-1].split("[")[0] == name for field in answer.fields), answer.fields


def test_the_contract_and_the_profile_name_the_same_fields():
    profile = Catalog.load([builtin_folder()]).get("generic/json")
    (shape,) = profile.shapes
    assert {field.name for field in shape.fields} == set(SCHEMAS["Meeting"]["properties"])
    people = {field.name: {each.name for each in field.each} for field in shape.fields if field.each}
    assert people == {name: set(SCHEMAS["Person"]["properties"]) for name in ("host", "invitees")}


def test_every_text_of_the_contract_has_a_bound():
    """A text without one would let a maker believe that anything goes."""
    timed = {"start", "end", "time_zone", "until"}
    for place in PLACES:
        for name, schema in SCHEMAS[place]["properties"].items():
            if schema.get("type") == "string" and name not in timed:
                assert "maxLength" in schema, f"{place}.{name}"
            if schema.get("type") == "integer":
                assert {"minimum", "maximum"} <= set(schema), f"{place}.{name}"
