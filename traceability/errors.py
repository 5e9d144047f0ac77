"""Every deliberate error: a stable code, a sentence, a hint, the facts and the place.

Integrity raises; compliance returns. HTTP statuses and exit codes are chosen at the edges.
Each class states the fact it reports; `code` is stable API, the wording may change.
"""


class TraceabilityError(Exception):
    """Base of every deliberate error.

    Args:
        message: the sentence a person reads.
        at: the place in the input, as a JSON path (`$.body.quantity.value`), or empty.
        facts: what a program needs to act; values are JSON types, units in the names.
    """

    code = "traceability_error"
    hint = ""

    def __init__(self, message: str, *, at: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.facts = facts

    def as_json(self) -> dict[str, object]:
        """Return the error as the API and rejections show it."""
        told: dict[str, object] = {"code": self.code, "detail": self.message, "hint": self.hint}
        if self.at:
            told["at"] = self.at
        return told | self.facts


# ── log formats: trees, tiles, notes, checkpoints, proofs ─────────────────────────────────


# ── canonical JSON, signatures, keys, disclosures ─────────────────────────────────────────


# ── mass and provenance ───────────────────────────────────────────────────────────────────


# ── statements, authority, custody ────────────────────────────────────────────────────────


# ── recording and publishing ──────────────────────────────────────────────────────────────


# ── bundles and verification ──────────────────────────────────────────────────────────────


# ── set-up and operation ──────────────────────────────────────────────────────────────────
