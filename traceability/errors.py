"""Every deliberate error: a stable code, a sentence, a hint, the facts and the place.

Integrity raises; compliance returns. HTTP statuses and exit codes are chosen at the edges.
Each class states the fact it reports; `code` is stable API, the wording may change.
"""

from collections.abc import Mapping


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


class NotAHash(TraceabilityError):
    """A value that must be a SHA-256 hash is not 32 bytes."""

    code = "not_a_hash"
    hint = "Give the 32 bytes of the hash, not its hexadecimal or base64 text."


class OutsideTheTree(TraceabilityError):
    """An index or a size lies beyond the tree that was asked about."""

    code = "outside_the_tree"
    hint = "Ask for an index below the tree size, or wait for a larger checkpoint."


class BrokenFrontier(TraceabilityError):
    """The hashes kept for a tree do not have the shape that its size dictates."""

    code = "broken_frontier"
    hint = "Rebuild the right edge of the tree from its leaves and run verify_log."


class InclusionNotProven(TraceabilityError):
    """A proof does not lead from this leaf, at this index, to this root."""

    code = "inclusion_not_proven"
    hint = "Take index and proof from the log again, for exactly this checkpoint."


class ConsistencyNotProven(TraceabilityError):
    """A proof does not show that the newer tree only appended to the older one."""

    code = "consistency_not_proven"
    hint = "Keep both signed checkpoints: if no proof exists, they are evidence of a rewrite."


class InvalidTilePath(TraceabilityError):
    """A path does not name a tile or entry bundle in the one way C2SP tlog-tiles allows."""

    code = "invalid_tile_path"
    hint = "Write tile/<level>/<index>[.p/<width>] with index groups such as x001/234."


class InvalidTile(TraceabilityError):
    """A tile holds fewer hashes than its tree needs, or a broken one."""

    code = "invalid_tile"
    hint = "Rebuild the tile from the leaves and run verify_log."


class InvalidEntryBundle(TraceabilityError):
    """An entry bundle cannot be written, or its lengths and its bytes disagree."""

    code = "invalid_entry_bundle"
    hint = "A bundle holds 1 to 256 entries of at most 65,535 bytes each."


class InvalidVerifierKey(TraceabilityError):
    """A verifier key is not `name+id+base64` with the id that belongs to it."""

    code = "invalid_verifier_key"
    hint = "Copy the whole line as its owner published it."


class AmbiguousVerifierKey(TraceabilityError):
    """Two verifier keys share a name and a key id, so a signature cannot choose."""

    code = "ambiguous_verifier_key"
    hint = "Give every verifier key once."


class MalformedNote(TraceabilityError):
    """A text is not a signed note as C2SP signed-note writes it."""

    code = "malformed_note"
    hint = "Pass the note on byte for byte: text, empty line, signature lines."


class InvalidNoteSignature(TraceabilityError):
    """A known key is named in a note, and its signature does not verify."""

    code = "invalid_note_signature"
    hint = "The text was changed, or somebody signed in this key's name: keep the note."


class NoteNotSigned(TraceabilityError):
    """None of the keys one trusts has signed the note."""

    code = "note_not_signed"
    hint = "Check which verifier key belongs to this log."


class MalformedCheckpoint(TraceabilityError):
    """A note's text is not origin, size and root hash on three lines."""

    code = "malformed_checkpoint"
    hint = "A checkpoint has exactly three lines; extension lines are refused."


class WrongOrigin(TraceabilityError):
    """A checkpoint belongs to another log."""

    code = "wrong_origin"
    hint = "Check that the checkpoint comes from the log you meant to ask."


class TimeOutOfRange(TraceabilityError):
    """A cosignature cannot carry this time."""

    code = "time_out_of_range"
    hint = "Give POSIX seconds as a whole number from 0 to 2**63 - 1."


class MalformedTlogProof(TraceabilityError):
    """A text is not a proof file as C2SP tlog-proof writes it."""

    code = "malformed_tlog_proof"
    hint = "Pass the proof on byte for byte, first line c2sp.org/tlog-proof@v1."


# ── canonical JSON, signatures, keys, disclosures ─────────────────────────────────────────


class NotJson(TraceabilityError):
    """Bytes that should be one JSON object in UTF-8 are something else."""

    code = "not_json"
    hint = "Send one JSON object, UTF-8, without a byte order mark."

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not a JSON object: {reason}.", at="$")


class DocumentTooLarge(TraceabilityError):
    """A document has more bytes than its kind may have."""

    code = "document_too_large"
    hint = "Split it, or send large attachments as evidence by their SHA-256."

    def __init__(self, *, size_bytes: int, limit_bytes: int) -> None:
        message = f"The document has {size_bytes} bytes; {limit_bytes} are allowed."
        super().__init__(message, at="$", size_bytes=size_bytes, limit_bytes=limit_bytes)


class OutsideProfile(TraceabilityError):
    """A JSON value the record has no form for: a float, a null, a strange name, too deep."""

    code = "outside_profile"
    hint = "See the JSON profile: integers, strings, true, false, arrays, objects; no floats."

    def __init__(self, reason: str, *, at: str) -> None:
        super().__init__(f"The value at {at} cannot be recorded: {reason}.", at=at)


class DuplicateMember(TraceabilityError):
    """A JSON object names one member twice, so readers would disagree about its value."""

    code = "duplicate_member"
    hint = "Name every member of an object once."

    def __init__(self, *, name: str) -> None:
        message = f"The member {name[:64]!r} is named twice in one object."
        super().__init__(message, at="$", name=name[:64])


class NotCanonical(TraceabilityError):
    """A document that must be in canonical form is laid out differently."""

    code = "not_canonical"
    hint = "Write it by RFC 8785: members sorted, no white space, shortest escapes."

    def __init__(self) -> None:
        super().__init__("The document is not in canonical form (RFC 8785).", at="$")


class MalformedJws(TraceabilityError):
    """Bytes that should be a compact JWS of this ledger are something else."""

    code = "malformed_jws"
    hint = "Send header.payload.signature in base64url without padding; header alg, kid and typ."

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not a signed document as expected: {reason}.")


class InvalidSignature(TraceabilityError):
    """A signature does not belong to these bytes and this key."""

    code = "invalid_signature"
    hint = "Sign the exact bytes that are sent, with the private key of the key id named."

    def __init__(self, *, kid: str) -> None:
        super().__init__(f"The signature is not by key {kid} over these bytes.", kid=kid)


class MalformedKey(TraceabilityError):
    """A key is not an Ed25519 key in the one form that is read."""

    code = "malformed_key"
    hint = 'Send the JWK with exactly "kty": "OKP", "crv": "Ed25519" and "x" (43 characters).'

    def __init__(self, reason: str, *, at: str = "") -> None:
        super().__init__(f"This is not an Ed25519 key as expected: {reason}.", at=at)


class WeakKey(TraceabilityError):
    """A public key that could not hold its owner to what it signs."""

    code = "weak_key"
    hint = "Make a new key: traceability-sign --new-key FILE."

    def __init__(self, *, kid: str, at: str = "") -> None:
        message = f"Key {kid} is no Ed25519 point of prime order in canonical form."
        super().__init__(message, at=at, kid=kid)


