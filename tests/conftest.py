"""What all tests share: PySD imported quietly, how hypothesis draws its examples, and Ctrl-C that is heard."""

from __future__ import annotations

import os
import signal
import warnings

from hypothesis import HealthCheck, settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # PySD imports a module that its newest release deprecates
    import pysd  # noqa: F401 - imported here, so that no test meets the warning

# PROSPERITY_EXAMPLES=20 tries twenty times as many examples, and new ones each time; without it a run repeats itself.
QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
settings.register_profile("quick", deadline=None, derandomize=True, database=None, suppress_health_check=QUIET)
settings.register_profile("slow", deadline=None, suppress_health_check=QUIET)
settings.load_profile("slow" if "PROSPERITY_EXAMPLES" in os.environ else "quick")

# A shell that begins the tests behind a `&` has them ignore Ctrl-C, and those that send one would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
