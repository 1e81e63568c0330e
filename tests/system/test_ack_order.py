"""The judge of the answers' order, on traces written by hand; it needs no strace."""

from __future__ import annotations

from tests.system import ack_order, syscalls

HEADER = r"\0\0\0\2\0\0\0\7" + r"\1" * 16
INNER = r"\0\0\0\2\0\0\0\0" + r"\1" * 16


def wal(pid: int, text: str) -> str:
    return f'{pid} pwrite64(9</d/gateway.db-wal>, "{text}", {len(text)}, 56) = {len(text)}'


def sync(pid: int) -> str:
    return f"{pid} fdatasync(9</d/gateway.db-wal>) = 0"


def accepted(pid: int, name: str) -> str:
    body = rf"{{\"id\":\"1\",\"external_id\":\"{name}\",\"revision\":1}}"
    return f'{pid} sendto(11<socket:[77]>, "HTTP/1.1 202 Accepted\\r\\n\\r\\n{body}", 99, 0, NULL, 0) = 99'


def judged(*lines: str) -> tuple[list[str], int]:
    calls = syscalls.read(lines)
    return ack_order.too_early(calls), len(ack_order.while_unsynced(calls))


def test_an_answer_after_the_sync_is_right():
    assert judged(wal(2, HEADER), wal(2, "page of one"), sync(2), accepted(1, "one")) == ([], 0)


def test_an_answer_before_or_without_the_sync_is_found():
    assert judged(wal(2, HEADER), wal(2, "page of one"), accepted(1, "one"), sync(2)) == (["one"], 1)
    assert judged(wal(2, HEADER), wal(2, "page of one"), accepted(1, "one")) == (["one"], 1)


def test_an_answer_while_the_sync_is_under_way_is_found():
    begun = "2 fdatasync(9</d/gateway.db-wal> <unfinished ...>"
    over = "2 <... fdatasync resumed>) = 0"
    log = (wal(2, HEADER), wal(2, "page of one"))
    assert judged(*log, begun, accepted(1, "one"), over) == (["one"], 1)
    assert judged(*log, begun, over, accepted(1, "one")) == ([], 0)


def test_a_failed_sync_is_none():
    failed = "2 fdatasync(9</d/gateway.db-wal>) = -1 EIO (Input/output error)"
    assert judged(wal(2, HEADER), wal(2, "page of one"), failed, accepted(1, "one")) == (["one"], 1)


def test_the_next_transaction_does_not_count_against_an_earlier_answer():
    first = (wal(2, HEADER), wal(2, "page of one"), sync(2))
    # The page still shows the first meeting when the second one is put beside it.
    second = (wal(2, INNER), wal(2, "page of one and two"), wal(2, HEADER), wal(2, "index"))
    bad, unsynced = judged(*first, *second, accepted(1, "one"), accepted(1, "two"))
    assert bad == ["two"]
    assert unsynced == 2


def test_an_answer_to_a_meeting_that_was_never_written_is_found():
    assert judged(wal(2, HEADER), wal(2, "page of one"), sync(2), accepted(1, "ghost"))[0] == ["ghost"]


def test_bytes_are_read_back_from_the_escapes():
    (call,) = syscalls.read([r'7 pwrite64(3</d/x-wal>, "\0\12\377\"\\\n\v;9", 9, 0) = 9'])
    assert call.data == b'\x00\n\xff"\\\n\x0b;9'
    assert (call.name, call.target, call.result) == ("pwrite64", "/d/x-wal", 9)