class FileUnusable(TraceabilityError):
    """A file of a command-line tool cannot be read, or must not be written."""

    code = "file_unusable"
    hint = "Check the path and its permissions; an existing file is never overwritten."

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The file {path} cannot be used: {reason}.", path=path)


class SealedKeyUnreadable(TraceabilityError):
    """A private key held by the service does not open with this encryption key, for this owner."""

    code = "sealed_key_unreadable"
    hint = "Set KEY_ENCRYPTION_KEY to the key under which this one was sealed."

    def __init__(self) -> None:
        super().__init__("The sealed private key does not open.")


class PossessionNotProven(TraceabilityError):
    """A proof of possession is not by this key, or not for this ledger and organization."""

    code = "possession_not_proven"
    hint = (
        "Make one with the new key: traceability-sign --key FILE --possession LEDGER ORGANIZATION."
    )

    def __init__(self, reason: str, *, kid: str) -> None:
        super().__init__(f"Possession of key {kid} is not proven: {reason}.", kid=kid)


class UndisclosedValue(TraceabilityError):
    """A value the ledger needs is hidden and its disclosure was not sent."""

    code = "undisclosed_value"
    hint = "Send the disclosure (salt and value) beside the signed statement."

    def __init__(self, *, at: str) -> None:
        super().__init__(f"The value at {at} is hidden and was not disclosed.", at=at)


class DisclosureUnused(TraceabilityError):
    """A disclosure belongs to no hidden value of the document."""

    code = "disclosure_unused"
    hint = "Send the disclosures of this statement only, with salt and value unchanged."

    def __init__(self, *, at: str) -> None:
        super().__init__(f"The disclosure {at} belongs to no hidden value.", at=at)


class DisclosureMalformed(TraceabilityError):
    """A hidden value or a disclosure is not in its one form."""

    code = "disclosure_malformed"
    hint = 'Hidden value: {"sd": 43 characters}. Disclosure: {"salt": 22 characters, "value": …}.'

    def __init__(self, reason: str, *, at: str) -> None:
        super().__init__(f"What stands at {at} cannot be read: {reason}.", at=at)


class NothingToHide(TraceabilityError):
    """A path names no value that can be hidden."""

    code = "nothing_to_hide"
    hint = "Name a value inside body or evidence, such as $.body.lots[0].quantity."

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path[:200]} cannot be hidden: {reason}.", at=path[:200])


# ── mass and provenance ───────────────────────────────────────────────────────────────────


def kg(mass_mg: int) -> str:
    """Write a mass in milligrams as kilograms, exactly and without trailing zeros (`10.5`)."""
    sign, mass_mg = ("-", -mass_mg) if mass_mg < 0 else ("", mass_mg)
    whole, rest = divmod(mass_mg, 1_000_000)
    return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".")


class DecimalMalformed(TraceabilityError):
    """A number is not written in the decimal grammar of the record."""

    code = "decimal_malformed"
    hint = (
        'Send numbers as strings such as "12.5": no sign, no exponent, no leading zeros, '
        "at most 18 digits before the point and 12 after it."
    )

    def __init__(self, *, value: object, at: str = "") -> None:
        told = value if isinstance(value, str) else type(value).__name__
        super().__init__(f"{told[:60]!r} is not a decimal number of the record.", at=at)


class UnknownUnit(TraceabilityError):
    """A quantity names a unit the record does not have."""

    code = "unknown_unit"

    def __init__(self, *, unit: object, known: tuple[str, ...], at: str = "") -> None:
        told = unit if isinstance(unit, str) else type(unit).__name__
        self.hint = f"Use one of: {', '.join(known)}."
        super().__init__(f"{told[:60]!r} is not a unit of the record.", at=at, known=list(known))


class UnitDoesNotFitBasis(TraceabilityError):
    """A unit of mass, volume or count is used with the basis of another kind."""

    code = "unit_does_not_fit_basis"

    def __init__(self, *, unit: str, basis: object, fitting: tuple[str, ...], at: str = "") -> None:
        told = basis if isinstance(basis, str) else type(basis).__name__
        self.hint = f"With {unit} the basis is one of: {', '.join(fitting)}."
        message = f"A quantity in {unit} cannot have the basis {told[:60]!r}."
        super().__init__(message, at=at, unit=unit, fitting=list(fitting))


class DensityMissing(TraceabilityError):
    """A volume has no density, so its mass is not known."""

    code = "density_missing"
    hint = "Give the density in kg per liter, or weigh the lot."

    def __init__(self, *, unit: str, at: str = "") -> None:
        super().__init__(f"A quantity in {unit} needs a density.", at=at, unit=unit)


class CountNotWhole(TraceabilityError):
    """Pieces are counted, and the count is not a whole number."""

    code = "count_not_whole"
    hint = "Count whole pieces, or give a mass."

    def __init__(self, *, value: str, at: str = "") -> None:
        super().__init__(f"{value} is not a whole number of pieces.", at=at, value=value)


class MassNotPositive(TraceabilityError):
    """A quantity is zero, negative, or rounds to nothing."""

    code = "mass_not_positive"
    hint = "A quantity is at least 1 mg, or one piece. Leave out what did not move."

    def __init__(self, *, value: str, unit: str, at: str = "") -> None:
        message = f"{value} {unit} is not an amount above zero."
        super().__init__(message, at=at, value=value, unit=unit)


class MassOutOfRange(TraceabilityError):
    """A quantity is larger than any lot can be."""

    code = "mass_out_of_range"
    hint = "A lot holds at most 10^12 kg, or 10^12 pieces. Check the unit: kg typed as t?"

    def __init__(self, *, value: str, unit: str, at: str = "") -> None:
        message = f"{value} {unit} is more than any lot can hold."
        super().__init__(message, at=at, value=value, unit=unit)


class MoistureImpossible(TraceabilityError):
    """A moisture is not a fraction from 0 up to, but not including, 1."""

    code = "moisture_impossible"
    hint = "Moisture is a fraction of the wet mass: 8 % is 0.08."

    def __init__(self, *, moisture: str, at: str = "") -> None:
        message = f"A moisture of {moisture} is impossible."
        super().__init__(message, at=at, moisture=moisture)


class AssayImpossible(TraceabilityError):
    """An assay finds more of an element than the substance can hold."""

    code = "assay_impossible"
    hint = "An assay is a mass fraction: 28 % is 0.28. Check element against oxide, and the basis."

    def __init__(self, *, fraction: str, at_most: str, at: str = "") -> None:
        message = f"An assay of {fraction} is impossible: the substance holds at most {at_most}."
        super().__init__(message, at=at, fraction=fraction, at_most=at_most)
        self.fraction, self.at_most = fraction, at_most


class RangeReversed(TraceabilityError):
    """The low end of a range lies above its high end."""

    code = "range_reversed"
    hint = "Give the smaller number as low and the larger as high."

    def __init__(self, *, low: str, high: str, at: str = "") -> None:
        super().__init__(f"A range cannot go from {low} to {high}.", at=at, low=low, high=high)


