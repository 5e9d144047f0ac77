"""Errors as others read them: HTTP status and problem details (RFC 9457) by error code.

`type` is an address below this site, `title` says what kind of problem it is and never
changes with the case, `detail` tells the case, `hint` what to do; the facts of the error
stand beside them. docs/errors.md lists all codes.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings

from traceability.errors import TraceabilityError
from traceability.ledger.canonical import INTEGER_LIMIT

_DEFAULT = 400
_BY_STATUS = {
    401: "not_authenticated",
    403: (
        "invalid_signature may_not_sign no_organization not_permitted not_submitted_by_author "
        "not_your_account not_your_name_space scope_missing unknown_key wrong_author"
    ),
    404: (
        "invalid_tile_path no_such_address not_published_yet outside_the_tree unknown_facility "
        "unknown_account unknown_certificate unknown_claim unknown_club unknown_credit "
        "unknown_declaration unknown_flag unknown_lot unknown_organization unknown_question "
        "unknown_snapshot unknown_statement unknown_tranche"
    ),
    405: "method_not_allowed",
    409: (
        "account_exists accounts_overlap already_acted_on already_replaced basis_mismatch "
        "batch_not_recorded claim_does_not_fit claim_exists claim_withdrawn consignment_exists "
        "credit_exists credit_not_backed credit_retired flag_not_open question_not_open "
        "genesis_misplaced gross_not_conserved id_reused insufficient_balance insufficient_title "
        "key_exists lot_exists no_service_key not_at_this_facility not_correctable "
        "not_credit_holder not_in_custody not_in_transit not_owner not_the_next_period "
        "not_whole_lot organization_needs_key period_closed period_not_over register_moved "
        "snapshot_outdated stream_out_of_step title_not_backed unit_mismatch wrong_facility "
        "close_moved made_of_itself"
    ),
    413: "batch_too_large document_too_large entry_too_large",
    415: "unsupported_content_type",
    500: "internal_fault lot_made_twice sealed_key_unreadable steps_out_of_order",
    503: (
        "database_not_answering guard_conflict guard_missing ledger_not_begun ledger_rolled_back "
        "log_damaged too_busy"
    ),
}
STATUS: dict[str, int] = {
    code: status for status, codes in _BY_STATUS.items() for code in codes.split()
}
"""HTTP status by error code; 400 for every other one: the request itself is wrong."""


def status_of(error: TraceabilityError) -> int:
    """Return the HTTP status that tells an error."""
    return STATUS.get(error.code, _DEFAULT)


def problem(error: TraceabilityError, **members: Any) -> dict[str, Any]:
    """Return an error as problem details (RFC 9457); `members` are put beside its facts.

    A number that not every reader of JSON keeps is told as text.
    """
    facts = error.as_json()
    return (
        {name: str(fact) if _is_large(fact) else fact for name, fact in facts.items()}
        | members
        | {
            "type": f"{settings.SITE_URL}/errors/{error.code}",
            "title": _title(type(error)),
            "status": status_of(error),
        }
    )


def _is_large(fact: object) -> bool:
    return isinstance(fact, int) and abs(fact) > INTEGER_LIMIT


# ── the table ─────────────────────────────────────────────────────────────────────────────


def every_error() -> list[type[TraceabilityError]]:
    """Return every class of error of the installed apps, by code."""
    for config in apps.get_app_configs():
        for name in (f"{config.name}.errors", f"{config.name}.rulebook.errors"):
            if config.name in ("traceability", "standards") and _exists(name):
                import_module(name)
    return sorted(_below(TraceabilityError), key=lambda error: error.code)


class Explanation(NamedTuple):
    """What a code means: the page that the `type` of a problem leads to."""

    code: str
    status: int
    tells: str
    hint: str


def explanations() -> list[Explanation]:
    """Return what every code means, by code."""
    return [
        Explanation(error.code, STATUS.get(error.code, _DEFAULT), _title(error), _hint(error))
        for error in every_error()
    ]


def errors_page() -> str:
    """Return docs/errors.md."""
    rows = [
        f"| `{one.code}` | {one.status} | {one.tells} | {_in_a_cell(one.hint)} |"
        for one in explanations()
    ]
    return "\n".join([_PAGE_HEAD, *rows, ""])


_PAGE_HEAD = """\
# Errors

Written by `manage.py list_errors`; a test holds it to the classes in `traceability/errors.py`.

Every error is problem details (RFC 9457) with `code`, `hint`, the facts and, where the input has
a place, `at` (a JSON path). `code` is stable; the wording is not. The status is that of the REST
interface; rejections in batches, in the admin and from files carry the same codes.

| code | status | what it tells | what to do |
|---|---|---|---|"""


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _below(error: type[TraceabilityError]) -> Iterator[type[TraceabilityError]]:
    for child in error.__subclasses__():
        if child.code != error.code:
            yield child
        yield from _below(child)


def _title(error: type[TraceabilityError]) -> str:
    return " ".join((error.__doc__ or "").split("\n\n")[0].split())


def _hint(error: type[TraceabilityError]) -> str:
    return error.hint or "The hint names what is possible."


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|")
