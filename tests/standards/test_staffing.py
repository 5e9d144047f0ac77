"""Roles: groups that say which kinds of rows and decisions are somebody's work."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from standards.staffing import ROLES

pytestmark = pytest.mark.django_db


def test_every_role_holds_exactly_its_permissions_however_often_it_is_made(capsys):
    call_command("ensure_roles")
    Group.objects.get(name="clerk").permissions.add(*Permission.objects.all()[:50])
    call_command("ensure_roles")

    for role, names in ROLES.items():
        held = Group.objects.get(name=role).permissions
        found = {f"{one.content_type.app_label}.{one.codename}" for one in held.all()}
        assert found == set(names)
    assert "procurement officer" in capsys.readouterr().out


def test_only_an_officer_decides_about_flags():
    call_command("ensure_roles")

    for codename in ("acknowledge_flag", "resolve_flag"):
        groups = Group.objects.filter(permissions__codename=codename)
        assert [group.name for group in groups] == ["procurement officer"]


def test_no_role_may_add_change_or_delete_anything():
    names = {name for names in ROLES.values() for name in names}

    assert not [name for name in names if name.partition(".")[2].startswith(("add", "ch", "del"))]
