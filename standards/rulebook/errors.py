"""What is wrong with a pack, a policy or a stored finding: errors of the rulebook.

They report bad *data about the law*; what the law makes of a lot is a finding, never an error.
"""

from traceability.errors import TraceabilityError


class BadPack(TraceabilityError):
    """A rule pack is incomplete, contradicts itself or holds what the format does not know."""

    code = "bad_pack"
    hint = "Correct the named file and key; the format is described in docs/rule-packs.md."

    def __init__(
        self, problem: str, *, pack: str, file: str, table: str = "", key: str = ""
    ) -> None:
        place = ".".join(part for part in (table, key) if part)
        where = f"{pack}/{file}" + (f" ({place})" if place else "")
        super().__init__(
            f"{where}: {problem}.", at=place, pack=pack, file=file, table=table, key=key
        )


class VectorsFailed(TraceabilityError):
    """The test vectors of a pack do not come out as it says; it may not be activated."""

    code = "vectors_failed"
    hint = "Run check_packs, then correct the vector, the parameter or the rule."

    def __init__(self, *, pack: str, failures: tuple[str, ...]) -> None:
        super().__init__(
            f"{len(failures)} test vector(s) of pack {pack} fail: {'; '.join(failures)}",
            pack=pack,
            failures=list(failures),
        )


class BadPolicy(TraceabilityError):
    """A club's policy or waiver has a missing, unknown or impossible member."""

    code = "bad_policy"
    hint = "Correct the member at the given place and send the statement again."

    def __init__(self, problem: str, *, at: str) -> None:
        super().__init__(f"{problem}.", at=at)


class BadFinding(TraceabilityError):
    """A stored finding cannot be read back as it was written."""

    code = "bad_finding"
    hint = "Assess the lot again; compare the stored row with a backup."

    def __init__(self, problem: str) -> None:
        super().__init__(f"The stored finding cannot be read: {problem}.")
