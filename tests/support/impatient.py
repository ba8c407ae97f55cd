"""What a server loads that gives problems a second to be made."""

from optimize.benchmarks.comparing.watching import ALLOWED

SECONDS = 1.0
ALLOWED["making"] = SECONDS
