"""Keys the service keeps: sealed at rest, opened only for their owner and while they are good."""

import pytest

from tests.builders import enrolled, key_of
from traceability.errors import NoServiceKey, SealedKeyUnreadable
from traceability.keeping import (
    keep_new_key,
    log_key,
    log_signer,
    log_verifier,
    service_key,
)
from traceability.ledger.keys import PrivateKey, to_base64url
from traceability.models import ServiceKey
from traceability.registering import enrolment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept(operator, alice):
    """Alice lets the service hold a key for her."""
    made = keep_new_key("alice")
    operator(
        "registry.key",
        {"organization": "alice", "key": enrolment(made, "alice", held_by="service")},
    )
    return made


def test_the_log_key_is_that_of_the_file_and_its_name_the_origin(settings, tmp_path):
    path = tmp_path / "log_key"
    path.write_text(to_base64url(bytes(range(32))) + "=\n")
    settings.LOG_KEY_FILE = str(path)
    assert log_key() == PrivateKey(seed=bytes(range(32)))
    assert log_signer().name == settings.LEDGER_ORIGIN
    assert log_verifier().vkey.startswith(f"{settings.LEDGER_ORIGIN}+")


def test_a_kept_key_opens_for_its_owner(kept):
    assert service_key("alice") == kept


def test_a_private_key_rests_sealed(kept):
    sealed = bytes(ServiceKey.objects.get(organization_id="alice").sealed)
    assert kept.seed not in sealed


def test_another_encryption_key_opens_nothing(kept, settings):
    settings.KEY_ENCRYPTION_KEY = bytes(32)
    with pytest.raises(SealedKeyUnreadable):
        service_key("alice")


def test_a_sealed_key_moved_to_another_owner_does_not_open(kept, operator, bob):
    """Who can write the table still cannot let one company sign as another."""
    theirs = keep_new_key("bob")
    operator(
        "registry.key",
        {"organization": "bob", "key": enrolment(theirs, "bob", held_by="service")},
    )
    sealed = ServiceKey.objects.get(organization_id="bob").sealed
    ServiceKey.objects.filter(organization_id="alice").update(sealed=sealed)
    with pytest.raises(SealedKeyUnreadable):
        service_key("alice")


def test_a_key_that_is_not_enrolled_or_is_revoked_is_not_used(operator, alice, kept):
    with pytest.raises(NoServiceKey):
        service_key("zoe")
    keep_new_key("alice")  # kept and never enrolled
    operator(
        "registry.key_revocation", {"organization": "alice", "kid": kept.kid, "reason": "rotation"}
    )
    with pytest.raises(NoServiceKey) as told:
        service_key("alice")
    assert told.value.facts == {"organization": "alice"}


def test_a_company_with_its_own_key_is_not_signed_for(alice):
    assert enrolled("alice", "alice")["jwk"] == key_of("alice").public.as_jwk()
    with pytest.raises(NoServiceKey):
        service_key("alice")
