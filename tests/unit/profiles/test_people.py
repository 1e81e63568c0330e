"""Who is the host, who is invited, who came twice, and which addresses may be invited."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.domain.meeting import Invitee
from gateway.profiles.codings import Refused
from gateway.profiles.email import email
from tests.unit.profiles.calls import NATIVE, UCM, form, member, native, problems, read, wave

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_host_of_the_form_is_con_admin_with_the_details_of_the_member() -> None:
    members = [member("1001"), member("1000", email="ann@example.com", member_name="Ann", is_admin="yes")]
    meeting = read(UCM, form(members=members)).meeting
    assert meeting.host == Invitee(extension="1000", email="ann@example.com", name="Ann")
    assert meeting.invitees == (Invitee(extension="1001"),)
    said = read(UCM, form(members=[member("1000", email="ann@example.com"), member("1001", email="b@example.com")]))
    assert said.meeting.host == Invitee(extension="1000", email="ann@example.com")
    assert said.warnings == ()


def test_without_con_admin_the_marked_member_is_the_host() -> None:
    members = [member("1001"), member("1000", is_admin="yes"), member("1002", is_admin="yes")]
    meeting = read(UCM, form(con_admin="", members=members)).meeting
    assert meeting.host == Invitee(extension="1000")
    assert meeting.invitees == (Invitee(extension="1001"), Invitee(extension="1002"))


def test_a_host_who_is_not_among_the_members_is_kept() -> None:
    meeting = read(UCM, form(con_admin=1009, members="")).meeting
    assert (meeting.host, meeting.invitees) == (Invitee(extension="1009"), ())


def test_members_may_be_a_list_or_its_json_text() -> None:
    members = [member("1000", is_admin="yes"), member("1001", email="bob@example.com")]
    assert read(UCM, form(members=members)) == read(UCM, form(members=json.dumps(members)))


@pytest.mark.parametrize("later", [True, 1.0, ["1"], {"1": 1}])
def test_a_person_is_not_taken_for_one_that_came_before(later: object) -> None:
    """People are remembered; to Python 1, 1.0 and true are equal."""
    assert read(NATIVE, native(invitees=[{"extension": 1}])).meeting.invitees == (Invitee(extension="1"),)
    assert problems(NATIVE, native(invitees=[{"extension": later}])) == {
        "invitees[0].extension": "must be text or a whole number"
    }
    assert read(NATIVE, native(invitees=[{"extension": 1}])).meeting.invitees == (Invitee(extension="1"),)


def test_a_name_that_only_repeats_the_extension_is_no_name() -> None:
    assert read(NATIVE, native(invitees=[{"extension": "1001", "name": "1001"}])).meeting.invitees[0].name is None


@pytest.mark.parametrize(
    ("invitees", "kept", "repeated"),
    [
        ([{"extension": "1"}, {"extension": "1"}], [("1", None)], "invitees[1]"),
        ([{"extension": "1"}, {"extension": "1", "email": "a@x.org"}], [("1", "a@x.org")], "invitees[0]"),
        ([{"email": "a@x.org"}, {"email": "A@X.org", "extension": "1"}], [("1", "a@x.org")], "invitees[1]"),
        (
            [{"extension": "1"}, {"email": "a@x.org"}, {"extension": "1", "email": "a@x.org"}],
            [("1", "a@x.org")],
            "invitees[2]",
        ),
        (
            [{"extension": "1", "email": "a@x.org"}, {"extension": "1", "email": "b@x.org"}],
            [("1", "a@x.org"), ("1", "b@x.org")],
            None,
        ),
    ],
)
def test_everybody_is_invited_once(
    invitees: list[dict[str, str]], kept: list[tuple[str | None, str | None]], repeated: str | None
) -> None:
    said = read(NATIVE, native(host=None, invitees=invitees))
    assert [(invitee.extension, invitee.email) for invitee in said.meeting.invitees] == kept
    told = [warning for warning in said.warnings if "twice" in warning]
    assert (repeated in told[0]) if repeated else not told


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {}, optional={"extension": st.sampled_from("1234"), "email": st.sampled_from(["a@x.org", "b@x.org", "C@x.org"])}
    ).filter(bool),
    max_size=8,
)


@patient
@example(
    [{"extension": "2", "email": e} for e in ("b@x.org", "a@x.org")]
    + [{"extension": "1", "email": "b@x.org"}, {"extension": "2"}],
    {"extension": "1"},
)
@given(PEOPLE, st.none() | st.fixed_dictionaries({"extension": st.sampled_from("1234")}))
def test_no_address_is_invited_twice_and_nobody_is_lost(
    invitees: list[dict[str, str]], host: dict[str, str] | None
) -> None:
    meeting = read(NATIVE, native(host=host, invitees=invitees)).meeting
    everybody = [*([meeting.host] if meeting.host else []), *meeting.invitees]
    emails = [person.email.casefold() for person in everybody if person.email]
    assert len(emails) == len(set(emails))
    assert set(emails) == {one["email"].casefold() for one in invitees if "email" in one}
    again = [{key: value for key in ("extension", "email") if (value := getattr(p, key))} for p in meeting.invitees]
    kept_host = {key: value for key in ("extension", "email") if meeting.host and (value := getattr(meeting.host, key))}
    assert read(NATIVE, native(host=kept_host or None, invitees=again)).meeting == meeting


def test_who_has_no_address_is_told_in_one_sentence() -> None:
    one = read(NATIVE, native(invitees=[{"extension": "1001"}, {"email": "b@example.com"}]))
    assert one.warnings == ("1001 has no e-mail address and was not invited.",)
    two = read(NATIVE, native(host={"extension": "1000"}, invitees=[{"extension": "1001"}, {"extension": "1002"}]))
    assert two.warnings == ("1001, 1002 have no e-mail address and were not invited.",)
    many = read(NATIVE, native(invitees=[{"extension": str(1001 + n)} for n in range(25)]))
    assert many.warnings[0].endswith("1020 and 5 others have no e-mail address and were not invited.")


def test_the_limit_counts_invitees_beside_the_host() -> None:
    members = [member(str(1000 + n), is_admin="yes" if n == 0 else "no") for n in range(121)]
    assert len(read(UCM, form(members=members[:120])).meeting.invitees) == 119
    assert problems(UCM, form(members=members)) == {"members": "must be at most 119 invitees"}
    assert list(problems(UCM, form(members=[member("1001")] * 121))) == ["members"]
    assert list(problems(UCM, form(con_admin="", members=[member(str(1000 + n)) for n in range(120)]))) == ["members"]


def test_a_wave_host_is_marked_by_a_number() -> None:
    people = [{"memberExtension": "1"}, {"email": "h@example.com", "isHost": 1}, {"memberExtension": "2", "isHost": 0}]
    meeting = read(UCM, wave(invitees=people)).meeting
    assert meeting.host == Invitee(email="h@example.com")
    assert [invitee.extension for invitee in meeting.invitees] == ["1", "2"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ann@example.com", "ann@example.com"),
        (" ann@example.com ", "ann@example.com"),
        ("Ann.Lee+x@sub.example.com", "Ann.Lee+x@sub.example.com"),
        ("o'neil@example.ie", "o'neil@example.ie"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_addresses_that_may_be_invited(sent: str, kept: str) -> None:
    assert email(sent) == kept


@pytest.mark.parametrize(
    "sent",
    [
        5,
        "ann",
        "ann@",
        "@example.com",
        "ann@localhost",
        "ann@example..com",
        "ann@-example.com",
        "ann lee@example.com",
        '"ann lee"@example.com',
        "ann@[127.0.0.1]",
        "ann@example.com\nbcc: eve@example.com",
        "ann@example.com\r\n",
        "a\rnn@example.com",
        "ann@example.com, eve@example.com",
        "<ann@example.com>",
        "änn@example.com",
        "ann@straße.example",
        "ann@exam\u200cple.com",
        "ann@\ud800.com",
        ".ann@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["b" * 60] * 5),
    ],
)
def test_addresses_that_may_not(sent: object) -> None:
    if isinstance(sent, str) and sent.strip() == "ann@example.com":
        assert "\n" not in email(sent)
        return
    with pytest.raises(Refused):
        email(sent)


@patient
@given(st.text())
def test_any_text_is_an_ascii_address_or_refused(text: str) -> None:
    try:
        kept = email(text)
    except Refused:
        return
    assert kept.isascii()
    assert kept.isprintable()
    assert 3 < len(kept) <= 254
