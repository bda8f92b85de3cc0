"""What the checks found, as responses and pages show it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import asdict

from kb_service.articles.addresses import article_url
from kb_service.articles.models import Article
from kb_service.authoring.checks import Report
from kb_service.authoring.checks_models import LinkFinding
from kb_service.authoring.checks_schemas import (
    ChecksOut,
    DuplicateOut,
    FindingOut,
    LinkFindingOut,
    MemberOut,
    PairOut,
)
from kb_service.authoring.duplicates_finding import Duplicate
from kb_service.authoring.findings_repository import Pair
from kb_service.catalog.vocabulary import Catalog
from kb_service.errors import InvalidInput


def view_report(report: Report, catalog: Catalog) -> ChecksOut:
    """A report."""
    return ChecksOut(
        is_clear=not report.findings and not report.duplicates,
        findings=[FindingOut(**asdict(finding)) for finding in report.findings],
        duplicates=[view_duplicate(duplicate, catalog) for duplicate in report.duplicates],
    )


def view_duplicate(duplicate: Duplicate, catalog: Catalog) -> DuplicateOut:
    """A duplicate with its reasons."""
    evidence = duplicate.evidence
    return DuplicateOut(
        article=duplicate.article,
        number=duplicate.number,
        title=duplicate.title,
        url=article_url(duplicate.number, duplicate.title),
        likeness=round(duplicate.likeness, 3),
        meaning=round(evidence.meaning, 3),
        words=round(evidence.words, 3),
        contained=round(evidence.contained, 3),
        title_words=round(evidence.title, 3),
        shared=list(evidence.shared),
        common=catalog.describe(duplicate.common),
    )


def view_pair(pair: Pair) -> PairOut:
    """A pair."""
    row = pair.row
    return PairOut(
        id=row.id,
        likeness=round(row.likeness, 3),
        state=row.state,
        articles=[_member(pair.low), _member(pair.high)],
        why=row.detail,
        found_at=row.found_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def _member(article: Article) -> MemberOut:
    url = article_url(article.number, article.title)
    return MemberOut(article=article.id, number=article.number, title=article.title, url=url)


def view_link_finding(finding: LinkFinding, article: Article) -> LinkFindingOut:
    """A flawed link."""
    return LinkFindingOut(
        article=article.id,
        number=article.number,
        title=article.title,
        kind=finding.kind,
        target=finding.target,
        message=finding.message,
        found_at=finding.found_at,
    )


def write_cursor(values: Sequence[float | int]) -> str:
    """Where a page ended, opaque to the caller."""
    return base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, count: int) -> list[float] | None:
    """The inverse of `write_cursor`; ``count`` numbers. Raises InvalidInput."""
    if not cursor:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        numbers = [float(value) for value in values]
        if len(numbers) != count or not all(abs(number) < 2**31 for number in numbers):
            raise ValueError(cursor)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise InvalidInput("This cursor was not made here; start again without one.", "/query/cursor") from None
    return numbers
