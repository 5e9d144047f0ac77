"""Who asks: what every view of both APIs knows about the caller, and nothing else."""

from dataclasses import dataclass

from rest_framework.request import Request

from traceability.ledger.vocabulary import OrganizationRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The organization a request acts for. `person` is a pseudonym; empty for a machine."""

    organization: str
    roles: frozenset[str]
    scopes: frozenset[str]
    person: str = ""

    @property
    def is_operator(self) -> bool:
        """Tell whether the caller belongs to the operator's staff."""
        return OrganizationRole.OPERATOR in self.roles


class AuthenticatedRequest(Request):
    """A request that the default permission let through; for the type checker."""

    caller: Caller