class ValueOutsideRange(TraceabilityError):
    """A stated value does not lie in the range stated with it."""

    code = "value_outside_range"
    hint = "Give low, value and high in one unit, in that order of size."

    def __init__(self, *, value: str, low: str, high: str, at: str = "") -> None:
        message = f"{value} does not lie between {low} and {high}."
        super().__init__(message, at=at, value=value, low=low, high=high)


class AssaysExceedWhole(TraceabilityError):
    """The elements that a document finds in a substance outweigh the substance."""

    code = "assays_exceed_whole"
    hint = "Check the units, and whether a figure is for an oxide (`expressed_as`)."

    def __init__(self, *, elements: list[str], at: str = "") -> None:
        named = ", ".join(elements)
        message = f"{named} together would be more than the whole lot."
        super().__init__(message, at=at, elements=elements)
        self.elements = elements


class FormulaMalformed(TraceabilityError):
    """A chemical formula cannot be read, or can be read in two ways."""

    code = "formula_malformed"
    hint = (
        "Write NiSO4.6H2O, Co(OH)2 or LiNi0.8Mn0.1Co0.1O2, the water stated. Where a point could "
        "be read in two ways, bring the parts together: (CaSO4)2.H2O, Ni3(CO3)(OH)4.4H2O."
    )

    def __init__(self, *, formula: object, at: str = "") -> None:
        told = formula if isinstance(formula, str) else type(formula).__name__
        super().__init__(f"{told[:60]!r} is not a formula that can be read.", at=at)


class UnknownElement(TraceabilityError):
    """A symbol is no element with a standard atomic weight."""

    code = "unknown_element"
    hint = "Use the symbol of the periodic table, such as Li, Ni, Co, Mn or Cu."

    def __init__(self, *, symbol: object, at: str = "") -> None:
        told = symbol if isinstance(symbol, str) else type(symbol).__name__
        super().__init__(f"{told[:60]!r} is not an element of the table.", at=at)


class ExpressedWithoutElement(TraceabilityError):
    """An assay is expressed as a compound that holds nothing of the element."""

    code = "expressed_without_element"
    hint = (
        "Name the compound that the laboratory reports, such as Li2O for Li, or leave "
        "`expressed_as` out where the figure is for the element itself."
    )

    def __init__(self, *, element: str, expressed_as: str, at: str = "") -> None:
        message = f"{expressed_as} holds no {element}, so the figure says nothing of it."
        super().__init__(message, at=at, element=element, expressed_as=expressed_as)


class EquivalentIsNoMass(TraceabilityError):
    """A lot is given in lithium carbonate equivalent, which is not what it weighs."""

    code = "equivalent_is_no_mass"
    hint = (
        "Give what was weighed, in t or kg, and its lithium as an assay with `expressed_as` "
        "Li2CO3, or as a `compound`. LCE is for contained lithium: claims, credits, and capacities "
        "of the `element` Li."
    )

    def __init__(self, *, unit: str, at: str = "") -> None:
        message = f"{unit} says how much lithium something holds, not what it weighs."
        super().__init__(message, at=at, unit=unit)


class EquivalentOfAnotherElement(TraceabilityError):
    """An amount of another element than lithium is given in lithium carbonate equivalent."""

    code = "equivalent_of_another_element"
    hint = "Give the mass of the element itself, in t or kg."

    def __init__(self, *, unit: str, element: str, at: str = "") -> None:
        message = f"{unit} counts lithium, not {element or 'whatever else there is'}."
        super().__init__(message, at=at, unit=unit, element=element)


class MaterialsMalformed(TraceabilityError):
    """A table of words for materials has what cannot be; nothing of it is taken."""

    code = "materials_malformed"
    hint = (
        'Write [minerals] with name = "symbol" and [substances] with word = "formula", or a '
        "list of formulas, as traceability/ledger/materials.toml does; words only add."
    )

    def __init__(self, problem: str, *, at: str) -> None:
        place = f" at {at}" if at else ""
        super().__init__(f"The table of materials cannot be read{place}: {problem}.", at=at)


class StepsOutOfOrder(TraceabilityError):
    """A history is not in log order."""

    code = "steps_out_of_order"
    hint = "Read the steps in log order; the order of a chain decides who got which milligram."

    def __init__(self, *, entry: str, order: int, last: int) -> None:
        message = f"Entry {entry} at {order} follows one at {last}."
        super().__init__(message, entry=entry, order=order, last=last)


class LotMadeTwice(TraceabilityError):
    """A step makes a lot of which some is left."""

    code = "lot_made_twice"
    hint = "Take all of the lot in the step that makes it anew."

    def __init__(self, *, entry: str, lot: str) -> None:
        message = f"Entry {entry} makes lot {lot}, which still holds material."
        super().__init__(message, entry=entry, lot=lot)


# ── statements, authority, custody ────────────────────────────────────────────────────────


class MalformedStatement(TraceabilityError):
    """A statement does not have the shape of its kind."""

    code = "malformed_statement"
    hint = "Compare the place with the schema of this kind in docs/record-format.md."


class ImpossibleFigure(TraceabilityError):
    """A facility registers coordinates or a recovery that no facility can have."""

    code = "impossible_figure"
    hint = "Give both coordinates in decimal degrees, and recoveries as `low` to `high` up to 1."


class NotForThisLedger(TraceabilityError):
    """A statement names another ledger: one made for a test system cannot be replayed here."""

    code = "not_for_this_ledger"
    hint = "Set `ledger` to this ledger's origin and sign again."

    def __init__(self, *, named: str, ledger: str) -> None:
        super().__init__(
            f"The statement is for the ledger {named}; this is {ledger}.",
            at="$.ledger",
            named=named,
            ledger=ledger,
        )


class UnknownKind(TraceabilityError):
    """A statement is of a kind this ledger does not know."""

    code = "unknown_kind"
    hint = "The kinds are listed in docs/record-format.md."

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} is no kind of statement here.", at="$.kind", kind=kind)


class TooManySubjects(TraceabilityError):
    """A statement touches more subjects than an entry can chain."""

    code = "too_many_subjects"
    hint = "Split the work into several statements."

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            f"The statement touches {count} subjects; {limit} is the limit.",
            at="$.body",
            count=count,
            limit=limit,
        )


class ImpossibleTime(TraceabilityError):
    """A time that is not of the grammar, does not exist, or runs backwards."""

    code = "impossible_time"
    hint = (
        "Write 2026-03-01T10:00:00-05:00, 2026-03-01, or two of a kind with a slash between; "
        "custody events need the time of day."
    )

    def __init__(
        self, text: str, *, why: str = "it is no instant, day or period", at: str = "$.effective"
    ) -> None:
        super().__init__(f"{text[:80]!r}: {why}.", at=at, time=text[:80])


class AmbiguousParty(TraceabilityError):
    """A party that is neither an organization of this ledger nor a name, or is both."""

    code = "ambiguous_party"
    hint = "Give `organization`, or `name` with `country` for somebody without a key."

    def __init__(self, *, at: str) -> None:
        super().__init__("A party is either an organization of this ledger or a name.", at=at)


def _told(amount: int, unit: str) -> str:
    """Write a gross amount for people: kilograms exactly, or pieces."""
    if unit == "piece":
        return f"{amount} pieces"
    sign, rest = ("-", -amount) if amount < 0 else ("", amount)
    kilograms, milligrams = divmod(rest, 1_000_000)
    decimals = f".{milligrams:06d}".rstrip("0") if milligrams else ""
    return f"{sign}{kilograms}{decimals} kg"


