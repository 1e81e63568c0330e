"""What was sent and what was answered, for people and as JSON, with every PIN hidden; nothing is sent from here."""

from __future__ import annotations

import http
import json
from collections.abc import Mapping

from simulator.pbx.push import Answer
from simulator.pbx.wire import PIN_FIELDS

HIDDEN = "****"


def without_pins(said: Mapping[str, object]) -> dict[str, object]:
    """The fields, PINs replaced by asterisks at every depth."""
    return {
        key: HIDDEN if key in PIN_FIELDS and value not in ("", None) else _deeper(value) for key, value in said.items()
    }


def sent_lines(method: str, url: str, said: Mapping[str, object] | None) -> list[str]:
    """The call, one field a line."""
    lines = [f"-> {method} {url}"]
    if said is not None:
        lines.extend(f"   {key:<24}{_short(value)}" for key, value in without_pins(said).items())
    return lines


def answer_lines(answer: Answer) -> list[str]:
    """The answer, one field a line; a refusal names the fields that are wrong."""
    again = f" (try {answer.tries})" if answer.tries > 1 else ""
    lines = [f"<- {answer.status} {_phrase(answer.status)}{again}: {_meaning(answer)}"]
    if answer.ok:
        return lines + [f"   {key:<24}{_short(value)}" for key, value in without_pins(answer.body).items()]
    return lines + [f"   {field:<24}{reason}" for field, reason in answer.problems]


def as_json(method: str, url: str, said: Mapping[str, object] | None, answer: Answer, seed: int) -> str:
    """One JSON object on one line: what was sent, what was answered, and how to repeat it."""
    return json.dumps(
        {
            "event": "answered",
            "ok": answer.ok,
            "seed": seed,
            "external_id": answer.external_id,
            "sent": {"method": method, "url": url, "body": None if said is None else without_pins(said)},
            "answer": {"status": answer.status, "tries": answer.tries, "body": without_pins(answer.body)},
        },
        ensure_ascii=False,
    )


def _deeper(value: object) -> object:
    if isinstance(value, dict):
        return without_pins(value)
    return [_deeper(one) for one in value] if isinstance(value, list) else value


def _meaning(answer: Answer) -> str:
    if not answer.ok:
        return answer.reason
    if answer.status == http.HTTPStatus.ACCEPTED:
        kept = "kept by the gateway"
        return f"{kept}, not for Google Calendar" if answer.body.get("state") == "stored" else f"{kept}, Google follows"
    return "the gateway knows it, nothing changed"


def _phrase(status: int) -> str:
    return http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else ""


def _short(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)
