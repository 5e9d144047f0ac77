"""The words a statement may use: closed lists, each with the source of its terms.

A word once accepted stays accepted; lists only grow. Plain types, so that the same
words reach the schemas, the documentation and the database.
"""

from enum import StrEnum


class OrganizationRole(StrEnum):
    """What an organization may be on this ledger; who may say what depends on it."""

    OPERATOR = "operator"  # runs the ledger: registers organizations, activates packs
    COMPANY = "company"  # holds and works material
    ASSURANCE_SCHEME = "assurance_scheme"  # issues certificates or publishes audits
    REGISTRAR = "registrar"  # records certificates and lists for schemes without a key
    CLUB = "club"  # a procurement club; its key is its secretary's
    AUDITOR = "auditor"  # reads under a time-boxed grant
    COMMUNITY = "community"  # raises concerns


class FacilityType(StrEnum):
    """Places along the battery chain (UNTP Facility; stages of IEA and the battery passport)."""

    MINE = "mine"
    CONCENTRATOR = "concentrator"
    SMELTER = "smelter"
    REFINERY = "refinery"
    CONVERSION = "conversion"
    PRECURSOR = "precursor"
    ACTIVE_MATERIAL = "active_material"
    CELL = "cell"
    PACK = "pack"
    VEHICLE = "vehicle"
    RECYCLER = "recycler"
    SEMI_FABRICATOR = "semi_fabricator"
    MAGNET = "magnet"
    PORT = "port"
    WAREHOUSE = "warehouse"


class Stage(StrEnum):
    """What a transformation does; the regimes' stage tests read it."""

    BENEFICIATION = "beneficiation"
    SMELTING = "smelting"
    REFINING = "refining"
    SEPARATION = "separation"
    CONVERSION = "conversion"
    PRECURSOR = "precursor"
    ACTIVE_MATERIAL = "active_material"
    SEMI_FABRICATION = "semi_fabrication"
    ALLOYING = "alloying"
    MAGNET = "magnet"
    ELECTRODE = "electrode"
    CELL = "cell"
    MODULE = "module"
    PACK = "pack"
    VEHICLE = "vehicle"
    DISMANTLING = "dismantling"
    BLACK_MASS = "black_mass"
    RECYCLING_RECOVERY = "recycling_recovery"


class OriginStage(StrEnum):
    """Stages for which an introduction may declare an origin: extraction, then any stage."""

    EXTRACTION = "extraction"
    BENEFICIATION = "beneficiation"
    SMELTING = "smelting"
    REFINING = "refining"
    SEPARATION = "separation"
    CONVERSION = "conversion"
    PRECURSOR = "precursor"
    ACTIVE_MATERIAL = "active_material"
    RECOVERY = "recovery"
    COLLECTION = "collection"


class InputRole(StrEnum):
    """Why a lot goes into a transformation."""

    FEED = "feed"
    RECIRCULATED = "recirculated"
    REAGENT = "reagent"


class OutputRole(StrEnum):
    """What a lot is when it comes out of a transformation."""

    PRODUCT = "product"
    BY_PRODUCT = "by_product"
    RESIDUE = "residue"


class ProcessType(StrEnum):
    """What was physically or chemically done; customs rules of chemicals turn on it."""

    CHEMICAL_REACTION = "chemical_reaction"
    PURIFICATION = "purification"
    SEPARATION = "separation"
    DISSOLUTION = "dissolution"
    SOLVENT_REMOVAL = "solvent_removal"
    HYDRATION_CHANGE = "hydration_change"
    MIXING = "mixing"
    SIZING = "sizing"
    MELTING = "melting"
    ROASTING = "roasting"
    LEACHING = "leaching"
    ELECTROWINNING = "electrowinning"
    ELECTROREFINING = "electrorefining"
    CRYSTALLIZATION = "crystallization"
    CALCINATION = "calcination"
    FLOTATION = "flotation"
    SPHEROIDIZATION = "spheroidization"
    COATING = "coating"
    GRAPHITIZATION = "graphitization"
    ASSEMBLY = "assembly"


class FeedstockClass(StrEnum):
    """Where recovered material comes from (ISO 14021 7.8.1.1: pre- and post-consumer)."""

    POST_CONSUMER = "post_consumer"
    MANUFACTURING = "manufacturing"
    RUN_AROUND = "run_around"


class IntroductionReason(StrEnum):
    """Why material enters from outside the ledger."""

    OPENING_STOCK = "opening_stock"
    SILO_HEEL = "silo_heel"
    PURCHASE = "purchase"
    EXCHANGE_WARRANT = "exchange_warrant"
    OTHER = "other"


class Basis(StrEnum):
    """What the number of a quantity counts."""

    WET = "wet"
    DRY = "dry"
    AS_RECEIVED = "as_received"
    VOLUME = "volume"
    COUNT = "count"


class Quality(StrEnum):
    """How a quantity came to be known."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    DECLARED = "declared"


class AssayStatus(StrEnum):
    """How final an assay is; umpire over final over provisional."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    UMPIRE = "umpire"


class AssayParty(StrEnum):
    """For whom the assay was made."""

    SELLER = "seller"
    BUYER = "buyer"
    UMPIRE = "umpire"
    PROCESSOR = "processor"


class KeyHolder(StrEnum):
    """Who can use a private key; every receipt and verdict says so."""

    ORGANIZATION = "organization"
    SERVICE = "service"


class CustodyModel(StrEnum):
    """Chain-of-custody models (ISO 22095:2020, 3.3.1 to 3.3.5)."""

    IDENTITY_PRESERVED = "identity_preserved"
    SEGREGATED = "segregated"
    CONTROLLED_BLENDING = "controlled_blending"
    MASS_BALANCE = "mass_balance"
    BOOK_AND_CLAIM = "book_and_claim"


PRODUCING_FACILITIES = {
    "custody.extraction": frozenset({FacilityType.MINE}),
    "custody.recovery": frozenset({FacilityType.RECYCLER}),
}
"""Facility types a kind insists on; other kinds accept any facility of the author."""