class UnknownLot(TraceabilityError):
    """A lot that does not exist, or that the author may not see: the answer is the same."""

    code = "unknown_lot"
    hint = "Check the id; a lot is visible to those who hold, held or own it."

    def __init__(self, lot_id: str, *, at: str) -> None:
        super().__init__(f"There is no lot {lot_id} here for you.", at=at, lot_id=lot_id)


class LotExists(TraceabilityError):
    """A lot begins once."""

    code = "lot_exists"
    hint = "Give the new lot an id of its own."

    def __init__(self, lot_id: str, *, at: str) -> None:
        super().__init__(f"The lot {lot_id} has begun before.", at=at, lot_id=lot_id)


class LotIntoItself(TraceabilityError):
    """A lot would be made out of itself."""

    code = "lot_into_itself"
    hint = "Give what comes out an id of its own; what is left of a lot keeps the lot's id."

    def __init__(self, lot_id: str, *, at: str) -> None:
        super().__init__(f"The lot {lot_id} cannot go into itself.", at=at, lot_id=lot_id)


class UnknownConsignment(TraceabilityError):
    """A consignment that was not shipped, or whose shipment was withdrawn."""

    code = "unknown_consignment"
    hint = "Check id and consignee. Before it is shipped, have the lots assayed themselves."

    def __init__(self, consignment: str, *, at: str) -> None:
        super().__init__(
            f"No consignment {consignment} to that consignee was shipped.",
            at=at,
            consignment=consignment,
        )


class NotYourNameSpace(TraceabilityError):
    """An id in the name space of another organization."""

    code = "not_your_name_space"
    hint = "Ids begin with the organization that makes them: `<your organization>:<local id>`."

    def __init__(self, name: str, *, author: str, at: str) -> None:
        super().__init__(
            f"{author} cannot begin {name}: the name space is another's.",
            at=at,
            id=name,
            author=author,
        )


class NotInCustody(TraceabilityError):
    """The author does not have the lot now."""

    code = "not_in_custody"
    hint = "Record the receipt first; a lot in transit is in nobody's hands until received."

    def __init__(self, lot_id: str, *, author: str, at: str, state: str = "elsewhere") -> None:
        where = {"in_transit": "in transit"}.get(state, "with another organization")
        super().__init__(
            f"{author} does not have {lot_id}: it is {where}.", at=at, lot_id=lot_id, state=state
        )


class NotYoursToAssay(TraceabilityError):
    """Somebody who has nothing to do with a lot any more says what it contains."""

    code = "not_yours_to_assay"
    hint = "Whoever has, is sent or owns the lot states it; of a consignment, both its parties may."

    def __init__(self, lot_id: str, *, author: str, at: str) -> None:
        super().__init__(
            f"{author} neither has nor owns {lot_id}, and it is not on its way there.",
            at=at,
            lot_id=lot_id,
            author=author,
        )


class NotAtThisFacility(TraceabilityError):
    """The lot is at another place."""

    code = "not_at_this_facility"
    hint = "Ship the lot to this facility and receive it there, or name the place where it is."

    def __init__(self, lot_id: str, *, facility: str, at: str) -> None:
        super().__init__(f"{lot_id} is not at {facility}.", at=at, lot_id=lot_id, facility=facility)


class NotInTransit(TraceabilityError):
    """A receipt of a lot that is not on its way in that consignment to that receiver."""

    code = "not_in_transit"
    hint = "A lot is received once, in the consignment it was shipped in, by its consignee."

    def __init__(self, lot_id: str, *, consignment: str, at: str) -> None:
        super().__init__(
            f"{lot_id} is not on its way to you in the consignment {consignment}.",
            at=at,
            lot_id=lot_id,
            consignment=consignment,
        )


class NotWholeLot(TraceabilityError):
    """A shipment names a lot but not its whole amount."""

    code = "not_whole_lot"
    hint = "Ship a part as a new lot: give it an id of its own, and `from` the lot it is taken of."

    def __init__(self, lot_id: str, *, holds: int, given: int, unit: str, at: str) -> None:
        super().__init__(
            f"{lot_id} holds {_told(holds, unit)}; {_told(given, unit)} would be a part of it.",
            at=at,
            lot_id=lot_id,
            holds=str(holds),
            given=str(given),
            unit=unit,
        )


class ConsignmentExists(TraceabilityError):
    """A consignment is shipped once."""

    code = "consignment_exists"
    hint = "Give each shipment a consignment id of its own."

    def __init__(self, consignment: str, *, at: str) -> None:
        super().__init__(
            f"The consignment {consignment} was shipped before.", at=at, consignment=consignment
        )


class InsufficientBalance(TraceabilityError):
    """A statement takes more gross mass, or pieces, out of a lot than it then holds."""

    code = "insufficient_balance"
    hint = "Record the missing receipt first, or send a correction for the wrong quantity."

    def __init__(self, *, lot_id: str, holds: int, asked: int, unit: str, at: str) -> None:
        super().__init__(
            f"Lot {lot_id} holds {_told(holds, unit)}; {_told(asked, unit)} cannot leave it.",
            at=at,
            lot_id=lot_id,
            holds=str(holds),
            asked=str(asked),
            unit=unit,
        )


class GrossNotConserved(TraceabilityError):
    """A blend makes another mass than it takes."""

    code = "gross_not_conserved"
    hint = (
        "A blend conserves gross mass to the milligram; losses and gains are events of their own."
    )

    def __init__(self, *, taken: int, made: int, unit: str, at: str) -> None:
        super().__init__(
            f"{_told(taken, unit)} go in and {_told(made, unit)} come out.",
            at=at,
            taken=str(taken),
            made=str(made),
            unit=unit,
        )


class UnitMismatch(TraceabilityError):
    """A quantity in pieces where the lot is booked by mass, or the reverse."""

    code = "unit_mismatch"
    hint = "Give the quantity in the kind of unit the lot is booked in."

    def __init__(self, lot_id: str, *, booked: str, given: str, at: str) -> None:
        super().__init__(
            f"{lot_id} is booked in {booked}; the quantity is in {given}.",
            at=at,
            lot_id=lot_id,
            booked=booked,
            given=given,
        )


class BasisMismatch(TraceabilityError):
    """A dry quantity out of a lot booked wet, or the reverse."""

    code = "basis_mismatch"
    hint = "Give the mass on the basis the lot is booked on; moisture belongs in `moisture`."

    def __init__(self, lot_id: str, *, booked: str, given: str, at: str) -> None:
        super().__init__(
            f"{lot_id} is booked {booked}; the quantity is {given}.",
            at=at,
            lot_id=lot_id,
            booked=booked,
            given=given,
        )


class UnknownFacility(TraceabilityError):
    """A facility that nobody registered, or another's that cannot be named for this."""

    code = "unknown_facility"
    hint = "Name a facility of yours; register it first (`registry.facility`)."

    def __init__(self, facility: str, *, at: str) -> None:
        super().__init__(f"There is no facility {facility}.", at=at, facility=facility)


