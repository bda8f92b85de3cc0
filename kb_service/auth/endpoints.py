"""/v1/me, /v1/session, /v1/users and /v1/keys."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from kb_service.auth import repository, service, sessions
from kb_service.auth.actors import Actor, Role, Scope, actor_for
from kb_service.auth.gate import Gate
from kb_service.auth.keys import canonical_origin
from kb_service.auth.schemas import (
    Credentials,
    KeyCreated,
    KeyIn,
    KeyList,
    KeyOut,
    Me,
    UserIn,
    UserList,
    UserOut,
    WidgetTokenIn,
    WidgetTokenOut,
)
from kb_service.db.base import utcnow
from kb_service.errors import InvalidInput, NotAllowed
from kb_service.http import Created, CurrentActor, IdempotencyKey, ReadingSession, RowId, WritingSession, idempotent

router = APIRouter(prefix="/v1", tags=["access"])


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


def _describe(actor: Actor) -> Me:
    return Me(
        id=actor.id,
        name=actor.name,
        role=actor.role,
        audiences=sorted(actor.audiences),
        scopes=sorted(actor.scopes),
        csrf_token=actor.csrf_token,
    )


@router.get("/me", summary="Who am I?")
def read_me(actor: CurrentActor) -> Me:
    """The caller's role, audiences and scopes; ``role`` is null for an anonymous visitor."""
    return _describe(actor)


@router.post("/session", summary="Sign in with a cookie")
def sign_in(request: Request, response: Response, session: WritingSession, body: Credentials) -> Me:
    """Check the password and set the session cookie; a former session of this browser ends."""
    token = _gate(request).sign_in(request, session, body.email, body.password.get_secret_value())
    _gate(request).set_session(request, response, token)
    return _describe(_actor_of_new_session(session, token))


def _actor_of_new_session(session: Session, token: str) -> Actor:
    actor = sessions.actor_from_cookie(session, token)
    assert actor is not None, "the session was made in this transaction"
    return actor


@router.delete("/session", status_code=204, summary="Sign out", response_class=Response)
def sign_out(request: Request, session: WritingSession, actor: CurrentActor) -> Response:
    """End this browser's session and remove its cookie."""
    response = Response(status_code=204)
    _gate(request).sign_out(request, session, response)
    return response


@router.get("/users", summary="List users")
def list_users(session: ReadingSession, actor: CurrentActor) -> UserList:
    """Everyone who can sign in, disabled ones too."""
    actor.require(Scope.USERS_MANAGE)
    return UserList(users=[UserOut.model_validate(user) for user in repository.list_users(session)])


@router.post("/users", status_code=201, summary="Add a user", response_model=UserOut)
def create_user(
    request: Request, session: WritingSession, actor: CurrentActor, body: UserIn, key: IdempotencyKey = None
) -> Response:
    """Add a person with a role."""
    actor.require(Scope.USERS_MANAGE)

    def create() -> Created:
        user = service.create_user(session, body)
        return Created(UserOut.model_validate(user), {"Location": "/v1/users"})

    return idempotent(request, session, actor, body, create)


@router.post("/users/{user_id}/disable", summary="Disable a user")
def disable_user(session: WritingSession, actor: CurrentActor, user_id: RowId) -> UserOut:
    """Keep a person out and end all their sessions. The last admin stays."""
    actor.require(Scope.USERS_MANAGE)
    if actor.id == f"user:{user_id}":
        raise NotAllowed("You cannot disable yourself.")
    return UserOut.model_validate(service.disable_user(session, user_id))


@router.get("/keys", summary="List API keys")
def list_keys(session: ReadingSession, actor: CurrentActor) -> KeyList:
    """All keys, without their secrets."""
    actor.require(Scope.USERS_MANAGE)
    return KeyList(keys=[KeyOut.model_validate(row) for row in repository.list_keys(session)])


@router.post("/keys", status_code=201, summary="Create an API key")
def create_key(request: Request, session: WritingSession, actor: CurrentActor, body: KeyIn) -> KeyCreated:
    """Make a key. Its text is in this answer only, which is why a repeated request makes another key."""
    actor.require(Scope.USERS_MANAGE)
    row, made = service.create_key(session, body)
    _gate(request).forget()
    return KeyCreated(**KeyOut.model_validate(row).model_dump(), key=made.text)


@router.delete("/keys/{key_id}", summary="Revoke an API key")
def revoke_key(request: Request, session: WritingSession, actor: CurrentActor, key_id: RowId) -> KeyOut:
    """End a key: at once here, within a minute in other processes."""
    actor.require(Scope.USERS_MANAGE)
    row = service.revoke_key(session, key_id)
    session.commit()
    _gate(request).forget()
    return KeyOut.model_validate(row)


@router.post("/widget-tokens", status_code=201, summary="A short-lived token for <kb-agent>")
def post_widget_token(
    request: Request, body: WidgetTokenIn, session: ReadingSession, actor: CurrentActor
) -> WidgetTokenOut:
    """For the server of a page that hosts <kb-agent>, with its secret key; the token goes to the agent's browser.

    It allows no more than the key and the agent both do, and only from ``origin``, which a publishable key must name.
    """
    actor.require(Scope.CASES_WRITE)
    if not actor.id.startswith("key:"):
        raise NotAllowed("Widget tokens are fetched by a server, with its secret key.")
    origin = canonical_origin(body.origin)
    if origin is None or origin not in repository.list_origins(session, utcnow()):
        raise InvalidInput("Add this origin to a publishable key first: only named pages may host us.", "/origin")
    expires_at = utcnow() + timedelta(minutes=body.minutes)
    person = _agent(session, body.agent) if body.agent else None
    return WidgetTokenOut(token=_gate(request).widget_token(actor, person, origin, expires_at), expires_at=expires_at)


def _agent(session: Session, email: str) -> Actor:
    user = repository.find_user(session, email)
    if user is None or user.disabled_at is not None:
        raise InvalidInput("There is no active user with this e-mail address.", "/agent")
    return actor_for(f"user:{user.id}", user.name or user.email, Role(user.role), user.groups)
