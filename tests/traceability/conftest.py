"""A ledger that has begun and companies with keys of their own."""

import pytest

from tests.builders import Company, facility, organization
from traceability.registering import begin_ledger, record_as_service, statement_document


@pytest.fixture(autouse=True)
def own_guard(request, tmp_path, settings):
    """Point the guard to a place of this test: the database starts over, so must the guard."""
    if request.node.get_closest_marker("django_db"):
        settings.GUARD_PATH = str(tmp_path / "guard" / "checkpoint")


@pytest.fixture
def ledger(transactional_db):
    """Begin the ledger; return what registers a company with a mine and a smelter."""
    begin_ledger(operator="operator", name="Operator", country="CA", effective="2026-01-01")
    return register


def register(name, *roles):
    """Register an organization with the key of its own name; companies get two places."""
    kind, body = organization(name, *roles)
    as_operator(kind, body)
    company = Company(name)
    if not roles or "company" in roles:
        company.records(
            facility(f"{name}:mine", "mine", "recycler"),
            facility(f"{name}:smelter", "smelter", "cell"),
        )
    return company


def as_operator(kind, body, **members):
    """Record a statement of the operator, whose key the service holds; return the entry hash."""
    document = statement_document(
        kind=kind, author="operator", effective="2026-01-02", body=body, **members
    )
    return record_as_service([document])[0].entry


@pytest.fixture
def operator(ledger):
    return as_operator


@pytest.fixture
def alice(ledger):
    return ledger("alice")


@pytest.fixture
def bob(ledger):
    return ledger("bob")


@pytest.fixture
def mallory(ledger):
    return ledger("mallory")
