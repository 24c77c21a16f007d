"""docs/forgeries.md, made from the catalogue: `python -m tests.forgery.page` writes it anew."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

from tests.forgery.catalogue import FORGERIES
from tests.forgery.forgeries import Needs
from tests.forgery.secrets import DOORS, OPENS, SECRETS, TAMPERED, UNSENDABLE

PAGE: Final = Path(__file__).parents[2] / "docs" / "forgeries.md"

_HEAD: Final = """\
# Forgeries

What nobody was given opens nothing. This page lists what was tried: forged registry tokens, and secrets of ours in the
wrong place, beside the wrong name, or changed a little. It is made from the tests: `python -m tests.forgery.page` writes it
anew.

## Secrets

Which kind of secret opens which door; the tests show each to all of them. What is blank is refused.

{doors}

None of these is taken for the secret that it was made of, at any door, whichever kind it is:

{tampered}

A secret that is made to look like another kind, with the checksum of that, is none; neither is one of perfect form that
was never given out.

A right secret is refused beside any user name but its owner's, and those that say "a token" (TS-34). Among what was tried
are look-alikes in other alphabets, a dot or a zero byte behind the name, SQL, `*`, `allUsers` and `sidecar`.

At the registry itself no secret of ours opens anything: it knows registry tokens and nothing else.

## Registry tokens

{count} ways to make a token that the sidecar didn't make. The tests show each one to every route of the sidecar, by every
way in which a route takes credentials, and to real registries of both lines that are configured as `sidecar init` has it.

- The sidecar refuses each everywhere: registry tokens, whoever made them, open none of its doors (TS-68).
- So does it refuse the same forgeries made of the token of an OIDC provider that it trusts, by whoever has no key of that
  provider's.
- A registry never grants what was not signed. Most of the first two groups ask for what nobody was ever given, and get it
  nowhere.
- *taken* means that a registry lets a token pass that is not byte for byte one of ours, for exactly the access that we
  signed and not for more. Registries are laxer than they need be; nothing follows from it, because the sidecar revokes
  credentials and never tokens by their text (S33).

The last two groups need a key that never leaves the sidecar. They tell what a registry looks at besides the signature:
dates, the chain, the audience. Whoever holds the CA's key can make tokens as good as ours, so that key is what to guard.
"""

_GROUPS: Final[dict[Needs, str]] = {
    "nothing of ours": "Made of nothing but what anybody can read",
    "a token of ours": "Made of a token that was given out",
    "the leaf's key": "Made with the key that signs tokens",
    "the CA's key": "Made with the CA's key",
}


def page() -> str:
    """The whole page."""
    head = _HEAD.format(
        doors="\n".join(_doors()),
        tampered=textwrap.fill("; ".join((*TAMPERED, *UNSENDABLE)), 120),
        count=len(FORGERIES),
    )
    return head + "".join(_group(needs) for needs in get_args(Needs))


def _doors() -> Iterator[str]:
    """A row for each kind of secret, a column for each door."""
    yield f"| | {' | '.join(DOORS)} |"
    yield "|---" * (len(DOORS) + 1) + "|"
    for kind, title in SECRETS.items():
        yield f"| {title} | {' | '.join('opens' if door in OPENS[kind] else ' ' for door in DOORS)} |"


def _group(needs: Needs) -> str:
    rows = "\n".join(_rows(needs))
    return f"\n### {_GROUPS[needs]}\n\n| forgery | sidecar | registry 2.8 | registry 3.x |\n|---|---|---|---|\n{rows}\n"


def _rows(needs: Needs) -> Iterator[str]:
    for forgery in FORGERIES:
        if forgery.needs == needs:
            told = ["taken" if line in forgery.taken_by else "refused" for line in ("2", "3")]
            yield f"| {forgery.name} | refused | {' | '.join(told)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
