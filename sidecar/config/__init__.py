"""The configuration: YAML → frozen models. Unknown keys are refused, and every fault is told at once, with its path.

Secrets are never in it: it names files that hold them. Relative paths count from the folder of the configuration file.
`sections` has a module for each section, `document` the whole, and `values` the kinds of values that settings have.
"""

from sidecar.config.document import Config
from sidecar.config.errors import ConfigError, SecretFileError
from sidecar.config.secret_files import read_secret
from sidecar.config.sections.sign_in import Htpasswd, OidcProvider
from sidecar.config.settings import Setting, settings
from sidecar.config.yaml_file import parse_yaml, read_yaml

__all__ = [
    "Config",
    "ConfigError",
    "Htpasswd",
    "OidcProvider",
    "SecretFileError",
    "Setting",
    "parse_yaml",
    "read_secret",
    "read_yaml",
    "settings",
]
