"""The words that the database searches by while the index is out: of titles, keywords and the issue.

They are kept beside the articles, not with them: a job follows what is published, so that publishing waits for nothing
and a lost table fills again. A search believes only words of the published revision (`WordedArticle`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from indexers.analysis import analyze_query
from kb_service.articles.models import Article, Revision
from kb_service.articles.repository import is_published
from kb_service.db.session import Database
from kb_service.search.models import ArticleWord, WordedArticle

TITLE_WEIGHT, KEYWORD_WEIGHT, TEXT_WEIGHT = 3, 3, 1
MAX_LEAD_CHARACTERS = 800
MAX_WORD_CHARACTERS = 80
_BATCH = 200
_RUN_SECONDS = 30.0
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)


def words_of(revision: Revision) -> dict[str, int]:
    """Analysed words with what each is worth. Of the text only what stands before the first heading is taken:
    it applies wherever its article does.
    """
    found: dict[str, int] = {}
    texts = ((TEXT_WEIGHT, revision.short_answer), (TEXT_WEIGHT, _lead(revision.issue or revision.body)))
    for weight, text in (*texts, (KEYWORD_WEIGHT, " ".join(revision.keywords)), (TITLE_WEIGHT, revision.title)):
        for word in analyze_query(text):
            if len(word) <= MAX_WORD_CHARACTERS:
                found[word] = max(weight, found.get(word, 0))
    return found


def _lead(text: str) -> str:
    return _HEADING.split(text, maxsplit=1)[0][:MAX_LEAD_CHARACTERS]


def fill(database: Database, seconds: float = _RUN_SECONDS) -> str:
    """Bring the words of changed articles up to date, for ``seconds`` at most; returns a line for the job's record."""
    until, total = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        count = database.write(_fill_some)
        total += count
        if count < _BATCH:
            break
    return f"read the words of {total} articles"


def _fill_some(session: Session) -> int:
    other = or_(WordedArticle.revision_id.is_(None), WordedArticle.revision_id != Article.published_revision_id)
    rows = session.execute(
        select(Article.id, Revision)
        .join(Revision, Revision.id == Article.published_revision_id)
        .outerjoin(WordedArticle, WordedArticle.article_id == Article.id)
        .where(is_published(), other)
        .order_by(Article.id)
        .limit(_BATCH)
    ).all()
    _replace(session, [(article_id, revision) for article_id, revision in rows])
    return len(rows)


def _replace(session: Session, articles: Sequence[tuple[int, Revision]]) -> None:
    ids = [article_id for article_id, _ in articles]
    if not ids:
        return
    session.execute(delete(ArticleWord).where(ArticleWord.article_id.in_(ids)))
    session.execute(delete(WordedArticle).where(WordedArticle.article_id.in_(ids)))
    session.execute(insert(WordedArticle), [{"article_id": i, "revision_id": r.id} for i, r in articles])
    words = [
        {"word": word, "article_id": article_id, "weight": weight}
        for article_id, revision in articles
        for word, weight in words_of(revision).items()
    ]
    if words:
        session.execute(insert(ArticleWord), words)
