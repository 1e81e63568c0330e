"""Log lines: one line each in both forms whatever is in them, and none of our secrets in any part of them."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.log import JsonLines, RaisedLevel, Ring, TextLines, redact

CANARIES = {
    "access token": "ya29.a0AfB_canary-access.token",
    "refresh token": "1//0gCanaryRefresh-token_value",
    "code": "4/0AX4CanaryCode-value_here",
    "code in an address": "4%2F0AX4CanaryCode-value",
    "client secret": "GOCSPX-canary-secret_value",
    "API key": "mgk_canary-key_canary-key_canary-key_canary-key",
    "identity token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ",
}
IN_CONTEXT = {
    "bearer": ("Authorization: Bearer {}", "canary-device-key-0123456789"),
    "bearer in small letters": ("authorization: bearer {}", "canary-device-key-0123456789"),
    "basic": ("Basic {}", "dWNtLTE6Y2FuYXJ5LWtleQ=="),
    "code of an address": ("http://127.0.0.1:8765/oauth/google/callback?state=s&code={}&scope=x", "canarycode"),
    "state of an address": ("http://127.0.0.1:8765/oauth/google/callback?state={}&code=c", "canarystate"),
    "verifier in a form": ("grant_type=authorization_code&code_verifier={}&x=1", "canary-verifier_0123456789"),
    "refresh token in a form": ("refresh_token={}&grant_type=refresh_token", "canary-refresh"),
    "client secret in JSON": ('{{"client_secret": "{}", "x": 1}}', "canary-client-secret"),
    "access token in JSON": ('{{"access_token":"{}","expires_in":3599}}', "canary-access"),
    "address of a feed": ("GET https://gateway.example.com/feeds/{}.ics", "canary_feed-token_canary_feed-to"),
    "access token in a dict": ("{{'access_token': '{}'}}", "canary-access"),
}
FORMS = [TextLines(), JsonLines()]
form_names = ["text", "json"]


def record(message: str, *args: object, error: BaseException | None = None, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("gateway.mirror.outbound", logging.INFO, __file__, 1, message, args, None)
    vars(made).update(extra)
    if error is not None:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def raised(text: str) -> BaseException:
    """An exception with a traceback and a cause, both of which say `text`."""

    def refuse() -> None:
        raise ValueError(text)

    try:
        try:
            refuse()
        except ValueError as cause:
            raise RuntimeError(f"again: {text}") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("form", FORMS, ids=form_names)
@pytest.mark.parametrize("canary", CANARIES.values(), ids=list(CANARIES))
def test_a_secret_is_known_by_its_shape_wherever_it_stands(form: logging.Formatter, canary: str):
    places = [
        record(f"before {canary} after"),
        record("before %s after", canary),
        record("before %r after", {"token": canary}),
        record("x", address=f"http://127.0.0.1/?x={canary}"),
        record("x", fields=[canary]),
        record("x", error=raised(f"refused {canary}.")),
    ]
    for place in places:
        line = form.format(place)
        assert canary not in line
        assert "***" in line


@pytest.mark.parametrize("form", FORMS, ids=form_names)
@pytest.mark.parametrize(("text", "canary"), IN_CONTEXT.values(), ids=list(IN_CONTEXT))
def test_a_secret_is_known_by_its_name(form: logging.Formatter, text: str, canary: str):
    said = text.format(canary)
    for place in (record(said), record("x", said=said), record("x", error=raised(said))):
        assert canary not in form.format(place)


def test_what_is_no_secret_stays():
    said = "meeting 17 to GET /calendar/v3/calendars/primary/events: code G-506, state held, 1/2 done"
    assert redact(said) == said


BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2J", "\x9b2J", "\x00", "\x7f"]


@pytest.mark.parametrize("form", FORMS, ids=form_names)
@pytest.mark.parametrize("separator", BREAKS, ids=[ascii(text) for text in BREAKS])
def test_nothing_a_caller_says_makes_a_second_line_or_steers_a_terminal(form: logging.Formatter, separator: str):
    forged = f"subject{separator}2026-11-21T09:00:00.000Z INFO    web: forged"
    for place in (record(forged), record("%s", forged), record("x", path=forged), record("x", names=[forged])):
        line = form.format(place)
        assert len(line.splitlines()) == 1
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)


@pytest.mark.parametrize("form", FORMS, ids=form_names)
@pytest.mark.parametrize("separator", BREAKS, ids=[ascii(text) for text in BREAKS])
def test_nothing_in_an_exception_looks_like_a_line_of_its_own(form: logging.Formatter, separator: str):
    text = form.format(record("failed", error=raised(f"a{separator}2026-11-21T09:00:00.000Z INFO    web: forged")))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", text)
    first, *others = text.split("\n")
    assert "failed" in first
    assert all(line.startswith("  ") for line in others)


@given(text=st.text(), value=st.text())
def test_a_json_line_is_one_object_that_gives_the_text_back(text: str, value: str):
    line = JsonLines().format(record("%s", text, subject=value))
    read = json.loads(line)
    assert len(line.splitlines()) == 1
    assert (read["message"], read["subject"]) == (redact(text), redact(value))
    assert (read["level"], read["area"]) == ("info", "mirror.outbound")


def test_a_text_line_names_time_level_area_and_fields():
    line = TextLines().format(record("mirrored", meeting=17, hold=None))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO    mirror\.outbound: mirrored meeting=17", line)


def test_lone_surrogates_do_not_stop_the_log():
    script = (
        "import logging; from gateway import log; log.set_up('info', {form!r})\n"
        "logging.getLogger('gateway.x').info('half a pair: %s', chr(0xd800))\n"
        "logging.getLogger('gateway.x').info('next')\n"
    )
    for form in form_names:
        done = subprocess.run(
            [sys.executable, "-c", script.format(form=form)], capture_output=True, text=True, check=True
        )
        lines = done.stderr.splitlines()
        assert len(lines) == 2, done.stderr
        assert "half a pair" in lines[0]
        assert "next" in lines[1]


def test_the_level_decides_and_libraries_are_quiet():
    script = (
        "import logging; from gateway import log; log.set_up('warning', 'text')\n"
        "logging.getLogger('gateway.x').info('hidden')\n"
        "logging.getLogger('gateway.web.http').error('malformed')\n"
        "logging.getLogger('gateway.x').warning('shown')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.endswith("WARNING x: shown")


def logger_of(ring: Ring, name: str = "gateway.mirror.outbound") -> logging.Logger:
    made = logging.getLogger(f"{name}.{id(ring)}")
    made.propagate = False
    made.setLevel(logging.DEBUG)
    made.handlers[:] = [ring]
    return made


def test_the_ring_keeps_the_last_lines_and_no_more():
    ring = Ring(most_lines=5, most_bytes=10_000)
    logger = logger_of(ring)
    for number in range(12):
        logger.info("line %d", number, extra={"device": "ucm-1"})
    assert [(line.number, line.text) for line in ring.lines()] == [
        (number + 1, f"line {number} device=ucm-1") for number in range(7, 12)
    ]
    line = ring.lines()[-1]
    assert line.area == "mirror.outbound"
    assert (line.device, line.meeting, line.level) == ("ucm-1", "", logging.INFO)


@given(sizes=st.lists(st.integers(0, 3_000), max_size=60))
def test_the_ring_never_takes_more_than_its_bytes(sizes: list[int]):
    ring = Ring(most_lines=20, most_bytes=4_000)
    logger = logger_of(ring)
    for size in sizes:
        logger.info("x" * size)
    kept = ring.lines()
    assert sum(len(line.text) for line in kept) <= 4_000
    assert len(kept) <= 20
    assert [len(line.text) for line in kept] == [min(size, 4_000) for size in sizes][len(sizes) - len(kept) :]


@pytest.mark.parametrize("canary", CANARIES.values(), ids=list(CANARIES))
def test_the_ring_holds_no_secret(canary: str):
    ring = Ring()
    logger = logger_of(ring)
    logger.info("before %s after", canary, extra={"device": canary, "said": [canary]})
    logger.error("failed", exc_info=raised(f"refused {canary}."))
    assert canary not in repr(ring.lines())
    assert len(ring.lines()[0].text.splitlines()) == 1


def test_a_line_that_cannot_be_made_stops_nobody(capsys: pytest.CaptureFixture[str]):
    ring = Ring()
    logger_of(ring).info("%d", "no number")
    assert ring.lines() == []
    capsys.readouterr()


def test_a_raised_level_falls_back_with_the_first_line_after_its_time():
    root, now = logging.getLogger(), [100.0]
    before, handlers = root.level, list(root.handlers)
    ring, raised_level = Ring(), RaisedLevel(lambda: now[0])
    root.handlers[:] = [ring]
    root.setLevel(logging.WARNING)
    try:
        raised_level.raise_to(logging.DEBUG, 900)
        logging.getLogger("gateway.x").debug("seen")
        raised_level.raise_to(logging.DEBUG, 900)
        now[0] += 899
        assert raised_level.left_s() == 1
        now[0] += 2
        logging.getLogger("gateway.x").debug("too late")
        assert (root.level, raised_level.left_s()) == (logging.WARNING, 0.0)
        assert [line.text for line in ring.lines()] == ["seen"]
        assert ring.filters == []
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)
