"""Every code that recording answers with: one bad statement each, walked from the table.

What `traceability` refuses is walked by tests/traceability/test_recording.py; here are the kinds
of `standards`, and the account of all codes of docs/errors.md. A new class of error fails the
last test until somebody gives an example of it, or says why recording never answers with it.
"""

import pytest

from tests.faults import test_database_dies
from tests.standards.world import World, claim
from tests.traceability import test_erasure, test_guarding, test_recording
from tests.traceability.logbook import rows
from traceability.models import Rejection
from traceability.problems import every_error
from traceability.recording import record_statements
from traceability.registering import sign_as_service, statement_document

pytestmark = pytest.mark.django_db(transaction=True)

ISSUED = {
    "registry": "A registry",
    "holder": "smelter",
    "element": "Cu",
    "scheme": "irma",
    "tier": "IRMA 75",
    "quantity": {"value": "1", "unit": "kg"},
    "vintage": "2026",
}
ACCOUNT = {
    "account": "smelter:other",
    "facilities": ["smelter:works"],
    "element": "Cu",
    "scheme": "irma",
    "tier": "IRMA 75",
    "method": "credit",
    "begins": "2026-01-01",
    "months": 3,
}
POLICY = {
    "club": "club",
    "version": "1",
    "title": "A policy",
    "effective_from": "2026-01-01",
    "parameters": [],
    "requirements": [{"rule_id": "IRMA-02", "severity": "major", "flag_due_days": 1}] * 2,
}
REWRITING = POLICY | {
    "parameters": [
        {
            "key": "irma.levels",
            "title": "Levels",
            "unit": "list",
            "versions": [
                {"in_force_from": "2026-01-01", "value": ["IRMA 50"], "source": "Clause 1"}
            ],
        }
    ],
    "requirements": POLICY["requirements"][:1],
}
ORPHAN = {
    "certificate": "scheme:never-stated",
    "status": "suspended",
    "effective_from": "2026-03-01",
    "because": "A clause.",
    "retroactive": False,
}
RETIRED = {"because": "For our report."}


def withdrawal(name):
    return {"claim": name, "account": "smelter:cu", "withdrawn": {"because": "An error."}}


def closing(account, until):
    return {"account": account, "until": until}


REFUSED = {
    "unknown_certificate": ("certificate_status", "scheme", ORPHAN, "$.body.certificate"),
    "bad_policy": ("policy", "club", POLICY, "$.body.requirements[1]"),
    "not_a_clubs_to_set": ("policy", "club", REWRITING, "$.body.parameters[0].key"),
    # accounts
    "not_your_account": (
        "account",
        "smelter",
        ACCOUNT | {"account": "mine:other"},
        "$.body.account",
    ),
    "account_exists": ("account", "smelter", ACCOUNT | {"account": "smelter:cu"}, "$.body.account"),
    "accounts_overlap": ("account", "smelter", ACCOUNT, "$.body.facilities[0]"),
    "unknown_account": (
        "close",
        "smelter",
        closing("smelter:none", "2026-03-31"),
        "$.body.account",
    ),
    "not_the_next_period": (
        "close",
        "smelter",
        closing("smelter:cu", "2026-09-30"),
        "$.body.until",
    ),
    "period_closed": ("close", "smelter", closing("smelter:cu", "2026-03-31"), "$.body.until"),
    "period_not_over": ("close", "smelter", closing("smelter:cu", "2026-12-31"), "$.body.until"),
    # claims
    "claim_exists": ("claim", "smelter", claim("C0", "1"), "$.body.claim"),
    "claim_does_not_fit": (
        "claim",
        "smelter",
        claim("C9", "1", element="Co"),
        "$.body.made.element",
    ),
    "equivalent_of_another_element": (
        "claim",
        "smelter",
        claim("C9", "1", quantity={"value": "1", "unit": "t LCE"}),
        "$.body.made.quantity",
    ),
    "unknown_claim": ("claim", "smelter", withdrawal("smelter:none"), "$.body.claim"),
    "claim_withdrawn": ("claim", "smelter", withdrawal("smelter:C1"), "$.body.claim"),
    "unknown_tranche": (
        "claim",
        "smelter",
        claim("C9", "1", tranches=["stranger:lot"]),
        "$.body.made.tranches[0]",
    ),
    # credits
    "credit_exists": (
        "credit",
        "smelter",
        {"serial": "smelter:S0", "issued": ISSUED | {"account": "smelter:cu"}},
        "$.body.serial",
    ),
    "credit_not_backed": (
        "credit",
        "smelter",
        {"serial": "smelter:S9", "issued": ISSUED},
        "$.body.issued.account",
    ),
    "credit_retired": (
        "credit",
        "smelter",
        {"serial": "smelter:S1", "retired": RETIRED},
        "$.body.serial",
    ),
    "not_credit_holder": (
        "credit",
        "smelter",
        {"serial": "smelter:S2", "retired": RETIRED},
        "$.body.serial",
    ),
    "unknown_credit": (
        "credit",
        "stranger",
        {"serial": "smelter:S0", "retired": RETIRED},
        "$.body.serial",
    ),
}


def said(kind, author, body):
    has_clock = kind in ("claim", "credit")
    document = statement_document(
        kind=f"standards.{kind}",
        author=author,
        effective="2026-10-15T10:00:00-05:00" if has_clock else "2026-10-15",
        body=body,
    )
    return sign_as_service(document)


