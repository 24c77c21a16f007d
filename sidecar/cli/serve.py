"""`sidecar serve`: runs the sidecar until it is told to stop."""

import asyncio

from sidecar.adapters.database import DatabaseError
from sidecar.bootstrap import serve as run
from sidecar.cli.failure import Failure
from sidecar.cli.options import ConfigFile
from sidecar.config import Config


def serve(config: ConfigFile) -> None:
    """Run the sidecar until SIGTERM or Ctrl-C.

    It migrates its database first, after copying the file. It logs JSON lines to standard error.

    \b
    Example:
      sidecar serve -c /etc/registry-sidecar/sidecar.yaml
    """
    settings = Config.load(config)
    try:
        asyncio.run(run(settings))
    except DatabaseError as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"can't start: {error.filename or settings.listen}: {error.strerror or error}") from None
