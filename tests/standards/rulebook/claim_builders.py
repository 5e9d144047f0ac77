"""A lot with claims on it, for rules about accounts: all defaults visible."""

from datetime import date

from account_builders import account, claim, received
from rulebook_builders import dossier, exactly, finding_of, law, source

from standards.rulebook.claimed import claimed_shares
from standards.rulebook.findings import Outcome

KG = 10**6
DAY = date(2026, 8, 1)
PASS, FAIL, OPEN, NONE = (
    Outcome.CONFORMS,
    Outcome.NONCONFORMING,
    Outcome.INDETERMINATE,
    Outcome.NOT_APPLICABLE,
)
FORBIDDEN = {"irma__account_overdraft": "forbidden"}
WITHIN = {"irma__account_overdraft": "within_period"}


def kilograms(name, day, kg, **changes):
    """A claim of so many kilograms about the lot."""
    return claim(name, day, kg * KG, **{"lot_id": "acme:L1"} | changes)


def lot(*claims, accounts=None, contained=1000, **changes):
    """A lot of a thousand kilograms; its account received ten on day 10."""
    if accounts is None:
        accounts = (account(received("one", 10, 10 * KG), claims=claims),)
    metal = source(contained * KG) if contained else source(0)
    usual = {
        "claims": claims,
        "accounts": accounts,
        "as_of": DAY,
        "contained_mg": exactly(contained * KG),
    }
    return dossier(metal, **usual | changes)


def judged(rule, about, **values):
    return finding_of(rule, about, **values)


def shares(about, **values):
    return claimed_shares(about, law(**values).on(about.as_of))
