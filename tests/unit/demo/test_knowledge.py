"""The sample company's knowledge is consistent with itself.

Reads only the files (yaml and the standard library), so that it holds whatever the service does with them. The small
applicability predicate here is written apart from the product's on purpose: two that agree are better than one.
"""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3] / "kb_service" / "demo" / "knowledge"
REQUIRED = {
    "id",
    "title",
    "short_answer",
    "type",
    "topics",
    "applies_to",
    "audience",
    "state",
    "keywords",
}
OPTIONAL = {"family", "issue", "environment", "cause", "resolution"}
ARTICLE_TYPES = {"problem", "howto", "faq", "error", "policy", "reference"}
QUESTION_TYPES = {
    "symptom",
    "keyword",
    "howto",
    "identifier",
    "email",
    "context",
    "no_answer",
}
AUDIENCES = {"public", "customer", "agent", "author", "partner"}
LINK = re.compile(r"\]\(kb:([^)\s]+)\)")
HEADING = re.compile(r'^#{2,6} .+?\{applies_to="([^"]*)"\}$', re.MULTILINE)
Entry = dict[str, Any]
Key = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Article:
    """One file: its front matter and its body."""

    path: Path
    fields: Entry
    body: str

    @property
    def is_public(self) -> bool:
        return (self.fields["audience"], self.fields["state"]) == (
            ["public"],
            "published",
        )


@functools.cache
def articles() -> dict[str, Article]:
    found: dict[str, Article] = {}
    for path in sorted((ROOT / "articles").glob("*.md")):
        _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
        article = Article(path, yaml.safe_load(front), body)
        assert article.fields["id"] not in found, f"{path.name}: id used twice"
        found[article.fields["id"]] = article
    return found


@functools.cache
def catalog() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "catalog.yaml").read_text(encoding="utf-8"))
    return loaded


@functools.cache
def questions() -> list[dict[str, Any]]:
    lines = (ROOT / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def families() -> dict[str, list[Article]]:
    grouped: dict[str, list[Article]] = {}
    for article in articles().values():
        if "family" in article.fields:
            grouped.setdefault(article.fields["family"], []).append(article)
    return grouped


def paths(nodes: list[dict[str, Any]], above: str = "") -> Iterator[str]:
    for node in nodes:
        path = f"{above}{node['slug']}"
        yield path
        yield from paths(node["children"], f"{path}/")


def releases(product: str) -> list[str]:
    return [r["version"] for p in catalog()["products"] if p["slug"] == product for r in p["releases"]]


def sections(article: Article) -> list[Entry]:
    """The entries on the article's headings, in the shape of a front-matter entry."""
    entries: list[Entry] = []
    for attribute in HEADING.findall(article.body):
        entry: Entry = dict(part.split("=", 1) for part in attribute.split("; "))
        if "os" in entry:
            entry["os"] = entry["os"].split(",")
        entries.append(entry)
    return entries


def version_key(version: str) -> Key:
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    return tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts)


LAST: Key = ((2, 0, ""),)
Interval = tuple[Key, Key]


def interval(expression: str) -> Interval:
    """The half-open interval of a conjunction such as ">=10.2,<12", or of one version and all beneath it."""
    low: Key = ()
    high: Key = LAST
    for part in (piece.strip() for piece in expression.split(",")):
        if part.startswith(">="):
            low = max(low, version_key(part[2:]))
        elif part.startswith("<"):
            high = min(high, version_key(part[1:]))
        else:
            base = version_key(part.removesuffix(".*"))
            low, high = max(low, base), min(high, base + LAST)
    return low, high


def versions_overlap(stated: str | list[str] | None, version: str | None) -> bool:
    if stated is None or version is None:
        return True
    low, high = interval(version)
    expressions = [stated] if isinstance(stated, str) else stated
    return any(max(low, a) < min(high, b) for a, b in map(interval, expressions))


