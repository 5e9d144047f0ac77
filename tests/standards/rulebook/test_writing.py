"""Writing findings: the bytes are canonical JSON, however much was written before."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rulebook_builders import dossier, entry, exactly, source, step

from standards.rulebook.evaluation import evaluate, verdict_digest
from standards.rulebook.findings import canonical_json
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES
from standards.rulebook.writing import Writer
from traceability.ledger.plausibility.view import Observation

LAW = Law([pack for pack in shipped_packs() if not pack.overlays])
LATE = Observation(
    entry=entry("a"),
    author="acme",
    lot="acme:L1",
    facility="acme:plant",
    because="it was stated late",
    missing=("a reason",),
)


@settings(max_examples=10, deadline=None)
@given(masses=st.lists(st.integers(0, 200), min_size=1, max_size=3))
def test_findings_are_written_as_their_canonical_json_and_hashed_as_ever(masses):
    writer = Writer()
    for mg in masses:  # one lot after the other, which cite the same
        about = dossier(
            source(100),
            steps=(step(100, input_mg=exactly(100), output_mg=exactly(mg)),),
            observations={"PL-06": (LATE,)},
        )
        found = evaluate(about, LAW, RULES)
        for _ in range(2):
            assert writer.findings(found) == canonical_json(found.as_json())
            assert writer.digest(found) == verdict_digest(found)
