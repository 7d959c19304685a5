"""The benchmarks, each a function that prints its lines.

A case must do what a person or a program does, through the same addresses.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import orjson
import psycopg

from bench.load import Connection, Result, http, run
from bench.system import System
from diwan.testing.browsing import signed_in

CONTACTS = "/api/v1/contacts/contact"
PAGE_600 = 600


def show(name: str, clients: int, result: Result | str) -> None:
    print(f"{name:<44} {clients} client{'s' if clients > 1 else ' '} {result}", flush=True)


def loads(name: str, running: System, requests: list[bytes], seconds: float) -> None:
    for clients in (1, 4):
        show(name, clients, run(running.config.port, requests, clients, seconds))


def create(running: System, seconds: float) -> None:
    """Create a contact by REST."""
    bodies = [
        orjson.dumps({"name": f"Bench {n}", "email": f"b{n}@example.com", "roles": ["customer"], "country": "KW",
                      "city": "Kuwait", "phone": "+965 2222 3333"})
        for n in range(50)
    ]  # fmt: skip
    loads("create a contact (REST)", running, [http("POST", CONTACTS, running.headers, b) for b in bodies], seconds)


def lists(running: System, seconds: float) -> None:
    """List page of 80 out of 100,000 contacts: first page and page 600, REST and HTML."""
    connection = Connection(running.config.port)
    cursor = _cursor(connection, running)
    pages = {"first page": "?limit=80", f"page {PAGE_600}": f"?limit=80&cursor={cursor}"}
    for name, query in pages.items():
        loads(
            f"list of 80, {name} (REST, all fields)", running, [http("GET", CONTACTS + query, running.headers)], seconds
        )
    narrow = "?limit=80&fields=name,roles,contact_person,email,phone,city,country"
    loads(
        "list of 80, first page (REST, list's fields)",
        running,
        [http("GET", CONTACTS + narrow, running.headers)],
        seconds,
    )
    browser = _browser(running)
    for name, query in {"first page": "", f"page {PAGE_600}": f"?cursor={cursor}"}.items():
        path = f"{running.business.url}/contacts/contact{query}"
        loads(f"list of 80, {name} (HTML)", running, [http("GET", path, browser)], seconds)


def screens(running: System, seconds: float) -> None:
    """The other screens over the same contacts: a record, orders and filters, board, groups, totals, pivot, palette."""
    browser, list_ = _browser(running), f"{running.business.url}/contacts/contact"
    connection = Connection(running.config.port)
    _status, body = connection.send(http("GET", f"{CONTACTS}?limit=50&fields=name", running.headers))
    ids = [row["id"] for row in orjson.loads(body)["data"]]
    where = quote('[["country","eq","KW"],["city","eq","City 7"]]')
    for name, addresses in {
        "record": [f"{list_}/{id}" for id in ids],
        "what lies around a record": [f"{list_}/{id}/around" for id in ids],
        "list by its newest": [f"{list_}?sort=-created_at"],
        "list by a field without index": [f"{list_}?sort=city"],
        "list with two conditions": [f"{list_}?where={where}"],
        "board": [f"{list_}?as=board"],
        "pivot": [f"{list_}?as=pivot&o.rows=kind"],
    }.items():
        show(name, 1, run(running.config.port, [http("GET", path, browser) for path in addresses], 1, seconds))


def rights(running: System, seconds: float) -> None:
    """A list that reaches own records only beside one that reaches all; a person with 50 roles beside one with one."""
    from bench.rights import check_in_process, give_many_roles, own_some, reader

    query = f"{CONTACTS}?limit=80"
    everybodys, all_ = reader(running, "contacts.contact.read", "core.member.read")
    clerk, own = reader(running, "contacts.contact.read:own", "core.member.read")
    own_some(running, clerk)
    for name, headers in {"all records": all_, "own records, one in 20": own}.items():
        show(f"list of 80, {name}", 1, run(running.config.port, [http("GET", query, headers)], 1, seconds))
    give_many_roles(running, everybodys)
    show("list of 80, with 50 roles", 1, run(running.config.port, [http("GET", query, all_)], 1, seconds))
    number, milliseconds = check_in_process(running, everybodys, min(seconds, 1))
    show("what 50 roles allow, in process", 1, f"{milliseconds:.3f} ms for {number:,} grants")


def search(running: System, seconds: float) -> None:
    """Search 100,000 contacts by a word and by the beginning of one."""
    words = {
        "a rare word": [f"{n}" for n in range(20_000, 20_050)],
        "a beginning": [f"person 20{n}" for n in range(10, 60)],
        "a word of 1 in 70 and a number": [f"falcon 2{n}" for n in range(10, 60)],
        "a frequent word": ["falcon"],
    }
    for name, phrases in words.items():
        requests = [http("GET", f"{CONTACTS}?limit=80&search={quote(p)}", running.headers) for p in phrases]
        loads(f"search: {name}", running, requests, seconds)


def palette(running: System, seconds: float) -> None:
    """What the command palette answers while somebody types, among 1,000,000 records."""
    from bench.palette import fill, paths

    fill(running)
    browser = _browser(running)
    for name, addresses in paths(running):
        requests = [http("GET", address, browser) for address in addresses]
        show(f"palette, 1,000,000 records: {name}", 1, run(running.config.port, requests, 1, seconds))


def floor(running: System, seconds: float) -> None:
    """The same list and the same inserts with psycopg alone, one connection: what the database itself takes."""
    tenant = running.business.tenant.id
    query = ("SELECT id, name, roles, contact_person, email, phone, city, country, sort_title FROM contacts.contact"
             " WHERE tenant_id = %s AND archived_at IS NULL ORDER BY sort_title, id LIMIT 81")  # fmt: skip
    with psycopg.connect(running.config.database_url, autocommit=True) as connection:
        times = []
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            before = time.perf_counter()
            connection.execute(f"BEGIN; SET LOCAL app.tenant_id = '{tenant}'")
            connection.execute(query, (tenant,), binary=True).fetchall()
            connection.execute("COMMIT")
            times.append(time.perf_counter() - before)
    times.sort()
    result = Result(len(times) / seconds, times[len(times) // 2] * 1e3, times[int(len(times) * 0.95)] * 1e3, 0)
    show("floor: list of 80 with psycopg alone", 1, result)


def imports(running: System, seconds: float) -> None:
    """Import a CSV of 10,000 contacts, from the click to the result."""
    from bench.wizard import import_contacts

    for text in import_contacts(running):
        show("import of 10,000 contacts", 1, text)


def sign_up(running: System, seconds: float) -> None:
    """Sign-up to the first screen, and enabling a plugin: server time of the requests a person waits for."""
    from bench.wizard import enable_plugin, sign_up_to_first_screen

    show("sign-up to first screen, server time", 1, sign_up_to_first_screen(running))
    show("enable a plugin", 1, enable_plugin(running))


def _cursor(connection: Connection, running: System) -> str:
    """Walk to page 600 as a person would, and return the cursor that leads there."""
    cursor, path = "", f"{CONTACTS}?limit=80&fields=name"
    for _ in range(PAGE_600 - 1):
        _status, body = connection.send(http("GET", f"{path}&cursor={cursor}" if cursor else path, running.headers))
        cursor = orjson.loads(body)["next"]
    return cursor


def _browser(running: System) -> dict[str, str]:
    """Return the headers of a signed-in browser."""
    client = signed_in(running.app, running.business.owner)
    cookie = client.get_cookie(f"diwan-{running.config.port}")
    assert cookie is not None
    return {"Cookie": f"{cookie.key}={cookie.value}", "Accept-Encoding": "identity"}


ALL: dict[str, Callable[[System, float], None]] = {
    "create": create, "lists": lists, "screens": screens, "search": search, "import": imports, "signup": sign_up,
    "floor": floor, "rights": rights, "palette": palette,
}  # fmt: skip
