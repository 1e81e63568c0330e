"""A list that goes into a report keeps its form and loses its secrets."""

from __future__ import annotations

import json

import pytest

from gateway.mirror.poll.report import covered, kept_list
from gateway.profiles.catalog import Catalog, builtin_folder
from tests.unit.pbx.polled_ucm import form, polled_ucm

UCM = Catalog.load([builtin_folder()]).get("grandstream/ucm6300")
ITEM = {
    "bookid": "1714377600000",
    "confname": "Weekly",
    "pincode": "778899",
    "admin_pincode": 778899,
    "hostCode": "778899",
    "some_password": 'a"778899',
    "members": json.dumps([{"member_extension": "1000", "private_pin": "778899"}]),
}


@pytest.mark.parametrize("text", [json.dumps(ITEM), json.dumps(ITEM, indent=2), "garbage" + json.dumps([[ITEM]])[:-3]])
def test_secrets_are_covered_wherever_they_stand(text: str):
    shown = covered(text, UCM)
    assert "778899" not in shown
    for kept in ("1714377600000", "Weekly", "1000"):
        assert kept in shown


@pytest.mark.parametrize("cut", range(5, len(json.dumps(ITEM)), 7))
def test_so_they_are_in_what_was_cut_off(cut: int):
    assert "77889" not in covered(json.dumps(ITEM)[:cut], UCM)


async def test_the_kept_list_of_a_device():
    async with polled_ucm() as office:
        assert await kept_list(office.database, 1, office.profile, lambda sealed: sealed.decode()[::-1]) is None
        office.ucm.do.schedule(form("One"))
        body = '{"response": {"rows": "?", "pincode": "778899"}, "status": 0}'
        office.ucm.state.faults.add([{"action": "list*", "do": {"body": body}}])
        await office.look()
        found = await kept_list(office.database, 1, office.profile, lambda sealed: sealed.decode()[::-1])
        assert found is not None
        assert found[0] == body.replace("778899", "****")
        assert found[1] == office.clock.ms
