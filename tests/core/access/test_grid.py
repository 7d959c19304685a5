"""The grid of a role: opening and saving it loses nothing and widens nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from diwan.access.grid import (
    HIDE,
    READ,
    STATES,
    WRITE,
    Grid,
    Row,
    Sheet,
    differences,
    may_give,
    may_state,
    read_grants,
    write_grants,
)
from diwan.access.permissions import covers, covers_all
from diwan.db.grants import GRANT, Grant, Grants

ACTIONS = ("read", "create", "update", "delete", "import", "export")
LEAD = Row("shop.lead", (*(f"shop.lead.{a}" for a in ACTIONS), "shop.lead.win"), {"budget": False, "note": False})
STAFF = Row("shop.staff", tuple(f"shop.staff.{a}" for a in ACTIONS), {"city": False, "salary": True, "iban": True})
SHEET = Sheet((LEAD, STAFF), ("core.member.read", "shop.settings.manage"), ("*", "shop.*"))

PERMISSIONS = [*LEAD.permissions, *STAFF.permissions, *SHEET.switches, "gone.thing.read"]
FIELDS = ["budget", "note", "city", "salary", "iban", "gone"]
narrowed = st.builds(
    lambda p, scope, without, with_: str(Grant(p, scope, frozenset(without), frozenset(with_) - frozenset(without))),
    st.sampled_from(PERMISSIONS),
    st.sampled_from(["all", "all", "team", "own", "shop.mine"]),
    st.lists(st.sampled_from(FIELDS), max_size=2),
    st.lists(st.sampled_from(FIELDS), max_size=2),
)
texts = st.lists(st.one_of(narrowed, st.sampled_from([*PERMISSIONS, "*", "shop.*", "gone.*", "shop.lead.*"])))
grids = st.builds(
    Grid,
    st.frozensets(st.sampled_from(SHEET.wildcards)),
    st.frozensets(st.sampled_from(SHEET.switches)),
    st.dictionaries(
        st.sampled_from([*LEAD.permissions, *STAFF.permissions]), st.sampled_from(["own", "team", "all", "shop.mine"])
    ),
    st.fixed_dictionaries(
        {
            row.key: st.fixed_dictionaries({}, optional={n: st.sampled_from(STATES) for n in row.fields})
            for row in SHEET.rows
        }
    ),
)


@settings(deadline=None)
@given(texts)
def test_opening_and_saving_changes_nothing(grants: list[str]) -> None:
    assert set(write_grants(SHEET, read_grants(SHEET, grants))) == set(grants)


@settings(deadline=None)
@given(grids)
def test_what_is_chosen_is_what_is_given(grid: Grid) -> None:
    grants = write_grants(SHEET, grid)
    assert all(GRANT.fullmatch(grant) for grant in grants)
    again = read_grants(SHEET, grants)
    assert (again.cells, again.wildcards, again.switches, again.rest) == (
        grid.cells, grid.wildcards, grid.switches, (),
    )  # fmt: skip
    for row in SHEET.rows:
        for name in row.fields:
            shown, chosen = again.state(row, name), grid.state(row, name)
            if all(grid.scope(f"{row.key}.{action}") for action in ("read", "update")):
                assert shown == chosen
            elif grid.scope(f"{row.key}.read"):
                assert (shown == HIDE) == (chosen == HIDE)


@settings(deadline=None)
@given(texts)
def test_cells_give_no_more_than_the_grants(grants: list[str]) -> None:
    grid = read_grants(SHEET, grants)
    for permission, scope in grid.cells.items():
        assert any(Grant.parse(text).permission == permission and Grant.parse(text).scope == scope for text in grants)


@settings(deadline=None)
@given(texts, st.sampled_from([*LEAD.permissions, *STAFF.permissions]), st.sampled_from(["own", "team", "all"]))
def test_whoever_covers_a_grant_may_choose_its_cell(held: list[str], permission: str, scope: str) -> None:
    if covers(held, str(Grant(permission, scope))):
        assert may_give(Grants.of(held), permission, scope)


@settings(deadline=None)
@given(grids, grids)
def test_what_can_be_chosen_is_not_refused(held: Grid, grid: Grid) -> None:
    """With the rights of one role, as the grid makes them: what is offered is accepted."""
    mine = Grants.of(write_grants(SHEET, held))
    wanted = Grid(
        cells={p: s for p, s in grid.cells.items() if may_give(mine, p, s)},
        fields={
            row.key: {n: max((s for s in STATES if may_state(mine, row, n, s)), key=STATES.index) for n in row.fields}
            for row in SHEET.rows
        },
    )
    assert covers_all(mine, write_grants(SHEET, wanted))


def test_fields_as_grants() -> None:
    cells = {"shop.staff.read": "own", "shop.staff.update": "all", "shop.staff.export": "own"}
    made = write_grants(SHEET, Grid(cells=cells, fields={"shop.staff": {"city": READ, "salary": READ, "iban": WRITE}}))
    assert made == ["shop.staff.export:own", "shop.staff.read:own+iban+salary", "shop.staff.update-city+iban"]


def test_two_grants_of_one_permission_are_kept() -> None:
    grid = read_grants(SHEET, ["shop.staff.read", "shop.staff.read:own+salary"])
    assert grid.cells == {"shop.staff.read": "all"}
    assert grid.state(STAFF, "salary") == HIDE
    assert grid.rest == ("shop.staff.read:own+salary",)


def test_differences() -> None:
    one = read_grants(SHEET, ["shop.lead.read:own", "shop.lead.update:own", "core.member.read"])
    other = read_grants(SHEET, ["shop.lead.read-budget", "shop.lead.update:own-budget", "gone.*"])
    found = [(d.kind, d.key, d.field, d.one, d.other) for d in differences(SHEET, one, other)]
    assert found[:2] == [
        ("cell", "shop.lead.read", "", "own", "all"),
        ("field", "shop.lead", "budget", "write", "hide"),
    ]
    assert ("switch", "core.member.read", "", "all", "") in found
    assert ("rest", "gone.*", "", "", "all") in found
    whole = read_grants(SHEET, ["shop.*"])
    assert {d.key for d in differences(SHEET, one, whole)} >= {"shop.lead.read", "shop.lead.delete", "shop.*"}
    assert not list(differences(SHEET, whole, whole))