class WrongFacility(TraceabilityError):
    """A facility of yours whose type cannot do this, or that you registered for another."""

    code = "wrong_facility"
    hint = "Name a facility you operate, registered with the type that does this work."


class UnknownOrganization(TraceabilityError):
    """An organization that nobody registered."""

    code = "unknown_organization"
    hint = "Give somebody without a key by `name` and `country` instead."

    def __init__(self, organization: str, *, at: str) -> None:
        super().__init__(
            f"There is no organization {organization} here.", at=at, organization=organization
        )


class NotOwner(TraceabilityError):
    """Title passes from its owner, by the owner's own statement."""

    code = "not_owner"
    hint = "The owner signs the transfer; a swap is one transfer by each side."

    def __init__(self, lot_id: str, *, author: str, at: str) -> None:
        super().__init__(f"{author} does not own {lot_id}.", at=at, lot_id=lot_id, author=author)


class InsufficientTitle(TraceabilityError):
    """More title than the author owns of a lot."""

    code = "insufficient_title"
    hint = "Transfer at most what you own; shares by element pass only as a whole."

    def __init__(self, lot_id: str, *, at: str) -> None:
        super().__init__(f"The author does not own that much of {lot_id}.", at=at, lot_id=lot_id)


class TitleNotBacked(TraceabilityError):
    """Title to a blend beyond what its declared owner put in."""

    code = "title_not_backed"
    hint = (
        "Mixing passes no title: transfer at most what you put in. For more, let its owner "
        "transfer to you what went in, void the blend and state it anew."
    )

    def __init__(self, lot_id: str, *, holds: int, unit: str, at: str) -> None:
        super().__init__(
            f"Of {lot_id} the author put in, or was transferred, {holds} {unit}; the rest was "
            "another's when it was mixed.",
            at=at,
            lot_id=lot_id,
            holds=str(holds),
        )


class UnknownStatement(TraceabilityError):
    """A correction names an entry that is none of the author's."""

    code = "unknown_statement"
    hint = "Name the entry hash from the receipt of your own statement."

    def __init__(self, entry: str, *, at: str) -> None:
        super().__init__(f"There is no statement {entry} of yours.", at=at, entry=entry)


class AlreadyReplaced(TraceabilityError):
    """A correction names an entry that a later one replaced."""

    code = "already_replaced"
    hint = "Name the head of the correction chain; the facts tell which entry that is."

    def __init__(self, entry: str, *, head: str, at: str) -> None:
        super().__init__(
            f"{entry} was replaced; the head is {head}.", at=at, entry=entry, head=head
        )


class MadeOfItself(TraceabilityError):
    """A correction says that a lot went into what it came of."""

    code = "made_of_itself"
    hint = "Name what went in then: a lot that came of the one you correct cannot have."

    def __init__(self, lot_id: str, *, made: str) -> None:
        super().__init__(
            f"{lot_id} came of {made} and cannot have gone into it.",
            at="$.body.replacement.body",
            lot_id=lot_id,
            made=made,
        )


class NotCorrectable(TraceabilityError):
    """A statement that cannot be corrected in this way."""

    code = "not_correctable"
    hint = "Void the statement and record what is right."

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"This {kind} cannot be corrected: {why}.", at="$.body", kind=kind)


class NotErasable(TraceabilityError):
    """An erasure of what the record cannot be verified without."""

    code = "not_erasable"
    hint = "Erase the statement that holds what must go; these two kinds hold nobody's data."

    def __init__(self, kind: str) -> None:
        super().__init__(f"A {kind} is not erased.", at="$.body.entry", kind=kind)


class AlreadyActedOn(TraceabilityError):
    """An amendment of something that was used, received or passed on since."""

    code = "already_acted_on"
    hint = "What was stated since stands: void that first, send the goods back, or correct amounts."

    def __init__(self, lot_id: str) -> None:
        super().__init__(
            f"{lot_id} was used, received or passed on since.", at="$.body.replaces", lot_id=lot_id
        )


class LotsIncomplete(TraceabilityError):
    """A correction or void names other lots than it touches."""

    code = "lots_incomplete"
    hint = "List in `lots` exactly the lots that the old and the new statement touch."

    def __init__(self, lots: list[str], *, at: str) -> None:
        super().__init__(f"The statement touches {', '.join(lots) or 'no lot'}.", at=at, lots=lots)


class MayNotSign(TraceabilityError):
    """A kind of statement that an organization of this role may not make."""

    code = "may_not_sign"
    hint = "docs/record-format.md lists who may sign which kind."

    def __init__(self, kind: str, *, author: str) -> None:
        super().__init__(f"{author} may not make a {kind}.", at="$.kind", kind=kind, author=author)


class WrongAuthor(TraceabilityError):
    """The author named in the statement is not the one whose key signed it."""

    code = "wrong_author"
    hint = "`author` is the organization that the signing key is enrolled for."

    def __init__(self, *, author: str) -> None:
        super().__init__(
            f"The signing key is not enrolled for {author}.", at="$.author", author=author
        )


class UnknownKey(TraceabilityError):
    """A signature by a key that is not enrolled, or is revoked."""

    code = "unknown_key"
    hint = "Enrol the key first (`registry.key`), or sign with a key that is not revoked."

    def __init__(self, kid: str, *, revoked: bool = False) -> None:
        state = "revoked" if revoked else "not enrolled"
        super().__init__(f"The key {kid} is {state}.", at="$", kid=kid)


class KeyExists(TraceabilityError):
    """A key is enrolled once, for one organization, for ever."""

    code = "key_exists"
    hint = "Make a new key; a revoked key does not come back."

    def __init__(self, kid: str) -> None:
        super().__init__(f"The key {kid} was enrolled before.", at="$.body.key", kid=kid)


class OrganizationNeedsKey(TraceabilityError):
    """The first statement about an organization brings its first key."""

    code = "organization_needs_key"
    hint = "Add `key` with the public key and its proof of possession."

    def __init__(self, organization: str) -> None:
        super().__init__(
            f"{organization} is new and brings no key.", at="$.body.key", organization=organization
        )


class GenesisMisplaced(TraceabilityError):
    """The genesis statement is entry 0 and nothing else."""

    code = "genesis_misplaced"
    hint = "A ledger begins once, with `registry.genesis`, signed by the operator's key."

    def __init__(self, message: str) -> None:
        super().__init__(message, at="$.kind")


class UnknownCountry(TraceabilityError):
    """A country or subdivision that ISO 3166 does not have."""

    code = "unknown_country"
    hint = "Use ISO 3166-1 alpha-2 (`CA`) and ISO 3166-2 (`CA-QC`)."

    def __init__(self, country: str, *, at: str) -> None:
        super().__init__(f"ISO 3166 has no {country}.", at=at, country=country)


class WrongIdentifier(TraceabilityError):
    """An identifier of a known scheme whose form or check digits are wrong."""

    code = "wrong_identifier"
    hint = "Copy it again: LEI and GLN carry check digits, an RMI CID is CID and six digits."

    def __init__(self, scheme: str, value: str, *, at: str) -> None:
        super().__init__(f"{value} is no {scheme}.", at=at, scheme=scheme, value=value)


# ── recording and publishing ──────────────────────────────────────────────────────────────


