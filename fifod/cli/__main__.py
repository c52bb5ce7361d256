"""`python -m fifod.cli` is `fifod-client`."""

import sys

from fifod.cli import main

sys.exit(main())
