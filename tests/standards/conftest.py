"""Every test here begins its own ledger, so it has its own guard; and who sits at the browser."""

import pytest
from django.contrib.auth.models import Group, User

from standards.staffing import ensure_roles
from traceability.models import Membership

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def own_guard(request, tmp_path, settings):
    """Point the guard to a place of this test: the database starts over, so must the guard."""
    if request.node.get_closest_marker("django_db"):
        settings.GUARD_PATH = str(tmp_path / "checkpoint")


@pytest.fixture
def as_person(client):
    """Return what lets somebody known by name sit at the browser."""

    def login(name):
        client.force_login(User.objects.get(username=name), BACKEND)
        return client

    return login


@pytest.fixture
def as_staff_of(client):
    """Return what hires somebody for an organization, and lets them sit at the browser."""

    def login(organization, role="metal accountant"):
        ensure_roles()
        user = User.objects.create_user(f"{organization}-{role}", is_staff=True)
        user.groups.set([Group.objects.get(name=role)])
        Membership.objects.create(
            user=user, organization_id=organization, pseudonym=f"person-{organization}"
        )
        client.force_login(user, BACKEND)
        return client

    return login