class EntryTooLarge(TraceabilityError):
    """An entry would be larger than a log entry may be."""

    code = "entry_too_large"
    hint = "Touch fewer subjects in one statement."

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"The entry has {size} bytes; {limit} is the limit.", size=size, limit=limit
        )


class IdReused(TraceabilityError):
    """A statement id that its author used before, for other content."""

    code = "id_reused"
    hint = "Give every statement a new UUID; send the same bytes again to repeat a statement."

    def __init__(self, statement_id: str, *, entry: str) -> None:
        super().__init__(
            f"The id {statement_id} was used before for other content.",
            at="$.id",
            id=statement_id,
            entry=entry,
        )


class NotSubmittedByAuthor(TraceabilityError):
    """A statement sent in by another organization than the one that signed it."""

    code = "not_submitted_by_author"
    hint = "Send statements with credentials of the organization that signed them."

    def __init__(self, *, author: str) -> None:
        super().__init__("These credentials are not the author's.", at="$.author", author=author)


class TimeInTheFuture(TraceabilityError):
    """Something is said to have happened that has not."""

    code = "time_in_the_future"
    hint = "Up to five minutes ahead is accepted; check the clock and the offset."

    def __init__(self, text: str, *, at: str = "$.effective") -> None:
        super().__init__(f"{text} lies ahead.", at=at, effective=text)


class StreamOutOfStep(TraceabilityError):
    """A statement does not follow the head of its stream; a second one is kept as evidence."""

    code = "stream_out_of_step"
    hint = "Continue from the head in the facts; `prev` is the SHA-256 of the last JWS."

    def __init__(self, stream: str, *, next_seq: int, head: str) -> None:
        super().__init__(
            f"The stream {stream} goes on with seq {next_seq}.",
            at="$.stream",
            stream=stream,
            next_seq=next_seq,
            head=head,
        )


class BatchNotRecorded(TraceabilityError):
    """An item of an atomic batch in which another item was refused."""

    code = "batch_not_recorded"
    hint = "Mend the refused items and send the whole batch again."

    def __init__(self) -> None:
        super().__init__("Another item of this atomic batch was refused; nothing was recorded.")


class TooBusy(TraceabilityError):
    """Other transactions kept colliding with this one."""

    code = "too_busy"
    hint = "Send the same bytes again in a moment; nothing was recorded."

    def __init__(self) -> None:
        super().__init__("The ledger is too busy with the same lots.")


class GuardMissing(TraceabilityError):
    """The log has entries but the guard, kept outside the database, is gone."""

    code = "guard_missing"
    hint = (
        "Put the guard file back, or re-create it with `manage.py restore_guard` from a "
        "checkpoint that somebody else holds."
    )

    def __init__(self, path: str) -> None:
        super().__init__(f"The log is not empty and there is no guard at {path}.", path=path)


class LedgerRolledBack(TraceabilityError):
    """The database does not continue the last checkpoint that was signed."""

    code = "ledger_rolled_back"
    hint = (
        "The database is older than what was published, or was changed. Restore the newest "
        "copy; nothing is recorded or signed on this one."
    )


class GuardConflict(TraceabilityError):
    """Another process signed a checkpoint meanwhile."""

    code = "guard_conflict"
    hint = "One sequencer runs at a time; this one stops and the other goes on."

    def __init__(self) -> None:
        super().__init__("The guard holds another checkpoint than the one this process knew.")


class LedgerNotBegun(TraceabilityError):
    """There is no genesis yet."""

    code = "ledger_not_begun"
    hint = "Begin the ledger with `manage.py begin_ledger`."

    def __init__(self) -> None:
        super().__init__("This ledger has no genesis.")


class NoServiceKey(TraceabilityError):
    """The service holds no usable key for an organization."""

    code = "no_service_key"
    hint = "Sign the statement with the organization's own key and send the JWS."

    def __init__(self, organization: str) -> None:
        super().__init__(f"The service holds no key for {organization}.", organization=organization)


class LogDamaged(TraceabilityError):
    """A stored hash, link or text is not what it must be."""

    code = "log_damaged"
    hint = "Stop recording, keep this database as evidence, and restore from a copy that verifies."


# ── bundles and verification ──────────────────────────────────────────────────────────────


class MalformedBundle(TraceabilityError):
    """A file is not a proof bundle as its closed schema says."""

    code = "malformed_bundle"
    hint = "Pass the file on byte for byte, or have the lot exported again."


class NotPublishedYet(TraceabilityError):
    """No signed checkpoint commits to a lot yet."""

    code = "not_published_yet"
    hint = "Wait until the next checkpoint is published, at most a minute, and ask again."

    def __init__(self, lot: str) -> None:
        super().__init__(f"No checkpoint commits to lot {lot} yet.", lot=lot)


class UnverifiedSignatureLine(TraceabilityError):
    """A checkpoint carries a signature line that none of the given keys can check."""

    code = "unverified_signature_line"
    hint = "Give the verifier key of every log and witness key that signed the checkpoint."

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The checkpoint has a signature line of {name} that no given key verifies, or twice.",
            at="$.checkpoint",
            name=name,
        )


class EntryOfAnotherLedger(TraceabilityError):
    """An entry names another ledger than the one whose checkpoint proves it."""

    code = "entry_of_another_ledger"
    hint = "Have the lot exported by the ledger that it is recorded in."

    def __init__(self, named: str, *, ledger: str, at: str) -> None:
        super().__init__(
            f"The entry is of the ledger {named}, not of {ledger}.",
            at=at,
            named=named,
            ledger=ledger,
        )


class StatementNotOfEntry(TraceabilityError):
    """A statement is not the one whose digest its entry holds, or differs from it in kind."""

    code = "statement_not_of_entry"
    hint = "Somebody swapped or changed the statement: keep the file, ask for another export."


class KeyHistoryWithheld(TraceabilityError):
    """A statement that enrols or revokes a key is left out, so no key can be judged."""

    code = "key_history_withheld"
    hint = "Have the lot exported again, with all statements about organizations and keys."

    def __init__(self, organization: str, *, at: str) -> None:
        super().__init__(
            f"A statement about the keys of {organization} is withheld.",
            at=at,
            organization=organization,
        )


class ChainBroken(TraceabilityError):
    """A chain of entries has a gap, a fork, or does not begin where chains begin."""

    code = "chain_broken"
    hint = "An entry is left out, or was never there: keep the file, ask for another export."


class EntryNotOfHistory(TraceabilityError):
    """A bundle holds an entry or a subject that is no part of the lot's history."""

    code = "entry_not_of_history"
    hint = "The lot's name was changed, or something was added: ask for another export."


class NotErased(TraceabilityError):
    """A statement is missing as erased, and no erasure names it."""

    code = "not_erased"
    hint = "Only an erasure statement of the operator explains a missing text."


class DocumentDiffers(TraceabilityError):
    """A document is not the one whose digest a statement holds."""

    code = "document_differs"
    hint = "Ask whoever signed the statement for the document with this digest."

    def __init__(self, sha256: str, *, at: str) -> None:
        super().__init__(f"The document {sha256} has another content.", at=at, sha256=sha256)


