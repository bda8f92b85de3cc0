"""What the endpoints of replies, mails and snippets take and give."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from kb_service.cases.lifecycle import Status
from kb_service.cases.replies import Reply
from kb_service.cases.schemas import InteractionOut, Subject, Words
from kb_service.cases.sendable import SentArticle
from kb_service.customers.schemas import ShortLine
from kb_service.search.schemas import Channel
from kb_service.text import Block


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SentArticleIn(_In):
    """An article that goes with the reply, at the revision that was looked at. ``reason`` lets a warned one go."""

    article: Annotated[str, Field(min_length=1, max_length=40)]
    use: Literal["link", "passage", "rendering"] = "link"
    revision: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    anchor: Annotated[str, Field(max_length=200)] = ""
    query_id: Annotated[str | None, Field(max_length=40)] = None
    rank: Annotated[int | None, Field(ge=1, le=1000)] = None
    reason: ShortLine = ""


class ReplyIn(_In):
    """A reply to the customer, or a note for colleagues. Without a channel: by e-mail where there is an address."""

    kind: Literal["reply", "note"] = "reply"
    text: Annotated[Block, StringConstraints(strip_whitespace=True, max_length=100_000)] = ""
    channel: Channel | None = None
    articles: Annotated[list[SentArticleIn], Field(max_length=10)] = []
    status: Status | None = Field(default=None, description="The case's status afterwards; solved: send and solve.")
    ask_solved: bool = Field(default=True, description='Add the two links of "Did this solve it?"')
    with_frame: bool = Field(default=True, description="Put the queue's frame around it.")

    def to_reply(self) -> Reply:
        """As the service takes it."""
        articles = tuple(
            SentArticle(a.article, a.use, a.revision, a.anchor, a.query_id, a.rank, a.reason) for a in self.articles
        )
        return Reply(self.text, self.channel or "", articles, self.status, self.ask_solved, self.with_frame)


class ReplyOut(BaseModel):
    """What was said. ``take_back_until``: until then it can be taken back."""

    interaction: InteractionOut
    status: Status
    version: int
    take_back_until: AwareDatetime | None


class SendProblemOut(BaseModel):
    """Why an article should not go as it is. ``ways``: variant, correct_case, read_again, send_with_reason."""

    article: str
    title: str
    problem: str
    detail: str
    revision: int | None
    published_revision: int | None
    applies_to: list[str]
    context: str
    variants: list[dict[str, Any]]
    ways: list[str]


class ReplyPreview(BaseModel):
    """The reply as it would go, and what stops it."""

    channel: str
    to_address: str
    subject: str
    body: str
    mail_text: str
    problems: list[SendProblemOut]
    may_go: bool


class TakenBackOut(BaseModel):
    """The words, to go on with."""

    text: str
    articles: list[str]
    version: int


class MailOut(BaseModel):
    """A mail of the outbox."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    case_id: int | None
    interaction_id: int | None
    kind: str
    message_id: str
    to_address: str
    subject: str
    text: str
    state: str
    send_after: AwareDatetime
    attempts: int
    last_error: str
    created_at: AwareDatetime
    sent_at: AwareDatetime | None


class MailList(BaseModel):
    """Mails, the newest first; ``next_before`` goes on."""

    items: list[MailOut]
    next_before: int | None


class SnippetIn(_In):
    """A text for what is no answer, with the placeholders of frames."""

    title: Subject
    text: Words


class SnippetOut(BaseModel):
    """A snippet."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    text: str


class SnippetText(BaseModel):
    """A snippet with its placeholders filled for a case."""

    text: str
