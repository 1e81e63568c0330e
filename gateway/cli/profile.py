"""The commands `profile list`, `show`, `lint`, `test`, `new`, `schema`, `docs`; what they find is found elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.command import CANNOT_CREATE, CONFIGURATION, FAILED, OK, USAGE, complain, load, say
from gateway.errors import ProfileError

if TYPE_CHECKING:
    from gateway.operations.profiles.columns import Call
    from gateway.operations.profiles.files import ProfileFile
    from gateway.profiles.model import Profile

_MAX_CALLS_BYTES = 16 * 1024 * 1024
_DEFAULT_ID = "own/device"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `profile`."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = commands.add_parser("list", help="print every profile: built in and your own")
    listed.add_argument("--json", action="store_true", help="print one JSON object for each")
    listed.set_defaults(run=_list)

    show = commands.add_parser("show", help="print the page of one profile: words, set-up, how sure")
    show.add_argument("id", metavar="ID", help="such as grandstream/ucm6300")
    show.set_defaults(run=_show)

    for name, run, text in (
        ("lint", _lint, "read profiles and print every mistake and breach of style"),
        ("test", _test, "replay every example of profiles and print every difference"),
    ):
        each = commands.add_parser(name, help=text)
        each.add_argument("what", nargs="*", metavar="ID|FILE", help="default: every profile")
        each.set_defaults(run=run)

    new = commands.add_parser("new", help="draft a profile from captured calls")
    new.add_argument(
        "--from", dest="calls", required=True, metavar="FILE", help="one call a line, as JSON; - reads stdin"
    )
    new.add_argument("--id", default=_DEFAULT_ID, metavar="VENDOR/MODEL", help=f"default: {_DEFAULT_ID}")
    new.add_argument("--time-zone", metavar="ZONE", help="the zone of the device, when its calls name none")
    new.add_argument("--out", type=Path, metavar="FOLDER", help="default: gateway.profiles_dir")
    new.add_argument("--force", action="store_true", help="replace a profile that is there")
    new.set_defaults(run=_new)

    schema = commands.add_parser("schema", help="print the JSON Schema of profile files")
    schema.set_defaults(run=_schema)
    docs = commands.add_parser("docs", help="write the pages of the supported devices")
    docs.add_argument("--out", type=Path, default=Path("docs/devices"), metavar="FOLDER", help="default: docs/devices")
    docs.set_defaults(run=_docs)


def _list(args: argparse.Namespace) -> int:
    from gateway.operations.profiles.files import find
    from gateway.operations.profiles.pages import is_confirmed
    from gateway.profiles.catalog import builtin_folder

    problems: list[str] = []
    for file in find((), _folders(args)):
        problems += file.problems
        if file.profile is None:
            continue
        profile, own = file.profile, not file.path.is_relative_to(builtin_folder())
        if args.json:
            print(json.dumps(_listed(profile, own=own), ensure_ascii=False))
            continue
        marks = [
            profile.trust.value,
            *([] if is_confirmed(profile) else ["not on hardware"]),
            *(["own"] if own else []),
        ]
        print(f"{profile.id:28} {profile.title}  ({', '.join(marks)})")
    return complain(problems, CONFIGURATION) if problems else OK


def _listed(profile: Profile, *, own: bool) -> dict[str, object]:
    products = [{"brand": p.brand, "model": p.model, "firmware": p.firmware} for p in profile.products]
    return {
        "id": profile.id,
        "title": profile.title,
        "trust": profile.trust.value,
        "own": own,
        "products": products,
        "transports": sorted(profile.transports),
        "shapes": [shape.name for shape in profile.shapes],
        "examples": len(profile.examples),
    }


def _show(args: argparse.Namespace) -> int:
    from gateway.operations.profiles.pages import for_reading, pages

    files, problems = _read([args.id], _folders(args))
    for page in (f"{file.id}.md" for file in files):
        print(for_reading(pages(_profiles(files))[page]), end="")
    return complain(problems, CONFIGURATION) if problems else OK


def _lint(args: argparse.Namespace) -> int:
    from gateway.operations.profiles.lint import lint

    files, problems = _read(args.what, _folders(args))
    for file in files:
        if file.profile is not None and file.source is not None:
            problems += lint(file.profile, file.source)
    for line in dict.fromkeys(problems):
        print(line)
    say(f"{_count(len(files), 'profile')}: {_count(len(set(problems)), 'problem')}.")
    return FAILED if problems else OK


def _test(args: argparse.Namespace) -> int:
    from gateway.dialects.whole_call import readers
    from gateway.operations.profiles.examples import replay
    from gateway.operations.profiles.pages import distinct_shapes

    files, problems = _read(args.what, _folders(args))
    checked: Counter[str] = Counter()
    failed = 0
    for profile in _profiles(files):
        wrong = 0
        for result in replay(profile, readers(profile)):
            checked.update(result.checked)
            if result.differences:
                wrong += 1
                print(f"{profile.id}: {result.example.name}")
                print("\n".join(line for difference in result.differences for line in difference.lines()))
        failed += wrong
        as_said = "as expected" if not wrong else f"{wrong} NOT as expected"
        print(f"{profile.id}: {_count(len(profile.examples), 'example')}, {as_said}")
    for line in problems:
        print(line)
    shapes = distinct_shapes(_profiles(files))
    print(
        f"{_count(len(files), 'profile')}, {_count(shapes, 'distinct form')} of a meeting: "
        f"{checked['call']} calls read, {checked['payload']} payloads written, {checked['reply']} replies made; "
        + (f"{_count(failed, 'example')} failed." if failed else "all as expected.")
    )
    return FAILED if failed or problems else OK


def _new(args: argparse.Namespace) -> int:
    from gateway.clock import SystemClock
    from gateway.operations.profiles.draft import draft
    from gateway.operations.profiles.files import is_profile_id, put

    if not is_profile_id(args.id):
        return complain([f"--id {args.id}: use VENDOR/MODEL in small letters, digits, '-' and '_'"], USAGE)
    try:
        calls = _captured(args.calls)
    except (OSError, ValueError) as error:
        return complain([f"{args.calls}: {error}"], USAGE)
    drafted = draft(args.id, calls, time_zone=args.time_zone, now_s=SystemClock().now_ms() // 1000)
    folder = args.out or _folders(args)[0]
    try:
        path = put(folder, args.id, drafted.text, replace=args.force)
    except FileExistsError as error:
        there = f"{error.filename} is there already; use --force to replace it, or another --id"
        return complain([there], CANNOT_CREATE)
    except OSError as error:
        return complain([f"{folder / args.id}.yaml: cannot be written: {error.strerror}"], CANNOT_CREATE)
    print(f"wrote {path}")
    for check in (*drafted.checks, *drafted.refused):
        say(f"check: {check}")
    say(f"Next: edit the file, then meeting-gateway profile lint {path} and meeting-gateway profile test {path}")
    return FAILED if drafted.refused else OK


def _schema(_args: argparse.Namespace) -> int:
    from gateway.operations.profiles.schema import text

    print(text(), end="")
    return OK


def _docs(args: argparse.Namespace) -> int:
    from gateway.operations.profiles.pages import pages
    from gateway.profiles.catalog import builtin_folder

    files, problems = _read((), [builtin_folder()])
    if problems:
        return complain(problems, CONFIGURATION)
    made = pages(_profiles(files))
    try:
        for name, text in made.items():
            path = args.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        return complain([f"{error.filename}: cannot be written: {error.strerror}"], CANNOT_CREATE)
    print(f"wrote {_count(len(made), 'page')} into {args.out}")
    return OK


def _folders(args: argparse.Namespace) -> list[Path]:
    """Where profiles are: the admin's own folder, which wins, and the built-in one."""
    from gateway.profiles.catalog import builtin_folder

    own = load(args).gateway.profiles_dir
    return [*([own] if own is not None else []), builtin_folder()]


def _read(what: Sequence[str], folders: Sequence[Path]) -> tuple[list[ProfileFile], list[str]]:
    """The profiles that are meant, and everything that is wrong with their files."""
    from gateway.operations.profiles.files import find

    try:
        files = find(what, folders)
    except ProfileError as error:
        return [], list(error.problems)
    return files, [problem for file in files for problem in file.problems]


def _profiles(files: Iterable[ProfileFile]) -> list[Profile]:
    return [file.profile for file in files if file.profile is not None]


def _captured(name: str) -> list[Call]:
    """The calls of a file. Raises ValueError."""
    from gateway.dialects.whole_call import captured

    with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
        raw = file.read(_MAX_CALLS_BYTES + 1)
    if len(raw) > _MAX_CALLS_BYTES:
        raise ValueError("is larger than 16 MiB; keep some of the calls only")
    return captured(raw.decode("utf-8"))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
