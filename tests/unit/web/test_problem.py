"""Every error of our own tree as an answer: status, code, fields and headers."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from gateway import errors
from gateway.errors import BadPayload, FieldProblem, GatewayError, SignInError, Unreadable
from gateway.web.problem import PROBLEM_TYPE, SERVER, from_error, problem

FIELD = FieldProblem("invitees[3].email", "must be an e-mail address")
CASES: list[tuple[GatewayError, int, str, list[str]]] = [
    (BadPayload([FIELD, FieldProblem("start", "is required")]), 422, "bad-payload", ["invitees[3].email", "start"]),
    (errors.KeyReused("Use a new key."), 422, "idempotency-key-reused", ["Idempotency-Key"]),
    (Unreadable(FIELD), 400, "unreadable", ["invitees[3].email"]),
    (errors.NotAuthorized("Send a key."), 401, "not-authorized", ["Authorization"]),
    (errors.NotFound("Check the id."), 404, "not-found", ["external_id"]),
    (errors.Conflict("Use a new id."), 409, "conflict", ["external_id"]),
    (errors.TimeTaken("Choose another time.", (), 1, "UTC"), 409, "time-taken", ["external_id"]),
    (errors.StoreFull("Free some space."), 507, "store-full", []),
    (errors.StoreUnavailable("Check the disk."), 503, "store-unavailable", []),
    (errors.StoreRefused("Restore a backup."), 503, "store-refused", []),
    (errors.StoreError("The database refused."), 503, "store", []),
    (errors.ConfigError(["a", "b"]), 500, "configuration", []),
    (errors.CannotListen("gateway.listen", "a", 98), 500, "configuration", []),
    (errors.CertificateRefused("ended"), 500, "certificate", []),
    (errors.ProfileError(["a"]), 500, "profile", []),
    (SignInError("G-401", "Get a new code."), 500, "G-401", []),
    (errors.AccessError("A-01", "User name or password is not right."), 500, "A-01", []),
    (errors.CatalogueError("G-515", "Free some space."), 500, "G-515", []),
    (GatewayError("Something."), 500, "error", []),
]


@pytest.mark.parametrize(("error", "status", "code", "fields"), CASES, ids=[type(case[0]).__name__ for case in CASES])
def test_an_error_is_a_problem_document(error: GatewayError, status: int, code: str, fields: list[str]):
    answer = from_error(error)
    assert isinstance(answer.body, bytes)
    document = json.loads(answer.body)
    assert (answer.status, answer.content_type) == (status, PROBLEM_TYPE)
    assert (document["status"], document["code"], document["type"]) == (status, code, f"about:blank#{code}")
    assert (document["detail"], document["title"] != "") == (str(error), True)
    assert [entry["field"] for entry in document["errors"]] == fields
    assert ("Retry-After" in answer.headers) == (status in (503, 507))
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert answer.headers["Server"] == SERVER
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_error_of_the_tree_has_its_case():
    def tree(kind: type[GatewayError]) -> set[str]:
        return {kind.__name__}.union(
            *(tree(each) for each in kind.__subclasses__() if each.__module__ == kind.__module__)
        )

    assert tree(GatewayError) == {type(error).__name__ for error, *_ in CASES}


def test_a_title_is_there_for_codes_nobody_foresaw():
    answer = problem(418, "teapot", "Short and stout.")
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body)["title"] == HTTPStatus.IM_A_TEAPOT.phrase


def test_half_a_surrogate_pair_does_not_stop_an_answer():
    answer = from_error(BadPayload([FieldProblem("subject\ud800", "is not a known field")]))
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body)["errors"][0]["field"] == "subject?"
