"""Users and keys: made, listed, disabled, revoked. Callers commit; who may call is decided at the edge."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb_service.auth import passwords, repository
from kb_service.auth.actors import PUBLIC, Actor, Role, Scope, actor_for
from kb_service.auth.keys import NewKey, canonical_origin, make_key
from kb_service.auth.models import ApiKey, User
from kb_service.auth.schemas import KeyIn, UserIn
from kb_service.db.base import utcnow
from kb_service.errors import Conflict, InvalidInput, NotFound
from kb_service.telemetry import Event, log


def create_user(session: Session, new: UserIn) -> User:
    """Add a person. Raises Conflict for an address that is taken."""
    email = new.email.casefold()
    password = new.password.get_secret_value()
    passwords.check_password_rules(password, email)
    if repository.find_user(session, email):
        raise Conflict("There is a user with this e-mail address already.")
    user = User(
        email=email,
        name=new.name,
        role=new.role.value,
        groups=sorted(set(new.groups)),
        password_hash=passwords.hash_password(password),
    )
    session.add(user)
    session.flush()
    log(Event.USER_CHANGED, user=user.id, change="created", role=user.role)
    return user


def disable_user(session: Session, user_id: int) -> User:
    """Keep a person out from now on: ends all sessions too."""
    user = _existing(session, user_id)
    if user.disabled_at is None:
        _keep_one_admin(session, user)
        user.disabled_at = utcnow()
        log(Event.USER_CHANGED, user=user.id, change="disabled")
    repository.delete_sessions_of(session, user.id)
    return user


def enable_user(session: Session, user_id: int) -> User:
    """Let a person in again, with the role and the password of before."""
    user = _existing(session, user_id)
    if user.disabled_at is not None:
        user.disabled_at = None
        log(Event.USER_CHANGED, user=user.id, change="enabled")
    return user


def set_role(session: Session, user_id: int, role: Role) -> User:
    """Give a person another role; it counts for their open sessions too. The last admin stays."""
    user = _existing(session, user_id)
    if user.role != role.value:
        _keep_one_admin(session, user)
        user.role = role.value
        log(Event.USER_CHANGED, user=user.id, change="role", role=user.role)
    return user


def _existing(session: Session, user_id: int) -> User:
    user = repository.get_user(session, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _keep_one_admin(session: Session, leaving: User) -> None:
    if leaving.role != Role.ADMIN.value:
        return
    others = (u for u in repository.lock_admins(session) if u.id != leaving.id and u.disabled_at is None)
    if not any(others):
        raise Conflict("This is the last admin; make another one first.")


def create_key(session: Session, new: KeyIn) -> tuple[ApiKey, NewKey]:
    """Make a key; its text is in the second value and nowhere else."""
    made = make_key(new.is_publishable)
    row = ApiKey(
        name=new.name,
        prefix=made.prefix,
        hash=made.hash,
        role=Role.CUSTOMER.value if new.is_publishable else new.role.value,
        groups=[] if new.is_publishable else sorted(set(new.groups)),
        scopes=[Scope.SEARCH.value] if new.is_publishable else sorted({scope.value for scope in new.scopes}),
        is_publishable=new.is_publishable,
        origins=_origins(new),
        expires_at=new.expires_at,
    )
    session.add(row)
    session.flush()
    log(Event.KEY_CREATED, key=row.id, publishable=row.is_publishable, role=row.role)
    return row, made


def _origins(new: KeyIn) -> list[str]:
    if not new.is_publishable:
        if new.origins:
            raise InvalidInput("Only publishable keys have origins.", "/origins")
        return []
    if not new.origins:
        raise InvalidInput("Name the origins of the pages that will use this key.", "/origins")
    origins = [canonical_origin(text) for text in new.origins]
    for index, origin in enumerate(origins):
        if origin is None:
            raise InvalidInput("An origin looks like https://help.example.com, without a path.", f"/origins/{index}")
    return sorted({origin for origin in origins if origin})


def revoke_key(session: Session, key_id: int) -> ApiKey:
    """End a key. Serving processes forget it within a minute, this one at once (Gate.forget)."""
    row = session.get(ApiKey, key_id)
    if row is None:
        raise NotFound("There is no such key.")
    if row.revoked_at is None:
        row.revoked_at = utcnow()
        log(Event.KEY_REVOKED, key=row.id)
    return row


def actor_of_key(row: ApiKey) -> Actor:
    """What a key may read and do; a publishable one reads the public audience and searches."""
    id = f"key:{row.id}"
    if row.is_publishable:
        return Actor(id, row.name, Role(row.role), frozenset({PUBLIC}), frozenset({Scope.SEARCH}))
    scopes = [Scope(scope) for scope in row.scopes] if row.scopes else None
    return actor_for(id, row.name, Role(row.role), row.groups, scopes)