def entry_covers(entry: Entry, context: dict[str, str]) -> bool:
    product, system = context.get("product"), context.get("os")
    if product and entry.get("product") not in (None, product):
        return False
    if system and "os" in entry and not any(f"{system}/".startswith(f"{node}/") for node in entry["os"]):
        return False
    return versions_overlap(entry.get("versions"), context.get("version"))


def covers(article: Article, context: dict[str, str]) -> bool:
    entries = article.fields["applies_to"]
    return not entries or any(entry_covers(entry, context) for entry in entries)


def stated_axes(article: Article) -> int:
    return max((len(entry) for entry in article.fields["applies_to"]), default=0)


def test_every_article_has_the_required_fields_and_no_unknown_ones() -> None:
    for article in articles().values():
        names = set(article.fields)
        assert names >= REQUIRED, (article.path.name, REQUIRED - names)
        assert names <= REQUIRED | OPTIONAL, (
            article.path.name,
            names - REQUIRED - OPTIONAL,
        )
        assert article.path.stem == article.fields["id"]


def test_values_come_from_the_closed_lists() -> None:
    for article in articles().values():
        fields = article.fields
        assert fields["type"] in ARTICLE_TYPES, article.path.name
        assert fields["state"] in {"published", "draft"}, article.path.name
        assert fields["audience"] and set(fields["audience"]) <= AUDIENCES, article.path.name
        assert fields["keywords"] and all(isinstance(word, str) for word in fields["keywords"]), article.path.name


def test_short_answers_fit_into_300_characters() -> None:
    too_long = [a.path.name for a in articles().values() if not 0 < len(a.fields["short_answer"]) <= 300]
    assert too_long == []


def test_problems_and_errors_carry_the_issue_and_its_cause() -> None:
    for article in articles().values():
        if article.fields["type"] in {"problem", "error"} and article.is_public:
            assert article.fields.get("issue") and article.fields.get("cause"), article.path.name


def test_articles_are_neither_stubs_nor_books() -> None:
    for article in articles().values():
        texts = [article.fields.get(name, "") for name in ("title", "short_answer", "issue", "cause", "resolution")]
        words = len(" ".join([*texts, article.body]).split())
        assert 80 <= words <= 350, (article.path.name, words)


def test_families_have_at_least_two_members_each() -> None:
    lonely = {name for name, members in families().items() if len(members) < 2}
    assert lonely == set()
    assert len(families()) >= 25


def test_links_between_articles_resolve() -> None:
    for article in articles().values():
        for target in LINK.findall(article.body + article.fields.get("resolution", "")):
            assert target in articles(), (article.path.name, target)


def test_public_articles_link_only_to_public_articles() -> None:
    for article in articles().values():
        if article.is_public:
            hidden = [target for target in LINK.findall(article.body) if not articles()[target].is_public]
            assert hidden == [], article.path.name


def test_products_systems_and_topics_exist_in_the_catalog() -> None:
    products = {product["slug"] for product in catalog()["products"]}
    systems = set(paths(catalog()["operating_systems"]))
    topics = set(paths(catalog()["topics"]))
    for article in articles().values():
        assert set(article.fields["topics"]) <= topics, article.path.name
        for entry in [*article.fields["applies_to"], *sections(article)]:
            assert set(entry) <= {"product", "versions", "os"}, article.path.name
            assert entry.get("product") in products | {None}, article.path.name
            assert set(entry.get("os", [])) <= systems, article.path.name


def test_every_heading_attribute_is_well_formed() -> None:
    for article in articles().values():
        assert article.body.count("{applies_to=") == len(HEADING.findall(article.body)), article.path.name


def test_every_section_applies_to_some_release_of_its_article() -> None:
    for article in articles().values():
        for section in sections(article):
            product = section.get("product")
            contexts = [{"product": product, "version": v} for v in releases(product)] if product else [{}]
            assert any(covers(article, c) and entry_covers(section, c) for c in contexts), (article.path.name, section)


