"""A registry's storage with a history, written as files: a hundred thousand tags in seconds, where pushes take an hour.

The layout is distribution's own, the same for 2.8 and 3.x (registry/storage/paths.go): links are files that hold a digest.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.bench.contents import Image, digest_of


class Storage:
    """What a registry finds below its `rootdirectory`. Links that say the same are one file: it only reads them."""

    def __init__(self, root: Path) -> None:
        self._root = root / "docker" / "registry" / "v2"

    def add(self, repository: str, images: Iterable[Image], *, whole: bool = True) -> int:
        """Puts images into a repository; how many tags they have. Layers are left out: nobody asks for them.

        Without `whole` there is only what a list of tags looks at.
        """
        folder = self._root / "repositories" / repository
        count = 0
        for image in images:
            tags = [folder / "_manifests" / "tags" / tag / "current" for tag in image.tags]
            revision = [folder / "_manifests" / "revisions" / _parts(image.digest)] if whole else []
            _link([*tags, *revision], image.digest)
            if whole:
                self._add_blobs(folder, image)
            count += len(tags)
        return count

    def _add_blobs(self, folder: Path, image: Image) -> None:
        config = digest_of(image.config)
        _link([folder / "_layers" / _parts(config)], config)
        self._add_blob(image.digest, image.content)
        self._add_blob(config, image.config)

    def _add_blob(self, digest: str, content: bytes) -> None:
        algorithm, _, number = digest.partition(":")
        data = self._root / "blobs" / algorithm / number[:2] / number / "data"
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_bytes(content)


def _link(folders: Iterable[Path], digest: str) -> None:
    """In each of the folders a file that names the digest."""
    first: Path | None = None
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / "link"
        if first is None:
            first = link
            first.write_text(digest)
        else:
            link.hardlink_to(first)


def _parts(digest: str) -> Path:
    algorithm, _, number = digest.partition(":")
    return Path(algorithm) / number
