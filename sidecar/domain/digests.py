"""Content addresses and tags: types that refuse bad input when made. Whether bytes are what a digest says."""

import hashlib
import re
from typing import Final, Self

from sidecar.domain.errors import Invalid

DIGEST_PATTERN: Final = r"(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})"
TAG_PATTERN: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST: Final = re.compile(DIGEST_PATTERN)
_TAG: Final = re.compile(TAG_PATTERN)
_FALLBACK: Final = re.compile(r"sha(?:256-[a-f0-9]{64}|512-[a-f0-9]{64,128})(?:\.[a-z0-9]{1,16})?")


class Digest(str):
    """`sha256:<64 hex>` or `sha512:<128 hex>`: the algorithms that distribution takes for manifests."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not _DIGEST.fullmatch(value):
            raise Invalid("digest: must be sha256: and 64 hexadecimal digits, or sha512: and 128")
        return super().__new__(cls, value)

    def fits(self, content: bytes) -> bool:
        """Whether these bytes are what the digest names."""
        algorithm, _, expected = self.partition(":")
        return hashlib.new(algorithm, content).hexdigest() == expected


class Tag(str):
    """A tag's name: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}` (distribution's `reference.TagRegexp`)."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not _TAG.fullmatch(value):
            raise Invalid("tag: must be 1 to 128 of letters, digits, _, . and -, and not begin with . or -")
        return super().__new__(cls, value)

    @property
    def is_referrers_fallback(self) -> bool:
        """Whether a client made it and no person: `sha256-<hex>` lists a digest's referrers, `sha256-<hex>.sig` is one.

        Sources: OCI distribution specification, "Referrers Tag Schema"; cosign; registry fact 9.
        """
        return _FALLBACK.fullmatch(self) is not None
