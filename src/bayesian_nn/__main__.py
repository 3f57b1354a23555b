"""`python -m bayesian_nn` is the command `bayesian-nn`."""

import sys

from bayesian_nn.command_line.main import main

sys.exit(main())
