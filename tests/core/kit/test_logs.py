"""Lines of the log: the moment in UTC, for which request, and nothing that a stranger typed begins one."""

from __future__ import annotations

import io
import logging
import re

from diwan.kit.logs import Lines

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (WARNING|ERROR) some\.part \[abc acme\] ")


def written(*arguments: object, fails: str = "") -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines(lambda: "abc acme"))
    logger = logging.Logger("some.part")  # noqa: LOG001 - of this call only
    logger.addHandler(handler)
    if not fails:
        logger.warning(*arguments)
        return out.getvalue()
    try:
        raise ValueError(fails)
    except ValueError:
        logger.exception(*arguments)
    return out.getvalue()


def test_a_line_says_when_where_and_for_whom() -> None:
    assert LINE.match(written("refused %s", "GET /x"))


def test_no_text_begins_a_line_of_its_own() -> None:
    forged = "/x\n2026-11-24T00:00:00.000Z ERROR core [-] all is well\r\x1b[2J\u2028"
    text = written("defect in %s", forged)
    assert text.count("\n") == 1
    assert "\\n2026" in text
    assert "\\r\\x1b[2J\\u2028" in text
    whole = written("defect in %s", forged, fails=forged).splitlines()
    assert len(whole) > 3
    assert all(line.startswith("    ") for line in whole[1:] if line)
    assert LINE.match(whole[0])
