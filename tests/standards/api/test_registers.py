"""Copies of registers and declarations over HTTP: what is public, what is whose."""

import pytest

from standards.importing import Said, accept, compare
from standards.models import Declaration
from tests.standards.world import NOW
from traceability.models import Reading

pytestmark = pytest.mark.django_db(transaction=True)

FILE = (
    b"name,facility,country,materials,level,status\n"
    b"Pit,mine:pit,CL,Cu,IRMA 75,completed\n"
    b"Other,,PE,Cu Zn,,in process\n"
    b"Third,,CA,graphite,IRMA 50,completed\n"
    b"Far,-,AU,Fe,,completed\n"
)
CLAIM = {"scheme": "irma", "code": "contains", "wording": "From an IRMA 75 mine."}


def imported(world, as_of="2026-10-30", content=FILE):
    said = Said(
        register="irma",
        as_of=as_of,
        title="Published audits",
        url="https://scheme.example/audits",
        complete=True,
    )
    ready = compare(content, said, author="scheme", now=NOW)
    accept(ready, basis=ready.basis, now=NOW)
    world.catch_up()
    return ready.body["snapshot"]


def declared(world, *recipients, name="smelter:d1", author="smelter", **changes):
    body = {
        "declaration": name,
        "form": "claims",
        "lots": ["smelter:cathode"],
        "recipients": [{"organization": one} for one in recipients],
        "claims": [CLAIM],
    } | changes
    world.say("standards.declaration", author, body, on="2026-04-01")
    world.follow()


def listed(client, what):
    answer = client.get(f"/api/v1/{what}")
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


def is_missing(client, address, code):
    """Tell whether an address answers, byte for byte, as one that never was."""
    answer = client.get(f"/api/v1/{address}")
    return answer.status_code == 404 and answer.json()["code"] == code


# ── registers ─────────────────────────────────────────────────────────────────────────────


def test_everybody_sees_copies_and_rows_but_a_match_only_where_its_name_is_open(world, client_of):
    name = imported(world)

    for caller in ("mine", "scheme", "operator", "club", "buyer", "stranger"):
        client = client_of(caller)
        [copy] = listed(client, "snapshots?scheme=irma")
        assert (copy["snapshot"], copy["rows"], copy["left_out"]) == (name, 3, 1)
        assert copy["is_newest"]
        first, *others = listed(client, f"snapshots/{name}/rows")
        assert (first["name"], first["level"]) == ("Pit", "IRMA 75")
        knows = caller in ("mine", "scheme", "operator")
        assert first.get("facility") == ("mine:pit" if knows else None), caller
        assert [row["name"] for row in others] == ["Other", "Third"]
        assert "level" not in others[0]  # what a register does not say is left out
        found = listed(client, f"snapshots/{name}/rows?facility=mine:pit")
        assert len(found) == (1 if knows else 0)


