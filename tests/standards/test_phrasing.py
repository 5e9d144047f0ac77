"""Sentences of findings in other languages: read backwards into templates, filled anew."""

import gettext as machine
import re
from struct import pack

import pytest
from django.utils import translation
from django.utils.translation import trans_real

from standards.management.commands.list_sentences import TARGET, sentences_text
from standards.phrasing import Template, in_language, told
from standards.reading import sentence
from standards.rulebook.dossier_format import parse_dossier
from standards.rulebook.evaluation import evaluate
from standards.rulebook.law import Law
from standards.rulebook.pack_format import shipped_packs
from standards.rulebook.rules import RULES
from standards.sentences import SENTENCES

EVERY = sorted((Template(text=one) for one in SENTENCES), key=lambda one: one.weight, reverse=True)
KEPT = (
    "0 % of the Cu was worked by sites that held an award on the day; at least 100 % needed; "
    "Norte works (norte:works): its award was valid until 2026-05-31, not on 2026-06-20"
)
SPANISH = {
    "%(interval_text)s of the %(mineral)s %(words)s": (
        "el %(interval_text)s del %(mineral)s %(words)s"
    ),
    "was worked by sites that held an award on the day": (
        "pasó por plantas con una distinción ese día"
    ),
    "at least %(threshold)s needed": "se necesita al menos %(threshold)s",
}


def kept_sentences():
    """Return the sentences of a share of the packs' test vectors, as findings keep them."""
    packs = shipped_packs()
    law = Law(packs)
    rules = {rule.id: rule for rule in RULES}
    found = set()
    for one in packs:
        for vectors in one.vectors.values():
            for vector in vectors[::5]:
                dossier = parse_dossier(vector["dossier"])
                [finding] = evaluate(dossier, law, [rules[vector["rule"]]]).findings
                found.add(finding.because)
                found.update(line.because for line in finding.lines)
                found.update((*finding.missing, *finding.notices))
    return sorted(found)


@pytest.fixture(scope="module")
def kept():
    return kept_sentences()


def loud(text):
    """Translate into capitals, so that what is left small is a fact or is not explained."""
    return re.sub(
        r"%\(\w+\)s|%%|[^\W\d_]+", lambda one: one[0] if one[0][0] == "%" else one[0].upper(), text
    )


def test_the_list_is_that_of_the_rulebook_as_it_stands():
    is_current = TARGET.read_text(encoding="utf-8") == sentences_text()
    assert is_current, "run manage.py list_sentences"


def test_filled_with_its_own_words_every_sentence_is_what_it_was(kept):
    assert len(kept) > 150
    for one in kept:
        assert told(one, EVERY, lambda text: text) == one


def test_nearly_all_sentences_are_explained_by_a_template(kept):
    silent = [one for one in kept if told(one, EVERY, loud) == one and " " in one]
    assert len(silent) <= len(kept) // 20, silent


def test_facts_are_carried_over_untouched(kept):
    ids = re.compile(r"[a-z][a-z-]+:[A-Za-z0-9_.-]+|\d{4}-\d\d-\d\d")
    for one in kept:
        assert sorted(ids.findall(told(one, EVERY, loud))) == sorted(ids.findall(one)), one


def test_of_two_templates_the_weightier_is_meant_and_facts_may_be_sentences():
    templates = [
        Template(text=text)
        for text in ("%(a)s was not awarded by the scheme", "%(a)s by the scheme", "nobody at all")
    ]
    assert told("nobody at all was not awarded by the scheme", templates, loud) == (
        "NOBODY AT ALL WAS NOT AWARDED BY THE SCHEME"
    )


def test_few_words_beside_a_phrase_that_nobody_knows_explain_nothing():
    slight = [Template(text="%(worst)s to %(best)s")]
    assert told("40 % to 60 %", slight, loud) == "40 % TO 60 %"
    assert told("it is theirs to be set in time", slight, loud) == "it is theirs to be set in time"


def test_a_percent_sign_of_the_words_themselves_stays_one():
    assert told("100 % of mine", [Template(text="100 %% of %(whose)s")], loud) == "100 % OF mine"


@pytest.mark.parametrize("bad", ["%(other)s", "%(site)d", "%(site"])
def test_a_translation_with_other_places_than_ours_leaves_the_sentence(bad):
    template = Template(text="%(site)s holds no award of the scheme")
    text = "norte:works holds no award of the scheme"
    assert told(text, [template], lambda _text: bad) == text


# ── through a translation of Django's ─────────────────────────────────────────────────────


def compiled(messages):
    """Return a catalogue as gettext reads it (.mo), of messages by their English text."""
    told_of = {"": "Content-Type: text/plain; charset=UTF-8\n"} | messages
    pairs = sorted((one.encode(), two.encode()) for one, two in told_of.items())
    at, tables, texts = 28 + 16 * len(pairs), [], b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(pack("<II", len(pair[column]), at + len(texts)))
            texts += pair[column] + b"\0"
    head = pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + b"".join(tables) + texts


@pytest.fixture
def spanish(tmp_path, settings, monkeypatch):
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(compiled(SPANISH))
    settings.LOCALE_PATHS = [tmp_path]
    monkeypatch.setattr(trans_real, "_translations", {})
    monkeypatch.setattr(machine, "_translations", {})
    with translation.override("es"):
        yield


def test_a_kept_finding_is_read_in_spanish_with_the_facts_it_was_kept_with(spanish):
    assert SPANISH.keys() <= set(SENTENCES)
    assert sentence(KEPT) == (
        "El 0 % del Cu pasó por plantas con una distinción ese día; se necesita al menos 100 %; "
        "Norte works (norte:works): its award was valid until 2026-05-31, not on 2026-06-20."
    )


def test_in_english_a_kept_finding_is_what_it_is():
    with translation.override("en"):
        assert in_language(KEPT) == KEPT
    with translation.override(None):
        assert in_language(KEPT) == KEPT
