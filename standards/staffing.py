"""What each kind of person may see and do in the admin: one group per role.

Groups only say which *kinds* of rows and decisions are somebody's work; which rows is said
by the organization the person acts for (`traceability.seeing`).
"""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

_RECORD = (
    "traceability.view_lot",
    "traceability.view_entry",
    "traceability.view_organization",
    "traceability.view_facility",
    "traceability.view_logstate",
)
_OWN = (
    "traceability.view_rejection",
    "traceability.view_reading",
    "traceability.view_key",
    "traceability.view_membership",
)
_RULES = (
    "standards.view_certificate",
    "standards.view_clubpolicy",
    "standards.view_packactivation",
    "standards.view_registrysnapshot",
    "standards.view_registryrow",
)
_WAIVERS = ("standards.view_waiver",)
_GRANTS = ("standards.grant_waiver",)
_IMPORTS = ("standards.import_registrysnapshot",)
_DECLARED = ("standards.view_declaration",)
_REMINDED = ("standards.view_reminder",)
_VERDICTS = ("standards.view_assessment",)
_FLAGS = ("standards.view_flag",)
_QUESTIONS = ("standards.view_question",)
_ACCOUNTS = ("standards.view_account",)
_SETBACKS = ("standards.view_setback",)

ROLES: dict[str, tuple[str, ...]] = {
    "clerk": (*_RECORD, "traceability.view_rejection", *_QUESTIONS, *_WAIVERS),
    "metal accountant": (
        *_RECORD,
        *_OWN,
        *_ACCOUNTS,
        *_QUESTIONS,
        *_DECLARED,
        *_REMINDED,
        *_WAIVERS,
        "standards.reply_question",
        "standards.close_account",
    ),
    "procurement officer": (
        *_RECORD,
        *_OWN,
        *_RULES,
        *_VERDICTS,
        *_FLAGS,
        *_DECLARED,
        *_REMINDED,
        *_WAIVERS,
        *_GRANTS,
        "standards.acknowledge_flag",
        "standards.resolve_flag",
    ),
    "secretary": (
        *_RECORD,
        *_OWN,
        *_RULES,
        *_VERDICTS,
        *_FLAGS,
        *_DECLARED,
        *_REMINDED,
        *_WAIVERS,
        *_GRANTS,
    ),
    "auditor": (*_RECORD, *_RULES, *_VERDICTS, *_ACCOUNTS, *_DECLARED, *_WAIVERS),
    "registrar": (
        *_RECORD,
        "traceability.view_rejection",
        *_RULES,
        *_IMPORTS,
        *_REMINDED,
    ),
    "community": ("traceability.view_facility", "traceability.view_logstate", *_RULES),
    "operator": (
        *_RECORD,
        *_OWN,
        *_RULES,
        *_VERDICTS,
        *_FLAGS,
        *_QUESTIONS,
        *_ACCOUNTS,
        *_IMPORTS,
        *_DECLARED,
        *_REMINDED,
        *_WAIVERS,
        *_SETBACKS,
    ),
}


@transaction.atomic
def ensure_roles() -> None:
    """Make the group of every role hold exactly the permissions listed; run after `migrate`."""
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(_permissions(names))


def _permissions(names: tuple[str, ...]) -> list[Permission]:
    wanted = Q()
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))
