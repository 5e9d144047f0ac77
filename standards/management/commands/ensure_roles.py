"""`manage.py ensure_roles`: the groups of the admin, one per kind of person."""

from typing import Any

from django.core.management.base import BaseCommand

from standards.staffing import ROLES, ensure_roles


class Command(BaseCommand):
    help = "Make the admin's groups, one per role, hold exactly their permissions. After migrate."

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_roles()
        self.stdout.write(", ".join(ROLES))