class HeadsContradict(TraceabilityError):
    """Two checkpoints signed by one log cannot both be true."""

    code = "heads_contradict"
    hint = "Keep both notes and show them to everybody who relies on this log."


class ConsistencyUnproven(TraceabilityError):
    """Nothing shows that the bundle's checkpoint continues one that was seen before."""

    code = "consistency_unproven"
    hint = "Have the bundle exported with `--since` that checkpoint; keep both notes until then."


# ── the REST interface ────────────────────────────────────────────────────────────────────


class NoSuchAddress(TraceabilityError):
    """Nothing answers at an address."""

    code = "no_such_address"
    hint = "GET /api/schema/ lists every address; /api/ shows them to people."

    def __init__(self, path: str) -> None:
        super().__init__(f"Nothing answers at {path[:200]}.")


class MethodNotAllowed(TraceabilityError):
    """An address does not answer this method."""

    code = "method_not_allowed"
    hint = "The header `Allow` lists the methods; nothing recorded is ever changed or deleted."

    def __init__(self, method: str) -> None:
        super().__init__(f"{method[:20]} is not answered here.", method=method[:20])


class NotAuthenticated(TraceabilityError):
    """A request came without credentials, or with a token that is not good (any more)."""

    code = "not_authenticated"
    hint = "Get a token with your client's id and secret: POST /o/token/, client_credentials."

    def __init__(self, message: str = "This needs a token or a login.") -> None:
        super().__init__(message)


class NoOrganization(TraceabilityError):
    """An account that acts for no organization can see and say nothing."""

    code = "no_organization"
    hint = "The operator of the ledger names the organization that an account acts for."

    def __init__(self) -> None:
        super().__init__("This account acts for no organization.")


class ScopeMissing(TraceabilityError):
    """A token was issued for less than this."""

    code = "scope_missing"
    hint = "Ask for the scope when getting the token: `read` to read, `write` to record."

    def __init__(self, scope: str) -> None:
        super().__init__(f"The token does not have the scope {scope}.", scope=scope)


class NotPermitted(TraceabilityError):
    """The request is refused for who sends it, or how."""

    code = "not_permitted"
    hint = "From a browser, send the CSRF token; else see who may do this."

    def __init__(self, message: str) -> None:
        super().__init__(message)


class InvalidRequest(TraceabilityError):
    """A parameter or the body of a request has another form than the schema says."""

    code = "invalid_request"
    hint = "GET /api/schema/ says what each address takes."


class DepthOutOfRange(TraceabilityError):
    """A history is asked for to a depth that none has."""

    code = "depth_out_of_range"
    hint = "Give a whole number of steps, 1 or more, or leave the depth out to be told all."

    def __init__(self, *, depth: int, most: int) -> None:
        super().__init__(
            f"A history can be told 1 to {most} steps deep, not {depth}.", at="depth", most=most
        )


class NotADay(TraceabilityError):
    """A text that must be a calendar day is none."""

    code = "not_a_day"
    hint = "Write an existing day as YYYY-MM-DD, such as 2026-03-01."

    def __init__(self, text: str, *, at: str) -> None:
        super().__init__(f"{text[:40]!r} is no calendar day.", at=at)


class UnsupportedContentType(TraceabilityError):
    """A body comes in a content type, or an answer is asked for in one, that is not served."""

    code = "unsupported_content_type"
    hint = "Statements: application/jose, application/jose+json, application/json. Answers: JSON."

    def __init__(self, message: str) -> None:
        super().__init__(message)


class BatchTooLarge(TraceabilityError):
    """A batch holds more statements than one request may bring."""

    code = "batch_too_large"
    hint = "Send up to 10,000 statements and 16 MB at a time."

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            f"The batch has {count} statements; {limit} is the limit.", count=count, limit=limit
        )


class InternalFault(TraceabilityError):
    """Something went wrong that nobody foresaw; it is in the service's own records."""

    code = "internal_fault"
    hint = "Send the same request again later; a statement is never recorded twice."

    def __init__(self) -> None:
        super().__init__("The service failed to answer this request.")


class DatabaseNotAnswering(TraceabilityError):
    """The database of the ledger is away, or went away before it confirmed."""

    code = "database_not_answering"
    hint = "Send the same request again in a moment; a statement is never recorded twice."

    def __init__(self) -> None:
        super().__init__("The ledger's database does not answer.")


# ── certificates, policies, flags ─────────────────────────────────────────────────────────


class UnknownFlag(TraceabilityError):
    """There is no such flag of a club of the caller, about a lot it may see."""

    code = "unknown_flag"
    hint = "GET /api/v1/flags lists the flags of your clubs."

    def __init__(self, flag: int) -> None:
        super().__init__(f"There is no flag {flag} here for you.", flag=flag)


class UnknownCertificate(TraceabilityError):
    """There is no such certificate, or none about a site whose name is open to the caller."""

    code = "unknown_certificate"
    hint = (
        "GET /api/v1/certificates lists those you may see; state a certificate before its status."
    )

    def __init__(self, certificate: str, *, at: str = "") -> None:
        super().__init__(
            f"There is no certificate {certificate} here for you.", at=at, certificate=certificate
        )


class UnknownClub(TraceabilityError):
    """There is no such club, or the caller does not belong to it."""

    code = "unknown_club"
    hint = "GET /api/v1/clubs lists your clubs."

    def __init__(self, club: str) -> None:
        super().__init__(f"There is no club {club} here for you.", club=club)


class FlagNotOpen(TraceabilityError):
    """A decision on a flag that is settled already."""

    code = "flag_not_open"
    hint = "Read the flag again; a new verdict, or a colleague, has settled it."

    def __init__(self, *, flag: int, status: str) -> None:
        super().__init__(f"Flag {flag} is {status}.", flag=flag, status=status)


class UnknownQuestion(TraceabilityError):
    """There is no such question about a statement of the caller."""

    code = "unknown_question"
    hint = "GET /api/v1/questions lists the questions about your own statements."

    def __init__(self, question: int) -> None:
        super().__init__(f"There is no question {question} here for you.", question=question)


class QuestionNotOpen(TraceabilityError):
    """A reply to a question that nobody asks any more."""

    code = "question_not_open"
    hint = "Nothing is left to answer: no flag rests on the question any more."

    def __init__(self, question: int) -> None:
        super().__init__(f"Question {question} is not open any more.", question=question)


class MalformedReply(TraceabilityError):
    """A reply without text, with too much of it, or with something that is no digest."""

    code = "malformed_reply"
    hint = "Say what was so, and name documents by their SHA-256 in hexadecimal."


class ReasonMissing(TraceabilityError):
    """A decision without a reason, which nobody could understand later."""

    code = "reason_missing"
    hint = "Say in a sentence why; the supplier and the auditor will read it."

    def __init__(self) -> None:
        super().__init__("A decision needs a reason.", at="$.because")


class NotFollowedYet(TraceabilityError):
    """A question about a log size whose certificates and policies are not taken in yet."""

    code = "not_followed_yet"
    hint = "Ask again in a moment, or at the size that is followed."

    def __init__(self, *, known_at: int, followed: int) -> None:
        super().__init__(
            f"The log is followed up to size {followed}, not yet to {known_at}.",
            known_at=known_at,
            followed=followed,
        )


