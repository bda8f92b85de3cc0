"""Proposed products: what title, section, labels and text say together; nothing where they disagree."""

from __future__ import annotations

from kb_service.authoring.proposals import Material, Proposer, folders_of
from kb_service.catalog.names import Names

LABELS = {"mail": "Harbour Mail", "mail-web": "Harbour Mail Web", "gateway": "Harbour Gateway"}
PROPOSER = Proposer(Names([(name, slug) for slug, name in LABELS.items()], LABELS), LABELS)


def product(title: str, text: str = "", *sections: str) -> str | None:
    proposal = PROPOSER.propose(Material(title, text, sections))
    return proposal.product if proposal else None


def test_title_section_and_text_agree() -> None:
    assert product("Harbour Gateway is slow", "The Harbour Gateway is slow.", "gateway", "troubleshoot") == "gateway"
    proposal = PROPOSER.propose(Material("Harbour Gateway is slow", "Harbour Gateway.", ("harbour-gateway",)))
    assert proposal and proposal.reasons == ("title", "section", "text")


def test_two_products_are_for_a_person_to_say() -> None:
    assert product("Harbour Gateway and Harbour Mail Web", "Harbour Gateway. Harbour Mail Web.") is None
    assert product("Nothing is named") is None


def test_an_umbrella_name_counts_less_unless_its_section_says_so() -> None:
    assert product("Harbour Mail is slow", "See the page.") is None
    assert product("Harbour Mail is slow", "See the page.", "harbour-mail") == "mail"


def test_folders_are_those_of_the_old_address() -> None:
    assert folders_of(["/exchange/troubleshoot/x?lang=en", "/x"]) == ("exchange", "troubleshoot")
