"""What a business asks of those who sign in: read from a form, kept, written into the log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from diwan.audit import service as log
from diwan.db import current, unit_of_work
from diwan.db.context import Actor, Grants
from diwan.errors import Denied, Invalid
from diwan.tenants import policy as policies
from diwan.tenants.models import Tenant
from diwan.tenants.policy import Policy
from diwan.testing.world import Business

HERE = "203.0.113.9"


def test_nothing_is_asked_unless_somebody_said_so() -> None:
    policy = Policy.of({})
    assert policy == Policy()
    assert policy.admits("")
    assert not policy.wants_second_factor(Actor(grants=Grants.of(["*"])))
    assert not policy.is_too_old(timedelta(days=89))
    assert not policy.is_too_idle(timedelta(days=13))


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("203.0.113.9", True),
        ("203.0.114.9", False),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("unix", False),
    ],
)
def test_networks(address: str, within: bool) -> None:
    policy = Policy(addresses=("203.0.113.0/24", "2001:db8::/32"))
    assert policy.admits(address) is within
    if not within:
        with pytest.raises(Denied, match="Use the network or the VPN"):
            policy.require_address(address)


@pytest.mark.parametrize(
    ("who", "grants", "wanted"),
    [
        ("nobody", ["*"], False),
        ("administrators", ["*"], True),
        ("administrators", ["core.member.update"], True),
        ("administrators", ["core.member.read", "contacts.*"], False),
        ("everybody", [], True),
    ],
)
def test_of_whom_a_second_factor_is_wanted(who: str, grants: list[str], wanted: bool) -> None:
    assert Policy(second_factor_required=who).wants_second_factor(Actor(grants=Grants.of(grants))) is wanted


def test_a_form_is_read_as_people_type() -> None:
    read = policies.read(
        {"second_factor_required": "everybody", "addresses": "203.0.113.7, ٢٠٣.0.113.128/25\n2001:DB8::1/32",
         "session_hours": "١٢", "idle_minutes": "30"}
    )  # fmt: skip
    assert read == Policy("everybody", ("203.0.113.7/32", "203.0.113.128/25", "2001:db8::/32"), 12, 30)


@pytest.mark.parametrize(
    ("name", "value"),
    [("second_factor_required", "robots"), ("addresses", "our office"), ("addresses", "10.0.0.0/40"),
     ("addresses", " ".join(f"10.0.0.{n}" for n in range(101))), ("session_hours", "-1"), ("session_hours", "9999999"),
     ("idle_minutes", "5"), ("idle_minutes", "a while")],
)  # fmt: skip
def test_what_makes_no_sense_is_said_at_its_field(name: str, value: str) -> None:
    with pytest.raises(Invalid) as found:
        policies.read({name: value})
    assert list(found.value.errors) == [name]


def test_a_change_is_kept_and_written_into_the_log(business: Business) -> None:
    with business.acting():
        with unit_of_work() as session:
            stored = session.get_one(Tenant, business.tenant.id)
            stored.policy = {"of_another_part": 1}
        with unit_of_work():
            policies.save(Policy(session_hours=12, addresses=(HERE,)), address=HERE, proven=False)
            assert current.tenant.policy["session_hours"] == 12
        with unit_of_work() as session:
            assert session.get_one(Tenant, business.tenant.id).policy["of_another_part"] == 1
            entry = log.entries(action="policy_changed")[0]
        assert entry.before == {"session_hours": 0, "addresses": []}
        assert entry.after == {"session_hours": 12, "addresses": [HERE]}
        with unit_of_work():
            policies.save(Policy(session_hours=12, addresses=(HERE,)), address=HERE, proven=False)
            assert len(log.entries(action="policy_changed")) == 1, "nothing changed, nothing to say"


@pytest.mark.parametrize(
    ("policy", "proven", "field"),
    [
        (Policy(addresses=("198.51.100.0/24",)), True, "addresses"),
        (Policy("everybody"), False, "second_factor_required"),
        (Policy("administrators"), False, "second_factor_required"),
        (Policy("everybody", (HERE,)), True, ""),
    ],
)
def test_nobody_shuts_themselves_out(business: Business, policy: Policy, proven: bool, field: str) -> None:
    with business.acting(), unit_of_work():
        if not field:
            policies.save(policy, address=HERE, proven=proven)
            return
        with pytest.raises(Invalid) as found:
            policies.save(policy, address=HERE, proven=proven)
        assert list(found.value.errors) == [field]
