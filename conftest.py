"""How the property tests run."""

import os
import signal

from hypothesis import HealthCheck, settings

# A test that passes on an idle machine must pass on a busy one: no example is failed for the time it took.
# CI tries the same examples every time, so that a merge depends on nothing but the change; a run by hand
# looks for new ones.
settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("patient")

# A shell gives its background jobs an ignored SIGINT, which processes hand down: tests that interrupt one of
# their own would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
