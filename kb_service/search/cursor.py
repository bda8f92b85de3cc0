"""Signed cursors: they carry the remaining ranked ids, so paging partitions exactly the list first seen."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import zlib

from kb_service.errors import InvalidInput

_SIGNATURE_BYTES = 16


def make(secret: bytes, binding: str, ranked: list[tuple[int, int | None]]) -> str:
    """A cursor over (article id, passage) pairs, bound to the question and reader in ``binding``."""
    payload = b"".join(struct.pack("<Ii", article, -1 if passage is None else passage) for article, passage in ranked)
    packed = zlib.compress(payload, 6)
    return base64.urlsafe_b64encode(_sign(secret, binding, packed) + packed).rstrip(b"=").decode()


def read(secret: bytes, binding: str, cursor: str) -> list[tuple[int, int | None]]:
    """The pairs of a cursor; InvalidInput when it was not made here for this very question."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        signature, packed = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _sign(secret, binding, packed)):
            raise ValueError
        payload = zlib.decompress(packed)
    except (ValueError, zlib.error):
        raise InvalidInput("This cursor does not belong to this question; start again without it.", "/cursor") from None
    return [(article, None if passage < 0 else passage) for article, passage in struct.iter_unpack("<Ii", payload)]


def _sign(secret: bytes, binding: str, packed: bytes) -> bytes:
    return hmac.new(secret, binding.encode() + b"\0" + packed, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