def test_rows_are_filtered_and_come_in_pages(world, client_of):
    name = imported(world)
    client = client_of("stranger")

    def names(query):
        return [row["name"] for row in listed(client, f"snapshots/{name}/rows?{query}")]

    assert names("country=PE") == ["Other"]
    assert names("material=Cu") == ["Pit", "Other"]
    assert names("status=Completed&level=irma 50") == ["Third"]
    first = client.get(f"/api/v1/snapshots/{name}/rows?limit=2").json()
    second = client.get(f"/api/v1/snapshots/{name}/rows?limit=2&cursor={first['next']}").json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    for wrong in ("cursor=x", "material=copper", "colour=red"):
        answer = client.get(f"/api/v1/snapshots/{name}/rows?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_copies_are_listed_newest_first_and_filtered(world, client_of):
    first = imported(world)
    second = imported(world, as_of="2026-10-31")
    client = client_of("buyer")

    assert [one["snapshot"] for one in listed(client, "snapshots")] == [second, first]
    assert [one["snapshot"] for one in listed(client, "snapshots?newest=true")] == [second]
    assert listed(client, "snapshots?complete=false") == []
    assert client.get("/api/v1/snapshots?complete=1").status_code == 400
    assert client.get(f"/api/v1/snapshots/{first}").json()["is_newest"] is False
    assert is_missing(client, "snapshots/scheme:none", "unknown_snapshot")
    assert is_missing(client, "snapshots/scheme:none/rows", "unknown_snapshot")


def test_the_file_goes_to_whoever_stated_it_and_to_the_operator(world, client_of):
    name = imported(world)

    for caller in ("scheme", "operator"):
        answer = client_of(caller).get(f"/api/v1/snapshots/{name}/file")
        assert (answer.status_code, answer.content) == (200, FILE)
    for caller in ("mine", "stranger", "club"):
        assert is_missing(client_of(caller), f"snapshots/{name}/file", "unknown_snapshot")


# ── declarations ──────────────────────────────────────────────────────────────────────────


def test_a_declaration_is_its_authors_and_its_recipients_and_nobody_elses(world, client_of):
    world.say("registry.audience", "club", {"audience": "club", "members": ["mine"]})
    declared(world, "buyer", "club")

    for caller in ("smelter", "buyer", "club", "mine", "operator"):
        [one] = listed(client_of(caller), "declarations")
        assert (one["declaration"], one["author"]) == ("smelter:d1", "smelter")
        assert one["record"]["claims"][0]["wording"] == CLAIM["wording"]
        assert client_of(caller, "view_lot").get("/api/v1/declarations/smelter:d1").json()
    for caller in ("stranger", "scheme", "club-two"):
        client = client_of(caller)
        assert listed(client, "declarations") == []
        told = client.get("/api/v1/declarations/smelter:d1")
        never = client.get("/api/v1/declarations/smelter:d9")
        assert told.status_code == never.status_code == 404
        assert told.content == never.content.replace(b"smelter:d9", b"smelter:d1")


def test_its_author_learns_who_read_it(world, client_of):
    declared(world, "buyer")
    client_of("buyer").get("/api/v1/declarations/smelter:d1")
    client_of("smelter").get("/api/v1/declarations/smelter:d1")

    listed(client_of("buyer", "view_lot"), "declarations")

    [reading] = Reading.objects.filter(what="declaration", person="person-buyer-0")
    assert (reading.reader, reading.owner, reading.lot) == ("buyer", "smelter", "smelter:d1")
    assert Reading.objects.filter(what="declaration").count() == 2  # the list tells it, too


def test_an_auditor_reads_what_was_declared_of_granted_lots_and_sites(world, client_of):
    world.register("auditor", "auditor")
    declared(world, facilities=["smelter:works"])
    auditor = client_of("auditor")
    assert listed(auditor, "declarations") == []

    def granted(name, **what):
        body = {"grant": f"smelter:{name}", "auditor": "auditor", "until": "2099-12-31"}
        world.say("registry.grant", "smelter", body | {"facilities": [], "lots": []} | what)

    granted("other", facilities=["smelter:works"])
    assert len(listed(auditor, "declarations")) == 1
    declared(world, name="smelter:d2")
    assert len(listed(auditor, "declarations")) == 1
    granted("lots", lots=["smelter:cathode"])
    assert len(listed(auditor, "declarations")) == 2


def test_what_is_said_to_others_later_does_not_show_but_that_it_was_replaced_does(world, client_of):
    declared(world, "buyer")
    declared(world, "club", claims=[CLAIM | {"wording": "Another wording."}])
    buyer, club, smelter = (client_of(one) for one in ("buyer", "club", "smelter"))

    [old], [new], [own] = (listed(one, "declarations") for one in (buyer, club, smelter))
    assert (old["record"]["claims"][0]["wording"], old["is_replaced"]) == (CLAIM["wording"], True)
    assert (new["record"]["claims"][0]["wording"], new["is_replaced"]) == (
        "Another wording.",
        False,
    )
    assert own["index"] == new["index"]
    versions = smelter.get("/api/v1/declarations/smelter:d1").json()["versions"]
    assert [one["index"] for one in versions] == [new["index"], old["index"]]

    declared(world, withdrawn=True, claims=[])
    for client in (buyer, club, smelter):
        [one] = listed(client, "declarations")
        assert (one["withdrawn"], one["is_replaced"]) == (True, False)
    assert Declaration.objects.count() == 3


def test_declarations_are_filtered_and_come_in_pages(world, client_of):
    declared(world, "buyer")
    declared(
        world,
        "buyer",
        name="smelter:d2",
        form="attestation",
        lots=[],
        claims=[],
        answers=[{"question": "child_labour", "answer": "no"}],
    )
    client = client_of("buyer")

    def names(query):
        return [one["declaration"] for one in listed(client, f"declarations?{query}")]

    assert names("lot=smelter:cathode") == ["smelter:d1"]
    assert names("form=attestation") == ["smelter:d2"]
    assert names("author=mine") == []
    assert names("withdrawn=true") == []
    page = client.get("/api/v1/declarations?limit=1").json()
    assert [one["declaration"] for one in page["items"]] == ["smelter:d2"]
    assert names(f"limit=1&cursor={page['next']}") == ["smelter:d1"]
