"""The assurance schemes that rules know: their names, and what they call what they publish.

What they *require* is in their packs; here is only how they are spoken of and one trait of each
that no parameter could carry.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """An assurance scheme.

    Args:
        id: of its pack, and of its certificates.
        name: as in running text.
        document: what it publishes about a site.
        latest_governs: one publication about a site takes the place of the one before it;
            otherwise awards stand beside each other (a mark for each metal).
        metals_key: parameter whose names are the minerals it knows; None: any mineral.
    """

    id: str
    name: str
    document: str
    latest_governs: bool
    metals_key: str | None = None

    def key(self, parameter: str) -> str:
        """Return the key of one of its parameters."""
        return f"{self.id}.{parameter}"


IRMA = Scheme(id="irma", name="IRMA", document="audit", latest_governs=True)
COPPER_MARK = Scheme(
    id="copper_mark",
    name="the Copper Mark",
    document="award",
    latest_governs=False,
    metals_key="copper_mark.marks",
)
ASI = Scheme(
    id="asi",
    name="ASI",
    document="certificate",
    latest_governs=True,
    metals_key="asi.metals",
)
CMSI = Scheme(
    id="cmsi", name="the Consolidated Mining Standard", document="assessment", latest_governs=True
)
ICMM = Scheme(id="icmm", name="ICMM", document="validation", latest_governs=True)
RESPONSIBLESTEEL = Scheme(
    id="responsiblesteel",
    name="ResponsibleSteel",
    document="certificate",
    latest_governs=True,
    metals_key="responsiblesteel.metals",
)
TSM = Scheme(id="tsm", name="Towards Sustainable Mining", document="report", latest_governs=True)
GBA = Scheme(
    id="gba", name="the Global Battery Alliance", document="pilot report", latest_governs=True
)
"""Publishes nothing about sites, so that it is none of `SCHEMES`: no club can require it."""
LME = Scheme(
    id="lme",
    name="the London Metal Exchange",
    document="LME list of brands",
    latest_governs=True,
    metals_key="lme.metals",
)
OECD = Scheme(
    id="oecd",
    name="the OECD Guidance",
    document="register of risks",
    latest_governs=True,
)
POLICY = Scheme(
    id="policy",
    name="the club's policy",
    document="policy",
    latest_governs=True,
)
RMI = Scheme(
    id="rmi",
    name="the Responsible Minerals Assurance Process",
    document="RMI facility list",
    latest_governs=True,
    metals_key="rmi.metals",
)
SCHEMES: Mapping[str, Scheme] = {
    one.id: one for one in (IRMA, COPPER_MARK, ASI, CMSI, ICMM, RESPONSIBLESTEEL, TSM)
}


def scheme_name(scheme: str) -> str:
    """Return how a scheme is called in sentences; one no rule knows, by its id."""
    known = SCHEMES.get(scheme)
    return scheme if known is None else known.name
