"""`python -m sidecar`: the command line."""

import gc

gc.disable()

from sidecar.cli.main import main  # noqa: E402 - what is imported stays, and looking for what doesn't took an eighth of a start

gc.enable()

if __name__ == "__main__":
    main()
