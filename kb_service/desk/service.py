"""What an agent does at the desk beside answering: bulk changes, putting off, calling colleagues. Callers commit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb_service.articles.access import get_known
from kb_service.auth.actors import Actor, Role, Scope, actor_for
from kb_service.auth.models import User
from kb_service.cases import changes, repository
from kb_service.cases import service as cases
from kb_service.cases.models import Case, Interaction
from kb_service.cases.schemas import CasePatch, CaseSummary
from kb_service.catalog.vocabulary import Catalog
from kb_service.db.base import utcnow
from kb_service.desk.models import Colleague, Mention, NotThis, Presence, SavedView, Snooze
from kb_service.desk.schemas import (
    BesideCase,
    BulkIn,
    BulkOut,
    ColleagueOut,
    DeskOut,
    MentionOut,
    Refused,
    ViewIn,
)
from kb_service.desk.views import count_views, customer_names, user_id
from kb_service.errors import Conflict, InvalidInput, KbError

REPLYING_SECONDS = 8
MAX_VIEWS = 30
MAX_SNOOZE = timedelta(days=90)


def glance(session: Session, actor: Actor) -> DeskOut:
    """Views, calls and colleagues."""
    people = colleagues(session)
    mine = session.get(Colleague, actor.id)
    return DeskOut(
        me=actor.id,
        my_id=user_id(actor),
        name=actor.name,
        is_away=mine is not None and mine.is_away,
        views=count_views(session, actor),
        mentions=_calls(session, actor),
        colleagues=people,
    )


def colleagues(session: Session) -> list[ColleagueOut]:
    """Everybody who works on cases, and who is away."""
    away = set(session.scalars(select(Colleague.actor).where(Colleague.is_away.is_(True))))
    users = session.scalars(select(User).where(User.disabled_at.is_(None)).order_by(User.name, User.email))
    return [
        ColleagueOut(id=user.id, name=user.name or user.email, is_away=f"user:{user.id}" in away)
        for user in users
        if actor_for("", "", Role(user.role)).may(Scope.CASES_WRITE)
    ]


def _calls(session: Session, actor: Actor) -> list[MentionOut]:
    statement = (
        select(Mention, Case)
        .join(Case, Case.id == Mention.case_id)
        .where(Mention.actor == actor.id, Mention.seen_at.is_(None), repository.visible(session, actor))
        .order_by(Mention.id.desc())
        .limit(20)
    )
    return [
        MentionOut(id=m.id, case=c.number, subject=c.subject, by_name=m.by_name, created_at=m.created_at)
        for m, c in session.execute(statement)
    ]


def beside(session: Session, case: Case, actor: Actor) -> BesideCase:
    """What stands beside a case."""
    names = customer_names(session, {case.customer_id} if case.customer_id else set())
    name, address = names.get(case.customer_id or 0, ("", ""))
    assignee = session.get(User, case.assignee_id) if case.assignee_id else None
    earlier = repository.list_cases(
        session, repository.CaseFilter(customer_id=case.customer_id), actor, 11, None
    ) if case.customer_id else []  # fmt: skip
    snooze = session.get(Snooze, (case.id, actor.id))
    return BesideCase(
        customer_name=name,
        customer_address=address,
        assignee_name=(assignee.name or assignee.email) if assignee else "",
        earlier=[CaseSummary.model_validate(other) for other in earlier if other.id != case.id][:10],
        not_this=list(session.scalars(select(NotThis.article_id).where(NotThis.case_id == case.id))),
        here=who_replies(session, case.id, actor),
        snoozed_until=snooze.until if snooze and snooze.until > utcnow() else None,
    )


def who_replies(session: Session, case_id: int, actor: Actor) -> list[str]:
    """Names of colleagues who reply to a case now."""
    since = utcnow() - timedelta(seconds=REPLYING_SECONDS)
    statement = select(Presence.name).where(
        Presence.case_id == case_id, Presence.doing == "replying", Presence.seen_at > since, Presence.actor != actor.id
    )
    return sorted(session.scalars(statement))


def see_calls(session: Session, case: Case, actor: Actor) -> None:
    """The calls into this case were looked at."""
    unseen = select(Mention).where(Mention.case_id == case.id, Mention.actor == actor.id, Mention.seen_at.is_(None))
    for mention in session.scalars(unseen):
        mention.seen_at = utcnow()
    session.flush()


def set_away(session: Session, actor: Actor, is_away: bool) -> None:
    """Present or away."""
    session.merge(Colleague(actor=actor.id, is_away=is_away, updated_at=utcnow()))
    session.flush()


def note_presence(session: Session, case: Case, actor: Actor, doing: str) -> None:
    """What somebody does with a case now; "nothing" takes it away."""
    if doing == "nothing":
        session.execute(delete(Presence).where(Presence.case_id == case.id, Presence.actor == actor.id))
        return
    try:
        with session.begin_nested():
            session.merge(Presence(case_id=case.id, actor=actor.id, name=actor.name, doing=doing, seen_at=utcnow()))
    except IntegrityError:
        return  # the same said twice at once


def put_off(session: Session, case: Case, actor: Actor, until: datetime | None) -> None:
    """Out of one's views until a moment; None: back now. Raises InvalidInput."""
    now = utcnow()
    if until is None:
        session.execute(delete(Snooze).where(Snooze.case_id == case.id, Snooze.actor == actor.id))
        return
    if not now < until <= now + MAX_SNOOZE:
        raise InvalidInput("Put off until a moment within the next 90 days.", "/until")
    session.merge(Snooze(case_id=case.id, actor=actor.id, until=until))
    session.flush()


