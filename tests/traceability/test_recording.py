"""Recording on PostgreSQL."""

import pytest
from traceability.ledger.keys import new_private_key
from traceability.ledger.canonical import canonical
from traceability.ledger.signing import STATEMENT_TYPE, sign_jws

from traceability.publishing import publish_checkpoint
from traceability.recording import Submission, record_statements
from traceability.registering import begin_ledger, record_as_service, statement_document, enrolment

pytestmark = pytest.mark.django_db(transaction=True)


def doc(kind, author, body, effective="2026-03-01T10:00:00-05:00", **more):
    return statement_document(kind=kind, author=author, effective=effective, body=body, **more)


def test_a_ledger_begins():
    outcome = begin_ledger(
        operator="operator", name="Ledger operator", country="CA", effective="2026-01-01"
    )
    assert outcome.kind == "recorded"
    assert publish_checkpoint() == 1
    assert publish_checkpoint() == 1
    key = new_private_key()
    record_as_service(
        [
            doc(
                "registry.organization",
                "operator",
                {
                    "organization": "acme",
                    "name": "Acme",
                    "country": "CA",
                    "roles": ["company"],
                    "key": enrolment(key, "acme", held_by="organization"),
                },
                effective="2026-01-02",
            )
        ]
    )

    def send(*docs, **kw):
        return record_statements(
            [Submission(jws=sign_jws(canonical(d), key, typ=STATEMENT_TYPE)) for d in docs], **kw
        )

    own = [{"owner": {"organization": "acme"}, "parts": 1}]
    q = lambda v: {"value": v, "unit": "t", "basis": "wet"}
    fac = doc(
        "registry.facility",
        "acme",
        {
            "facility": "acme:mine",
            "name": "Mine",
            "types": ["mine"],
            "country": "CA",
            "operator": {"organization": "acme"},
        },
        effective="2026-01-02",
    )
    ext = doc(
        "custody.extraction",
        "acme",
        {
            "facility": "acme:mine",
            "lot": {
                "lot": "acme:L1",
                "material": "copper_concentrate",
                "form": "concentrate",
                "quantity": q("100"),
                "owners": own,
            },
        },
    )
    split = doc(
        "custody.split",
        "acme",
        {
            "facility": "acme:mine",
            "lot": "acme:L1",
            "parts": [{"lot": "acme:L2", "quantity": q("40")}],
        },
    )
    too = doc(
        "custody.loss",
        "acme",
        {"facility": "acme:mine", "lot": "acme:L1", "quantity": q("61"), "reason": "spill"},
    )
    out = send(fac, ext, split, too)
    print([o.as_json() for o in out])
    assert [o.kind for o in out] == ["recorded"] * 3 + ["rejected"]
    assert out[-1].error.code == "insufficient_balance"
    assert send(ext)[0].receipt == out[1].receipt
    assert publish_checkpoint() == 5
    import time

    docs = [
        doc(
            "custody.split",
            "acme",
            {
                "facility": "acme:mine",
                "lot": "acme:L1",
                "parts": [
                    {"lot": f"acme:S{i}", "quantity": {"value": "1", "unit": "kg", "basis": "wet"}}
                ],
            },
        )
        for i in range(2000)
    ]
    subs = [Submission(jws=sign_jws(canonical(d), key, typ=STATEMENT_TYPE)) for d in docs]
    for k in (0, 1000):
        t = time.time()
        out = record_statements(subs[k : k + 1000])
        t1 = time.time()
        publish_checkpoint()
        t2 = time.time()
        print(k, t1 - t, t2 - t1)
    assert all(o.kind == "recorded" for o in out)
    import cProfile, pstats

    docs = [
        doc(
            "custody.split",
            "acme",
            {
                "facility": "acme:mine",
                "lot": "acme:L2",
                "parts": [
                    {"lot": f"acme:T{i}", "quantity": {"value": "1", "unit": "kg", "basis": "wet"}}
                ],
            },
        )
        for i in range(1000)
    ]
    subs = [Submission(jws=sign_jws(canonical(d), key, typ=STATEMENT_TYPE)) for d in docs]
    p = cProfile.Profile()
    p.enable()
    record_statements(subs)
    p.disable()
    pstats.Stats(p).sort_stats("tottime").print_stats(25)
