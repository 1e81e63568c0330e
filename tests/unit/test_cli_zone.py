"""The command `zone explain`: what it prints, and how it ends when a text means nothing."""

from __future__ import annotations

import argparse
import json

import pytest

from gateway.cli import zone
from gateway.cli.command import FAILED, OK, USAGE


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    zone.add(parser)
    args = parser.parse_args(["explain", *words])
    return args.run(args)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert run(*words, "--json") == OK
    return json.loads(capsys.readouterr().out)


def test_the_guides_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "(UTC+01:00) Etc/GMT-1", "--at", "2024-04-29T10:00") == {
        "text": "(UTC+01:00) Etc/GMT-1",
        "zone": "Etc/GMT-1",
        "coding": "etc_label",
        "offset": "UTC+01:00",
        "local": "2024-04-29T10:00:00",
        "utc": "2024-04-29T09:00:00Z",
        "remark": None,
        "next_change": None,
        "warning": None,
    }


def test_a_region_shows_its_next_change(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "Europe/Paris", "--at", "2024-04-29T10:00")
    assert (found["offset"], found["utc"]) == ("UTC+02:00", "2024-04-29T08:00:00Z")
    assert found["next_change"] == {"utc": "2024-10-27T01:00:00Z", "offset": "UTC+01:00"}


def test_for_people_it_says_the_same_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00", "--at", "2024-03-31T02:30") == OK
    text = capsys.readouterr().out
    for part in ("Europe/Berlin", "grandstream_p64", "UTC+02:00", "2024-03-31T01:30:00Z", "clocks go forward"):
        assert part in text


def test_gap_fold_and_a_label_that_disagrees_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "Europe/Paris", "--at", "2024-10-27T02:30")["remark"] == "fold"
    gap = said(capsys, "Europe/Paris", "--at", "2024-03-31T02:30")
    assert (gap["remark"], gap["local"]) == ("gap", "2024-03-31T03:30:00")
    assert "disagrees" in str(said(capsys, "(UTC-01:00) Etc/GMT-1")["warning"])


def test_a_coding_that_is_named_is_the_only_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "780", "--coding", "p64_minutes_720")["zone"] == "Etc/GMT-1"
    assert said(capsys, "--coding", "offset_minutes_negated", "-60")["zone"] == "Etc/GMT-1"
    assert said(capsys, "UTC+3", "--coding", "posix")["zone"] == "Etc/GMT+3"
    assert said(capsys, "2024-05-01T09:00:00Z", "--at", "2024-05-01T10:00+01:00")["utc"] == "2024-05-01T09:00:00Z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("TZf+4:30", "no zone of today"),
        ("780", "needs --coding, one of"),
        ("Neverland", "send an IANA name"),
        ("GER+1", "it can mean"),
        ("auto", "DHCP option 2"),
    ],
)
def test_what_means_nothing_is_an_error_with_its_reason(
    capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    assert run(text) == FAILED
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err
    assert reason in err


@pytest.mark.parametrize("words", [("UTC", "--at", "noon"), ("UTC", "--at", "0001-01-01"), ("UTC", "--coding", "new")])
def test_wrong_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == USAGE
    assert "usage" in capsys.readouterr().err
