"""Makes the calls of an OpenAPI document into lines for a terminal, from the examples in it; nothing is called here."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from gateway.operations.integrations.api_fields import referred

KEY = "YOUR-KEY"
"""What stands in the lines where the device's key belongs."""
API_KEY = "YOUR-API-KEY"
"""What stands there where an API key belongs."""

Document = Mapping[str, Any]


class PrivateAddress(NamedTuple):
    """Where programs with an API key reach the gateway, without a slash at the end, and whose certificate is there."""

    address: str
    own_certificate: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """Makes lines to try at `address`, which has no slash at its end; those of programs at another."""

    document: Document
    address: str
    programs: PrivateAddress

    def curl(self, operation: Document, method: str, path: str, parameters: Sequence[Document]) -> str:
        """Return a call that can be typed into a terminal as it stands, but for the key."""
        schemes = schemes_of(self.document, operation)
        of_program = "apiKey" in schemes
        query = {each["name"]: each["example"] for each in parameters if each["in"] == "query" and "example" in each}
        if "keyInAddress" in schemes:
            query["key"] = KEY
        url = (self.programs.address if of_program else self.address) + _filled(path, parameters)
        url += f"?{urlencode(query, safe=':', quote_via=quote)}" if query else ""
        words = ["curl"]
        words += ["-X", method.upper()] if method != "get" else []
        words += ["--cacert", "meeting-gateway.crt"] if of_program and self.programs.own_certificate else []
        lines = [" ".join([*words, shlex.quote(url)])]
        if schemes and "keyInAddress" not in schemes:
            lines.append(f'-H "Authorization: Bearer {API_KEY if of_program else KEY}"')
        return " \\\n  ".join([*lines, *self._body(operation)])

    def _body(self, operation: Document) -> list[str]:
        content = referred(self.document, operation.get("requestBody", {})).get("content", {})
        for kind, each in content.items():
            if "example" in each:
                return [f'-H "Content-Type: {kind}"', f"--data-binary {shlex.quote(_text(each['example']))}"]
        return []


def schemes_of(document: Document, operation: Document) -> tuple[str, ...]:
    """Return the names of the ways in which a call may show its key."""
    return tuple(name for each in operation.get("security", document["security"]) for name in each)


def example_of(answers: Mapping[str, Document]) -> str:
    """Return the example of the best answer, as it comes; empty when the contract has none."""
    for status in sorted(answers, key=lambda each: (each != "202", each)):
        for kind in answers[status].get("content", {}).values():
            if "example" in kind:
                return _text(kind["example"])
    return ""


def _text(example: object) -> str:
    return example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)


def _filled(path: str, parameters: Sequence[Document]) -> str:
    for each in parameters:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(each["example"]))
    return path
