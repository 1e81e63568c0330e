"""Lines that starting prints as messages of the catalogue: code, sentence and place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.operations.settings.check import message_of, place_of


@pytest.mark.parametrize(
    ("line", "code", "text", "place"),
    [
        (
            "config.yaml:3:5: gateway.x is not a known setting; did you mean 'y'?",
            "C-01",
            "config.yaml line 3: gateway.x is not a known setting (did you mean 'y'?).",
            "config.yaml:3:5",
        ),
        ("/etc/g/.env:2:1: A has no value", "C-01", "/etc/g/.env line 2: A has no value.", "/etc/g/.env:2:1"),
        ("/etc/g/c.yaml: the file cannot be read (x)", "C-01", "/etc/g/c.yaml: the file cannot be read (x).", ""),
        ("environment GATEWAY_X: is not known", "C-01", "environment GATEWAY_X: is not known.", ""),
        (
            "gateway.listen: 0.0.0.0:80 cannot be opened (error: address already in use). Choose another port.",
            "C-02",
            "The gateway cannot listen there.",
            "",
        ),
        (
            "gateway.listen_tls: 192.0.2.1:80 cannot be opened (Cannot assign). Choose another port or address.",
            "C-01",
            "gateway.listen_tls: 192.0.2.1:80 cannot be opened (Cannot assign). Choose another port or address.",
            "",
        ),
    ],
)
def test_a_line_as_a_message(line: str, code: str, text: str, place: str) -> None:
    message = message_of(line)
    assert (message.code, message.text, place_of(line)) == (code, text, place)


@given(st.text(max_size=120))
def test_any_line_is_some_message(line: str) -> None:
    assert message_of(line).code in ("C-01", "C-02", "C-03")
    assert line.startswith(place_of(line))
