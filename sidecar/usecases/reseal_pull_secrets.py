"""Seals the passwords of pull secrets with the newest key, so that the keys before it can be taken away."""

from dataclasses import dataclass, replace

from sidecar.domain.errors import Refused
from sidecar.domain.pull_secrets import PullSecret
from sidecar.ports import Store
from sidecar.ports.pull_secrets import Sealing


class PullSecretsLocked(Exception):
    """Passwords that no key opens; the message names their pull secrets and says what helps."""


@dataclass(frozen=True, slots=True)
class ResealPullSecrets:
    store: Store
    sealing: Sealing

    async def __call__(self) -> int:
        """How many were sealed anew; raises PullSecretsLocked, when the others are done, for those that don't open."""
        async with self.store.reading() as tables:
            kept = await tables.pull_secrets.sealed()
        locked = [secret for secret in kept if not self._opens(secret)]
        old = [secret for secret in kept if secret not in locked and not self._is_current(secret)]
        if old:
            await self._reseal(old)
        if locked:
            names = ", ".join(f"{secret.project}/{secret.name}" for secret in locked[:20])
            raise PullSecretsLocked(f"no key in pull_secrets.key_file opens {names}: bring the key back, or renew them")
        return 0

    async def _reseal(self, old: list[PullSecret]) -> None:
        """What was renewed or deleted meanwhile is left as it is now."""
        async with self.store.writing() as tables:
            for secret in old:
                now = await tables.pull_secrets.get(secret.project, secret.name)
                if now is not None and now.sealed == secret.sealed:
                    await tables.pull_secrets.replace(replace(now, sealed=self._anew(now)))

    def _anew(self, secret: PullSecret) -> bytes:
        about = secret.sealed_about()
        return self.sealing.seal(self.sealing.open(secret.sealed or b"", about), about)

    def _is_current(self, secret: PullSecret) -> bool:
        return self.sealing.is_current(secret.sealed or b"")

    def _opens(self, secret: PullSecret) -> bool:
        try:
            self.sealing.open(secret.sealed or b"", secret.sealed_about())
        except Refused:
            return False
        return True