def test_versions_are_written_as_text() -> None:
    for article in articles().values():
        for entry in article.fields["applies_to"]:
            stated = entry.get("versions", [])
            assert all(isinstance(v, str) for v in ([stated] if isinstance(stated, str) else stated)), article.path.name


def test_the_notice_points_to_a_public_article() -> None:
    notice = catalog()["notice"]
    for target in [notice["article"], *LINK.findall(notice["text"])]:
        assert articles()[target].is_public


def test_the_promised_numbers_are_there() -> None:
    everything = articles().values()
    assert len(everything) >= 125
    assert len(catalog()["products"]) == 3
    assert sum(article.is_public for article in everything) >= 100
    assert sum(bool(sections(article)) for article in everything) >= 15
    assert sum(article.fields["state"] == "draft" for article in everything) == 5
    audiences = Counter(audience for article in everything for audience in article.fields["audience"])
    assert audiences["customer"] >= 6 and audiences["agent"] >= 14 and audiences["author"] == 2


def test_the_question_set_has_every_type_in_the_promised_number() -> None:
    counts = Counter(question["type"] for question in questions())
    assert len(questions()) >= 160
    assert set(counts) == QUESTION_TYPES
    assert counts["context"] >= 45 and counts["email"] >= 8 and counts["no_answer"] >= 20


def test_question_ids_are_unique_and_no_question_is_asked_twice() -> None:
    assert len({question["id"] for question in questions()}) == len(questions())
    asked = [(question["text"], json.dumps(question["context"], sort_keys=True)) for question in questions()]
    assert len(set(asked)) == len(asked)


def test_contexts_name_only_what_the_catalog_knows() -> None:
    systems = set(paths(catalog()["operating_systems"]))
    products = {product["slug"] for product in catalog()["products"]}
    for question in questions():
        context = question["context"]
        assert set(context) <= {"product", "version", "os"}, question["id"]
        assert context.get("product") in products | {None}, question["id"]
        assert context.get("os") in systems | {None}, question["id"]
        assert "version" not in context or "product" in context, question["id"]


def test_only_questions_without_an_answer_have_no_right_article() -> None:
    for question in questions():
        assert (question["articles"] == []) == (question["type"] == "no_answer"), question["id"]


def test_right_articles_are_public_published_and_cover_the_context() -> None:
    for question in questions():
        for name in question["articles"]:
            assert articles()[name].is_public, question["id"]
            assert covers(articles()[name], question["context"]), (question["id"], name)


def test_in_a_context_no_other_variant_is_as_right() -> None:
    for question in questions():
        if question["type"] != "context":
            continue
        right = articles()[question["articles"][0]]
        for sibling in families()[right.fields["family"]]:
            if sibling is not right and covers(sibling, question["context"]):
                assert stated_axes(sibling) < stated_axes(right), (
                    question["id"],
                    sibling.fields["id"],
                )


def test_the_same_words_have_different_right_answers_by_context() -> None:
    answers: dict[str, set[str]] = {}
    for question in questions():
        if question["type"] == "context":
            answers.setdefault(question["text"], set()).update(question["articles"])
    assert all(len(right) >= 2 for right in answers.values())


def test_identifiers_asked_for_stand_in_the_right_articles() -> None:
    for question in questions():
        code = re.match(r"(?:GW|DESK|SYNC|LH-\w+)-\w+", question["text"])
        if question["type"] == "identifier" and code:
            for name in question["articles"]:
                assert code.group() in articles()[name].path.read_text(encoding="utf-8"), (question["id"], name)


def test_the_small_predicate_reads_ranges_as_the_articles_mean_them() -> None:
    assert versions_overlap(">=10.2,<12", "11.2") and not versions_overlap(">=10.2,<12", "10.0")
    assert versions_overlap("10.4.*", "10") and versions_overlap(["2024"], "2024 SP1")
    assert versions_overlap(">=2025,<2025 CU2", "2025 CU1") and not versions_overlap(">=2025,<2025 CU2", "2025 CU2")
