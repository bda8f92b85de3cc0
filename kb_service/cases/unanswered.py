"""Cases that were solved without an article, for the gaps: implements `authoring.gaps_sources.GapSource`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from kb_service.authoring.gaps_sources import Sighting
from kb_service.cases.models import Case, CaseArticle

USES = ("linked", "sent", "solved")
MAX_TEXT = 500


class UnansweredCases:
    """Ended cases to which nobody linked, and in which nobody sent, an article."""

    def sightings(self, session: Session, after: datetime, until: datetime) -> Sequence[Sighting]:
        """Cases that ended in (after, until]."""
        answered = exists().where(CaseArticle.case_id == Case.id, CaseArticle.use.in_(USES))
        statement = (
            select(Case)
            .where(Case.ended_at > after, Case.ended_at <= until, Case.merged_into_id.is_(None), ~answered)
            .order_by(Case.id)
        )
        return [_sighting(case) for case in session.scalars(statement)]


def _sighting(case: Case) -> Sighting:
    return Sighting(
        reference=f"case:{case.id}",
        asker=f"customer:{case.customer_id}" if case.customer_id else f"case:{case.id}",
        text=f"{case.subject}\n{case.description}".strip()[:MAX_TEXT],
        reason="case",
        seen_at=case.ended_at or case.updated_at,
        product=case.product or "",
        version=(case.product_version or "") if case.product else "",
        os=case.os or "",
    )
