"""The benchmarks that go through pages: importing a file, signing up, switching a module on.

It must click what a person clicks; only the waiting is the program's.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from bench.system import System
from diwan.db import current, unit_of_work
from diwan.imports.models import ImportRun
from diwan.testing.visitor import Visitor

ROWS = 10_000
CHOSEN = re.compile(r'name="(column-\d+)".*?value="([a-z_]+)" selected', re.DOTALL)


def import_contacts(running: System) -> Iterator[str]:
    """Yield one line for the dry run and one for the import itself."""
    client = running.business.client()
    base = f"{running.business.url}/contacts/contact/import"
    file = (io.BytesIO(_table()), "customers.csv")
    run = client.post(base, data={"file": file}, content_type="multipart/form-data").location
    choices = dict(CHOSEN.findall(client.get(run).text))
    client.post(run, data={**choices, "match": "code:update", "all-roles": ["customer"]})
    started = time.perf_counter()
    _wait(running, run, "checked")
    yield _line("dry run", time.perf_counter() - started)
    client.post(f"{run}/check")
    started = time.perf_counter()
    _wait(running, run, "done")
    yield _line("import", time.perf_counter() - started)


def sign_up_to_first_screen(running: System) -> str:
    """Return the server time of all requests from the first page to the first screen, without reading and typing."""
    times = []
    for _ in range(3):
        visitor = Visitor(running.app)
        times.append(_timed(lambda visitor=visitor: visitor.get(visitor.sign_up())))
    return f"best of 3: {min(times):.0f} ms, worst {max(times):.0f} ms"


def enable_plugin(running: System) -> str:
    """Return the server time of switching `contacts` on."""
    times = []
    for _ in range(5):
        business = running.business.world.business("hello")
        client = business.client()
        times.append(_timed(lambda client=client, url=business.url: client.post(f"{url}/modules/contacts/enable")))
    return f"median of 5: {sorted(times)[2]:.0f} ms"


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    answer = call()
    if answer.status_code >= 400:
        raise SystemExit(f"a page of the benchmark failed: {answer.status_code}")
    return (time.perf_counter() - started) * 1e3


def _table() -> bytes:
    lines = ["customer_id,company_name,contact_name,contact_title,address,city,region,postal_code,country,phone,fax"]
    lines += [
        f"B{n:05},Bench Trading {n},Person {n},Owner,{n} Street,Kuwait,,{n:05},Kuwait,+965 2{n:07},+965 3{n:07}"
        for n in range(ROWS)
    ]
    return "\n".join(lines).encode()


def _wait(running: System, run: str, state: str) -> None:
    """Wait until the worker has brought the run to a state."""
    wanted = select(ImportRun.state).where(ImportRun.id == run.rsplit("/", 1)[1])
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with running.business.acting(), unit_of_work():
            found = current.session.scalar(wanted)
        if found == state:
            return
        if found == "failed":
            raise SystemExit("the import failed")
        time.sleep(0.02)
    raise SystemExit(f"the import did not become {state}")


def _line(name: str, seconds: float) -> str:
    return f"{name}: {ROWS / seconds:,.0f} rows/s ({seconds:.2f} s from click to result)"