class UnknownPack(TraceabilityError):
    """No rule pack with this id and digest is kept here."""

    code = "unknown_pack"
    hint = "Name a pack that was activated on this ledger, as `id@digest`."

    def __init__(self, named: str) -> None:
        super().__init__(f"There is no rule pack {named}.", pack=named)


class NoSuchPolicy(TraceabilityError):
    """The club had adopted no policy below the log size in question."""

    code = "no_such_policy"
    hint = "Name a club that has adopted a policy, or ask at a later log size."

    def __init__(self, *, club: str, known_at: int) -> None:
        super().__init__(
            f"{club} has no policy below log size {known_at}.", club=club, known_at=known_at
        )


# ── set-up and operation ──────────────────────────────────────────────────────────────────


class NoPostgresFound(TraceabilityError):
    """Neither the environment, the wheel nor the system offers PostgreSQL binaries."""

    code = "no_postgres_found"
    hint = (
        "Set DATABASE_URL to a PostgreSQL 15 or newer, or PG_BIN to the directory of its "
        "binaries, or install PostgreSQL with the system's package manager."
    )

    def __init__(self) -> None:
        super().__init__("No PostgreSQL was found for the embedded database.")


class PostgresFailed(TraceabilityError):
    """A PostgreSQL program of the embedded database ended with an error."""

    code = "postgres_failed"
    hint = "The whole story is in .data/postgres.log; stop the command and run it again."

    def __init__(self, *, step: str, told: str) -> None:
        super().__init__(f"The embedded PostgreSQL failed at `{step}`: {told}", step=step)


class WrongPostgresVersion(TraceabilityError):
    """The embedded database was made by another major version of PostgreSQL."""

    code = "wrong_postgres_version"
    hint = (
        "Point PG_BIN to the binaries of that version, dump the ledger with pg_dump, "
        "and restore it into a new .data/."
    )

    def __init__(self, *, data_version: int, binaries_version: int) -> None:
        super().__init__(
            f"The data was made by PostgreSQL {data_version}; "
            f"the binaries found are PostgreSQL {binaries_version}.",
            data_version=data_version,
            binaries_version=binaries_version,
        )


class StateDirectoryNotUsable(TraceabilityError):
    """The directory that keeps the embedded database cannot be read or written."""

    code = "state_directory_not_usable"
    hint = "Run as the user who made it, or choose another directory with LEDGER_STATE."

    def __init__(self, *, path: str, because: str) -> None:
        super().__init__(f"{path} cannot be used: {because}.", path=path)


class InstallationFailed(TraceabilityError):
    """The virtual environment could not be made, or its libraries not be installed."""

    code = "installation_failed"
    hint = "Check the network, or PIP_INDEX_URL for a mirror; running it again continues."

    def __init__(self, *, step: str) -> None:
        super().__init__(f"Setting up the environment failed at: {step}", step=step)


class AlreadyServing(TraceabilityError):
    """Another `./run` serves this checkout already."""

    code = "already_serving"
    hint = "Use it, or stop it with Ctrl-C in its terminal."

    def __init__(self, *, told: str) -> None:
        super().__init__(f"This checkout is already being served: {told}.")


class AddressInUse(TraceabilityError):
    """The address to serve on is taken by another program, or is not ours to take."""

    code = "address_in_use"
    hint = "Choose another port, for example: PORT=8001 ./run"

    def __init__(self, *, address: str, because: str) -> None:
        super().__init__(f"Cannot serve on {address}: {because}.", address=address)


class SettingMissing(TraceabilityError):
    """A setting that production needs is not in the environment."""

    code = "setting_missing"
    hint = "docker-compose.yml shows every setting; ./run needs none."

    def __init__(self, *, name: str) -> None:
        super().__init__(f"The environment variable {name} is not set.", name=name)


class SettingNotUsable(TraceabilityError):
    """A setting is there, but its value cannot be what is meant."""

    code = "setting_not_usable"
    hint = "Correct the environment variable; nothing was started."

    def __init__(self, *, name: str, because: str) -> None:
        super().__init__(f"The environment variable {name} {because}.", name=name)


# ── scenarios ─────────────────────────────────────────────────────────────────────────────


class BadScenario(TraceabilityError):
    """A scenario cannot be understood, or says what cannot be replayed."""

    code = "bad_scenario"
    hint = "The form is in docs/scenario.schema.json; `manage.py replay --schema` prints it."


class DemoLedgerNeeded(TraceabilityError):
    """A scenario sets the clock, or uses keys or values that a real ledger must not take."""

    code = "demo_ledger_needed"
    hint = "Replay it on a ledger whose origin starts with `demo.`, such as that of ./run."

    def __init__(self, *, ledger: str, at: str) -> None:
        super().__init__(f"This is only for a demonstration ledger, not {ledger}.", at=at)


class StepRefused(TraceabilityError):
    """The ledger refused a statement of a scenario that was to be recorded, or in another way."""

    code = "step_refused"
    hint = "Correct the step, or say `refused` where the refusal is the point."

    def __init__(self, problem: Mapping[str, object], *, wanted: str | None, at: str) -> None:
        aim = f"to be refused as {wanted}" if wanted else "to be recorded"
        place = f" ({problem['at']})" if problem.get("at") else ""
        message = f"It was {aim}; the ledger says {problem['code']}: {problem['detail']}{place}"
        super().__init__(message, at=at, problem=dict(problem))


class StepNotRefused(TraceabilityError):
    """The ledger recorded a statement that a scenario says is refused."""

    code = "step_not_refused"
    hint = "Take `refused` away, or correct the step."

    def __init__(self, *, wanted: str, at: str) -> None:
        super().__init__(f"It was to be refused as {wanted}, and was recorded.", at=at)


class ScenarioChanged(TraceabilityError):
    """A scenario was changed after a step of it was replayed on this ledger."""

    code = "scenario_changed"
    hint = "Nothing recorded is edited: give the changed scenario an id of its own."

    def __init__(self, *, at: str) -> None:
        super().__init__("This ledger has recorded another statement for this step.", at=at)


class NameTaken(TraceabilityError):
    """A scenario would register an organization that others already work under."""

    code = "name_taken"
    hint = "Give the organization another id, or replay on a fresh ledger."

    def __init__(self, organization: str, *, at: str) -> None:
        super().__init__(f"{organization} is already registered on this ledger.", at=at)


class NothingToAnswer(TraceabilityError):
    """A question is about something that was not known at that log size."""

    code = "nothing_to_answer"
    hint = "Check the lot, the mineral and the club, or ask for a later log size."


class ImpossiblePeriod(TraceabilityError):
    """A period is no two calendar days, or ends before it begins."""

    code = "impossible_period"
    hint = "Write both days as YYYY-MM-DD, the first one first."

    def __init__(self, first: str, last: str) -> None:
        super().__init__(f"No period runs from {first!r} to {last!r}.", first=first, last=last)


class SiteTooBusy(TraceabilityError):
    """A balance would need more lots than one page computes."""

    code = "site_too_busy"
    hint = "Ask for a shorter period."

    def __init__(self, *, lots: int, most: int) -> None:
        message = f"{lots} lots were there or moved in this period; a page computes {most}."
        super().__init__(message, lots=lots, most=most)
