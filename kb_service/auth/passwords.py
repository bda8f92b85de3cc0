"""Passwords: argon2id (RFC 9106) with the parameters of OWASP's password storage sheet (19 MiB, two passes)."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from kb_service.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check_password_rules(password: str, email: str, pointer: str = "/password") -> None:
    """Raise InvalidInput for a password that is too short, too long or the address itself."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInput(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.", pointer)
    if password.casefold() == email.casefold():
        raise InvalidInput("The password must differ from the e-mail address.", pointer)


def hash_password(password: str) -> str:
    """The hash to store, with its salt and parameters inside."""
    return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether ``password`` is right. Without a hash (unknown user) it takes as long, and is False."""
    known = password_hash is not None
    try:
        _hasher.verify(password_hash or _nobodys_hash(), password[:MAX_LENGTH])
    except (Argon2Error, InvalidHashError):
        return False
    return known


def needs_rehash(password_hash: str) -> bool:
    """Whether the stored hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("nobody's password")
