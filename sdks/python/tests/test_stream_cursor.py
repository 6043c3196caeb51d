"""A cursor follows the fields that its operation declares."""

from __future__ import annotations

from parley._runtime.operation import StreamFields
from parley._runtime.stream_cursor import StreamCursor


def test_a_watch_without_scope_cursor_and_resume_begins_anew() -> None:
    """[house.stream-facts]"""
    cursor = StreamCursor({"prefix": "a"}, StreamFields(None, None, None, None))
    cursor.opened({"stream_id": "s1"})
    assert cursor.accept({"changed": 3})
    assert cursor.accept({"changed": 3})
    assert cursor.request() == {"prefix": "a"}
    assert cursor.closed({"reason": "shutdown"})


def test_a_tail_goes_on_by_a_cursor_of_another_name() -> None:
    """[house.stream-facts]"""
    cursor = StreamCursor({"from_line": 3}, StreamFields("from_line", "line", None, None))
    cursor.opened({"stream_id": "s1"})
    assert [cursor.accept({"line": line}) for line in (3, 4, 5, 5)] == [False, True, True, False]
    assert cursor.request() == {"from_line": 5}


def test_the_declared_last_event_ends_the_stream() -> None:
    """[house.stream-facts]"""
    cursor = StreamCursor({}, StreamFields(None, None, None, None, ("done",)))
    cursor.opened({"stream_id": "s1"})
    assert cursor.accept({"event": {"kind": "done"}})
    assert cursor.finished
    assert not cursor.closed({"reason": "shutdown"})
