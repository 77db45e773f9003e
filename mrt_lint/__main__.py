"""`python -m mrt_lint` is `mrt`."""

import sys

from mrt_lint.cli import main

if __name__ == "__main__":
    sys.exit(main())
