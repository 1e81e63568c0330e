"""An HTTP client that holds every answer of a gateway against openapi.yaml; what the answers mean is for the tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import OperationNotFound, PathNotFound
from openapi_core.testing import MockRequest, MockResponse
from yarl import URL

from gateway.device_api.contract import openapi_json

PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; `document` is its JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    document: Any

    @property
    def fields(self) -> list[str]:
        """The fields that a problem document blames."""
        return [entry["field"] for entry in self.document["errors"]]


@dataclass(slots=True)
class ValidatingClient:
    """Calls a gateway at `base`; an answer that the contract does not allow is an AssertionError."""

    session: aiohttp.ClientSession
    base: str
    seen: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """How often each (method, path of the contract, status) was answered."""

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a call to `path`, which is percent-encoded already, and return its answer."""
        url = URL(self.base + path, encoded=True)
        async with self.session.request(
            method, url, json=json, data=data, headers=headers, allow_redirects=False
        ) as response:
            body = await response.read()
        answer = checked(method, path, response.status, response.headers, body)
        self.seen[(method, pattern_of(path), answer.status)] += 1
        return answer


def checked(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return an answer if it is as the contract says."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip()
    place = f"{method} {path} answered {status} {kind}: {body[:2000]!r}"
    request = MockRequest("http://gateway.example", method, path.partition("?")[0])
    response = MockResponse(body, status_code=status, headers=dict(headers), content_type=kind)
    try:
        contract().validate_response(request, response)
    except PathNotFound:
        assert (status, kind) == (404, PROBLEM), place
    except OperationNotFound:
        assert (status, kind) == (405, PROBLEM), place
        assert headers.get("Allow"), place
    except OpenAPIError as error:
        raise AssertionError(f"{place}\nis not as openapi.yaml says: {_reasons(error)}") from error
    document = json.loads(body) if kind.endswith("json") else None
    if status >= 400 and kind == PROBLEM:
        _check_problem(document, status, headers, place)
    return Answer(status=status, headers=headers, body=body, document=document)


def _check_problem(document: Any, status: int, headers: Mapping[str, str], place: str) -> None:
    """What every problem document has, also where the contract has no operation to hold it against."""
    errors = [f"{error.json_path}: {error.message}" for error in problem_schema().iter_errors(document)]
    assert errors == [], f"{place}\n{errors}"
    assert document["status"] == status, place
    assert ("Retry-After" in headers) == (status in (429, 503, 507)), place
    assert ("WWW-Authenticate" in headers) == (status == 401), place


def _reasons(error: BaseException | None) -> str:
    """Every reason in a chain of openapi-core's errors."""
    reasons = []
    while error is not None:
        reasons.append(f"{type(error).__name__}: {error}")
        reasons += [str(each.message) for each in getattr(error, "schema_errors", ())]
        error = error.__cause__
    return "; ".join(reasons)


@cache
def specification() -> dict[str, Any]:
    """The contract as the gateway serves it."""
    document: dict[str, Any] = json.loads(openapi_json())
    return document


@cache
def contract() -> OpenAPI:
    kinds = {PROBLEM: json.loads, "text/event-stream": bytes.decode}
    return OpenAPI.from_dict(specification(), config=Config(extra_media_type_deserializers=kinds))


@cache
def problem_schema() -> Draft202012Validator:
    return Draft202012Validator(specification()["components"]["schemas"]["Problem"])


def pattern_of(path: str) -> str:
    """The path of the contract that `path` fits, or `path` itself."""
    parts = path.partition("?")[0].split("/")
    for pattern in specification()["paths"]:
        wanted = pattern.split("/")
        if len(wanted) == len(parts) and all(
            want == part or (want.startswith("{") and part) for want, part in zip(wanted, parts, strict=True)
        ):
            return str(pattern)
    return path
