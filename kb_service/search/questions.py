"""A message with several questions, each asked by itself; what of it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from indexers.embedding.port import EncoderUnavailable
from kb_service.catalog.context import Context
from kb_service.search.message import strip_wrapping
from kb_service.search.pipeline import make_filter
from kb_service.search.request import SearchRequest, SearchResponse
from kb_service.search.service import SearchService
from kb_service.search.splitting import Tools, Vector, split
from kb_service.search.understanding import read_text


@dataclass(slots=True)
class AskedQuestion:
    """One question of the message. ``answered``: the knowledge base has an answer, by the measure of every search."""

    text: str
    answered: bool
    response: SearchResponse


@dataclass(slots=True)
class Coverage:
    """How much of a message is answered, in words ("2 of 3 answered"), and each question with its results."""

    asked: int
    answered: int
    coverage: str
    questions: list[AskedQuestion]


def ask_each(search: SearchService, request: SearchRequest) -> Coverage:
    """Split the message and ask each question. Raises as ``search``."""
    message = read_text(request.query)
    parts = questions_of(search, request, message)
    asked = [_ask(search, request, part, message, len(parts)) for part in parts]
    answered = sum(one.answered for one in asked)
    return Coverage(len(asked), answered, f"{answered} of {len(asked)} answered", asked)


def questions_of(search: SearchService, request: SearchRequest, message: str) -> list[str]:
    """The questions of a message, by the encoder and the index as they are; one where the encoder is out."""
    snapshot, encoder = search.engine.snapshot(), search.retriever.encoder
    if snapshot.recipe_digest != encoder.recipe.digest():
        return [message]
    pipeline = search.pipeline
    filter = make_filter(request, pipeline.stated_matches(pipeline.signatures(snapshot), request.stated))

    def nearest(vector: Vector) -> float:
        found = snapshot.retrieve_semantic(vector, filter, 1).candidates
        return found[0].score if found else 0.0

    asked = strip_wrapping(message)
    try:
        parts = split(asked, Tools(encoder.encode_queries, nearest))
    except EncoderUnavailable:
        return [message]
    return parts if len(parts) > 1 else [message]


def _ask(search: SearchService, request: SearchRequest, part: str, message: str, count: int) -> AskedQuestion:
    if count > 1:
        request = replace(request, query=part, inferred=_inferred(search, request.inferred, part, message))
    response = search.search(request)
    return AskedQuestion(part, not response.no_answer, response)


def _inferred(search: SearchService, given: Context, part: str, message: str) -> Context:
    """What a part does not say itself, the message says for it: a product is named once."""
    own, whole = (search.catalog.find_in_text(text[:2000]) for text in (part, message))
    if not given.is_empty or own.product:
        return given
    return whole