@pytest.fixture
def world():
    """An account with a closed period, claims and credits, one each of every state."""
    made = World()
    made.packs()
    made.accounted()
    made.claimed("C0", "1")
    made.claimed("C1", "1")
    made.withdrew("C1", on="2026-03-26")
    for serial in ("S0", "S1", "S2"):
        issue = {"serial": f"smelter:{serial}", "issued": ISSUED | {"account": "smelter:cu"}}
        made.say("standards.credit", "smelter", issue, on="2026-03-26")
    made.say("standards.credit", "smelter", {"serial": "smelter:S1", "retired": RETIRED})
    passed_on = {"serial": "smelter:S2", "transferred": {"to": "buyer"}}
    made.say("standards.credit", "smelter", passed_on, on="2026-03-27")
    made.closed("2026-03-31", on="2026-04-02")
    return made


def test_every_refusal_of_these_kinds_has_code_sentence_hint_and_place_and_changes_nothing(world):
    before, wrong = rows(), {}
    for code, (kind, author, body, at) in REFUSED.items():
        [outcome] = record_statements([said(kind, author, body)], submitted_by=author)
        told = outcome.error
        if told is None:
            wrong[code] = "recorded"
            continue
        if (told.code, told.at) != (code, at):
            wrong[code] = (told.code, told.at)
            continue
        assert told.message.endswith(".")
        assert told.hint, code
        kept = Rejection.objects.order_by("-id").first()
        assert (kept.author, kept.code, kept.problem) == (author, code, told.as_json())
    assert wrong == {}
    assert rows() == before


# ── the account of all codes ──────────────────────────────────────────────────────────────

BY_A_TEST_OF_ITS_OWN = {
    "batch_not_recorded": test_recording.test_an_atomic_batch_is_recorded_as_a_whole_or_not_at_all,
    "database_not_answering": (
        test_database_dies.test_the_database_dies_while_a_statement_is_recorded
    ),
    "disclosure_unused": test_recording.test_a_disclosure_too_many_is_refused,
    "guard_missing": test_guarding.test_a_guard_that_is_gone_stops_everything,
    "id_reused": test_recording.test_another_statement_of_the_same_id_is_refused,
    "invalid_signature": test_recording.test_a_signature_over_other_bytes_is_refused,
    "ledger_rolled_back": test_guarding.test_a_database_that_was_rolled_back_is_refused,
    "log_damaged": test_guarding.test_a_missing_tile_is_told_as_damage,
    "not_erasable": test_erasure.test_what_a_ledger_is_verified_with_is_not_erased,
    "not_submitted_by_author": test_recording.test_statements_come_with_their_authors_credentials,
    "not_yours_to_assay": (
        test_recording.test_whoever_only_knew_a_lot_once_does_not_say_what_it_contains
    ),
    "organization_needs_key": test_recording.test_an_organization_without_a_first_key_is_refused,
    "too_busy": test_recording.test_a_collision_is_retried_and_in_the_end_told_as_busy,
}
"""What one bad statement alone does not bring about."""

NEVER = {
    "what verifies notes, tiles and proofs; recording meets it in a forged guard only": """
        ambiguous_verifier_key broken_frontier consistency_not_proven inclusion_not_proven
        invalid_entry_bundle invalid_note_signature invalid_tile invalid_tile_path
        invalid_verifier_key malformed_checkpoint malformed_note malformed_tlog_proof not_a_hash
        note_not_signed outside_the_tree time_out_of_range wrong_origin""",
    "what verifies a bundle": """
        chain_broken consistency_unproven document_differs entry_not_of_history
        entry_of_another_ledger heads_contradict key_history_withheld malformed_bundle not_canonical
        not_erased statement_not_of_entry unverified_signature_line""",
    "bounds inside other bounds: the shapes and the number of subjects refuse first": """
        entry_too_large range_reversed""",
    "what reads and derives": """
        impossible_period site_too_busy
        bad_finding depth_out_of_range lot_made_twice no_such_policy not_a_day not_followed_yet
        not_published_yet nothing_to_answer steps_out_of_order unknown_pack""",
    "what publishes and restores": "guard_conflict ledger_not_begun",
    "the doors, before a statement is understood": """
        batch_too_large internal_fault invalid_request method_not_allowed no_organization
        no_service_key no_such_address not_authenticated not_permitted scope_missing
        sealed_key_unreadable unsupported_content_type""",
    "what is asked of a person, a club or a pack": """
        bad_pack flag_not_open malformed_reply question_not_open reason_missing
        unknown_club unknown_flag unknown_question vectors_failed""",
    "closing a period on its page, before there is a statement": "close_moved",
    "files with copies of registers, before there is a statement": """
        bad_register register_head_wrong register_moved snapshot_outdated unknown_declaration
        unknown_snapshot""",
    "waivers that an officer prepares, before there is a statement": """
        unknown_waiver waiver_moved waiver_not_allowed""",
    "the tools of whoever signs": "file_unusable nothing_to_hide",
    "set-up and operation": """
        address_in_use already_serving installation_failed materials_malformed no_postgres_found
        postgres_failed
        setting_missing setting_not_usable state_directory_not_usable wrong_postgres_version""",
    "scenarios": """
        bad_scenario demo_ledger_needed name_taken scenario_changed step_not_refused
        step_refused""",
}


def test_every_code_has_an_example_or_a_reason_why_recording_never_answers_with_it():
    groups = [set(test_recording.REFUSED), set(REFUSED), set(BY_A_TEST_OF_ITS_OWN)]
    groups += [set(codes.split()) for codes in NEVER.values()]
    accounted = [code for group in groups for code in group]
    codes = {error.code for error in every_error()}
    assert codes - set(accounted) == set(), "give an example, or say why recording never says it"
    assert set(accounted) - codes == set(), "there is no such code any more"
    assert len(accounted) == len(set(accounted)), "a code is accounted for twice"
