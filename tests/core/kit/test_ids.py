"""Identifiers: ordered by when they were made, of the right version, never twice."""

from __future__ import annotations

import time

from diwan.kit.ids import uuid7, uuid7s


def test_ids_ascend_in_the_order_in_which_they_are_made() -> None:
    made = [uuid7() for _ in range(5_000)] + uuid7s(1_000) + [uuid7()]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert uuid7s(0) == []


def test_they_are_version_7_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1
