"""What is made of the secret files: the signer, the sealing's keys, the administrator's token, the events' secrets.

Each raises SecretFileError where its file can't be taken (decision 9).
"""

from datetime import timedelta

from sidecar.adapters.sealing import SealingKeyError, keys_of
from sidecar.adapters.signing import AuthorityError, LeafSigner, load_authority
from sidecar.config import Config, SecretFileError, read_secret
from sidecar.ports import Clock, Randomness


def token_signer(config: Config, clock: Clock, randomness: Randomness) -> LeafSigner:
    """What signs registry tokens by the installation's CA."""
    tokens = config.tokens
    key = read_secret(tokens.ca_key, config.secrets.allow_readable)
    try:
        authority = load_authority(tokens.ca_certificate.read_bytes(), key.encode())
    except AuthorityError as error:
        raise SecretFileError(f"{tokens.ca_certificate}, {tokens.ca_key}: {error}") from None
    return LeafSigner(
        authority,
        issuer=tokens.issuer,
        audience=tokens.service,
        leaf_lifetime=timedelta(hours=tokens.leaf_lifetime_hours),
        clock=clock,
        randomness=randomness,
    )


def administrators_token(config: Config) -> str | None:
    """None where the file was removed, which takes the token away."""
    path = config.administrator.token_file
    return read_secret(path, config.secrets.allow_readable) if path.exists() else None


def pull_secret_keys(config: Config) -> list[bytes]:
    """None where there is no file: then no other registry's password can be kept or read."""
    path = config.pull_secrets.key_file
    if not path.exists():
        return []
    try:
        return keys_of(read_secret(path, config.secrets.allow_readable))
    except SealingKeyError as error:
        raise SecretFileError(f"{path}: {error}") from None


def event_secrets(config: Config) -> list[str]:
    """None where there is no file: then no event is rightful."""
    path = config.events.secrets_file
    return read_secret(path, config.secrets.allow_readable).split() if path.exists() else []
