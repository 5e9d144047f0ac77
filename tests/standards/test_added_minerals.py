"""A mineral that nobody foresaw is added as data, and then counted, named, traced and judged."""

from fractions import Fraction

import pytest

from standards.models import Assessment
from tests.standards.world import World, kg, owned_by, percent
from traceability.apps import know_materials
from traceability.downstream import descent_of
from traceability.errors import AssayImpossible, SettingNotUsable
from traceability.ledger.materials import in_use, packaged, use
from traceability.tracing import published_size
from traceability.upstream import provenance_of

ADDED = """
[minerals]
vanadium = "V"

[substances]
vanadium_pentoxide = "V2O5"
"""


@pytest.fixture
def known():
    yield
    use(packaged())


def lot(name, material, amount, **more):
    return {
        "lot": name,
        "material": material,
        "form": "powder",
        "quantity": kg(amount),
        "owners": owned_by(name.partition(":")[0]),
    } | more


def vanadium_chain(world):
    """Mine vanadium ore, assayed; refine it to V2O5 of 99 %, sold by its purity alone."""
    ore = lot("mine:ore", "vanadium_ore", "30000", assays=[percent("V", "1.2")])
    world.say("custody.extraction", "mine", {"facility": "mine:pit", "lot": ore})
    world.sent()
    pure = {"formula": "V2O5", "purity": "0.99", "basis": "dry"}
    flake = lot("smelter:flake", "vanadium_pentoxide", "600", compound=pure, role="product")
    body = {
        "facility": "smelter:works",
        "stage": "refining",
        "inputs": [{"lot": "mine:ore", "quantity": kg("30000"), "role": "feed"}],
        "outputs": [flake],
    }
    world.say("custody.transformation", "smelter", body, on="2026-03-20")
    world.offered("smelter:flake")
    world.catch_up()


@pytest.mark.django_db(transaction=True)
def test_an_added_mineral_is_counted_named_traced_and_judged(known, tmp_path):
    file = tmp_path / "materials.toml"
    file.write_text(ADDED, encoding="utf-8")
    know_materials(str(file))
    world = World()
    world.packs()
    world.policy()
    vanadium_chain(world)
    size = published_size()

    told = provenance_of("smelter:flake", size=size, reader="operator")
    [element] = [one for one in told.elements if one.element == "V"]
    pure = Fraction(600_000_000) * Fraction("0.99") * Fraction("101.883") / Fraction("181.878")
    assert element.low_mg == element.high_mg == str(round(pure))
    [source] = element.sources
    assert (source.kind, source.facility, source.share.percent) == ("mined", "mine:pit", "100.0000")
    hit = [line.as_text() for line in descent_of("mine:ore", size=size, reader="operator").lines()]
    assert any("smelter:flake" in line for line in hit)
    judged = Assessment.objects.filter(lot="smelter:flake").values_list("mineral", flat=True)
    assert set(judged) == {"V"}

    richer = lot("mine:x", "vanadium_pentoxide", "1", assays=[percent("V", "60")])
    with pytest.raises(AssayImpossible):  # what is called so holds no more than its formula
        world.say("custody.extraction", "mine", {"facility": "mine:pit", "lot": richer})


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "a file that can be read"), ("[minerals]\ncopper = 'Co'", "minerals.copper")],
)
def test_a_file_that_cannot_be_stops_the_process_before_anything_is_asked(
    known, tmp_path, text, why
):
    file = tmp_path / "materials.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingNotUsable) as refused:
        know_materials(str(file))
    assert "MATERIALS_FILE" in refused.value.message
    assert why in refused.value.message
    assert in_use() is packaged()
