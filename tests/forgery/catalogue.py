"""All forgeries of registry tokens."""

from typing import Final

from tests.forgery import algorithms, chains, claims, signatures
from tests.forgery.forgeries import Forgery

FORGERIES: Final[tuple[Forgery, ...]] = (
    *signatures.forgery,
    *algorithms.forgery,
    *chains.forgery,
    *chains.by_leaf,
    *claims.forgery,
    *chains.by_authority,
)
