"""What rights cost: a list that reaches own records only, and a person with 50 roles over 20 modules."""

from __future__ import annotations

import time

from sqlalchemy import text

from bench.system import System
from diwan.access import service as access
from diwan.db import unit_of_work
from diwan.db.context import Actor, current
from diwan.db.grants import Grants
from diwan.kernel.lineup import lineup_of
from diwan.testing.world import Person

KEY = "contacts.contact"
SHARE = 20
ROLES, MODULES, RECORDS = 50, 20, 10
ACTIONS = ("read", "create", "update", "delete", "import", "export")

OWN = text("UPDATE contacts.contact SET owner = :person WHERE tenant_id = :tenant AND sort_title ~ :some")
GIVE = text(
    "INSERT INTO core.member_role (tenant_id, membership_id, role_id)"
    " SELECT m.tenant_id, m.id, :role FROM core.membership m WHERE m.tenant_id = :tenant AND m.user_id = :person"
)


def reader(running: System, *grants: str) -> tuple[Person, dict[str, str]]:
    """Return a member with these grants and the headers of a token of theirs."""
    person = running.business.member(*grants)
    return person, {"Authorization": f"Bearer {running.business.token(person)}"}


def own_some(running: System, person: Person) -> None:
    """Let one record in 20 be this person's."""
    with running.business.acting(), unit_of_work() as session:
        values = {"person": person.id, "tenant": running.business.tenant.id, "some": "(07|27|47|67|87)$"}
        session.execute(OWN, values)
    with running.business.acting(), unit_of_work() as session:
        session.execute(text("ANALYZE contacts.contact"))


def give_many_roles(running: System, person: Person) -> None:
    """Give a person 50 roles with 60 grants each, of 20 modules, half of them narrowed."""
    with running.business.acting(), unit_of_work() as session:
        for number in range(ROLES):
            grants = [
                f"m{module}.r{record}.{action}" + (":own" if (module + number) % 2 else "")
                for module in range(MODULES)
                for record in range(RECORDS)
                for action in ACTIONS
                if (module * RECORDS + record) % ROLES // 5 == number % 10
            ]
            role = access.create_role(f"Role {number}", grants)
            session.execute(
                GIVE, {"role": role.id, "tenant": running.business.tenant.id, "person": person.id}
            )  # fmt: skip


def check_in_process(running: System, person: Person, seconds: float) -> tuple[int, float]:
    """Return how many grants the person has, and the milliseconds that a request takes to know what they allow."""
    with running.business.acting(), unit_of_work():
        grants = access.grants_for(
            current.session.execute(
                text("SELECT id FROM core.membership WHERE tenant_id = :tenant AND user_id = :person"),
                {"tenant": running.business.tenant.id, "person": person.id},
            ).scalar_one()
        )
        tenant, times = current.tenant, []
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            texts = [str(grant) for grant in grants]
            before = time.perf_counter()
            actor = Actor(person.id, grants=Grants.of(texts))
            lineup_of(tenant, actor).resources[KEY].may("read")
            times.append(time.perf_counter() - before)
    times.sort()
    return len(grants), times[len(times) // 2] * 1e3
