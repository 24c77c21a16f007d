"""What of a repository can be counted and verified: its tags and its manifests."""

from enum import StrEnum


class Target(StrEnum):
    """A tag is keyed by its name, a manifest by its digest."""

    TAG = "tag"
    MANIFEST = "manifest"