def bulk(session: Session, body: BulkIn, catalog: Catalog, actor: Actor) -> BulkOut:
    """One change for many cases: each whole or not at all; what is refused says why."""
    done, refused = [], []
    for reference in dict.fromkeys(body.cases):
        try:
            with session.begin_nested():
                case = repository.find_case(session, reference, actor, lock=True)
                _change(session, case, body, catalog, actor)
                done.append(case.number)
        except KbError as error:
            refused.append(Refused(case=reference, detail=error.detail))
    return BulkOut(done=done, refused=refused)


def _change(session: Session, case: Case, body: BulkIn, catalog: Catalog, actor: Actor) -> None:
    patch: dict[str, object] = {}
    if body.assignee_id is not None:
        patch["assignee_id"] = body.assignee_id
    if body.add_tags or body.remove_tags:
        kept = [tag for tag in case.tags if tag not in body.remove_tags]
        patch["tags"] = list(dict.fromkeys([*kept, *body.add_tags]))[:30]
    if patch:
        changes.change_case(session, case, CasePatch.model_validate(patch), catalog, actor)
    if body.status and body.status.value != case.status:
        cases.move(session, case, body.status, "", actor)


def add_note(session: Session, case: Case, text: str, call: list[int], actor: Actor) -> tuple[Interaction, list[str]]:
    """A note, and the colleagues called by it who may see the case. Raises InvalidInput."""
    told, _ = cases.tell(session, case, cases.Message(text, "internal", kind="note"), actor)
    called = []
    for number in dict.fromkeys(call):
        user = session.get(User, number)
        if user is None or user.disabled_at or not _may_see(session, case, user):
            raise InvalidInput("Somebody you call cannot see this case; assign it to another queue first.", "/call")
        session.add(Mention(case_id=case.id, interaction_id=told.id, actor=f"user:{user.id}", by_name=actor.name))
        called.append(user.name or user.email)
    cases.audit(session, actor, "called", case, people=call) if called else None
    session.flush()
    return told, called


def _may_see(session: Session, case: Case, user: User) -> bool:
    theirs = actor_for(f"user:{user.id}", user.name, Role(user.role), user.groups)
    is_seen = select(Case.id).where(Case.id == case.id, repository.visible(session, theirs))
    return theirs.may(Scope.CASES_READ) and session.scalar(is_seen) is not None


def not_this(session: Session, case: Case, article_id: int, is_it: bool, actor: Actor) -> None:
    """An article does not answer this case; or does after all."""
    row = session.get(NotThis, (case.id, article_id))
    if is_it and row is not None:
        session.delete(row)
    elif not is_it and row is None:
        session.add(NotThis(case_id=case.id, article_id=article_id, actor=actor.id))
    session.flush()


def save_view(session: Session, body: ViewIn, catalog: Catalog, actor: Actor) -> SavedView:
    """Keep a view. Raises Conflict, UnknownCatalogEntry."""
    mine = session.scalars(select(SavedView).where(SavedView.owner == actor.id)).all()
    if len(mine) >= MAX_VIEWS:
        raise Conflict(f"You keep {MAX_VIEWS} views already; remove one first.")
    wanted = body.wanted.model_dump(mode="json", exclude_none=True)
    if body.wanted.product:
        wanted["product"] = catalog.resolve_product(body.wanted.product, "/wanted/product")
    view = SavedView(owner=actor.id, name=body.name, wanted=wanted)
    session.add(view)
    session.flush()
    return view


def known_article(session: Session, article_id: int, actor: Actor) -> int:
    """The id of an article that the actor may know. Raises NotFound."""
    return get_known(session, article_id, actor).id
