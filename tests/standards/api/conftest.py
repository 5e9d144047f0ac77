"""People of every organization, logged in, over one story."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from tests.standards.world import World
from traceability.models import Membership


@pytest.fixture
def world() -> World:
    made = World()
    made.packs()
    made.policy()
    made.audited()
    made.copper_chain()
    made.catch_up()
    return made


@pytest.fixture
def client_of(world):
    """Return a function that logs somebody of an organization in."""

    def log_in(organization: str, *permissions: str) -> Client:
        name = f"{organization}-{len(permissions)}"
        user = get_user_model().objects.create_user(name)
        Membership.objects.create(
            user=user, organization_id=organization, pseudonym=f"person-{name}"
        )
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in
