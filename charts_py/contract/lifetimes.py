"""How long an agent may take to end: what its pod allows, and what of that the agent itself uses."""

from __future__ import annotations

from typing import Final

AGENT_PRE_STOP_SECONDS: Final = 35
"""The gateway's balancer learns from a node that its agent is going: AWS asks every 10 s and believes the
third answer, Google and Azure are quicker. Until then it sends connections, and the agent takes them."""

AGENT_GRACE_SECONDS: Final = AGENT_PRE_STOP_SECONDS + 85
"""Enough to hand running transfers over to another agent after the sleep."""

AGENT_DRAIN_SECONDS: Final = AGENT_GRACE_SECONDS - AGENT_PRE_STOP_SECONDS - 5
"""How long an agent lets transfers run on after SIGTERM. The rest is for telling the peers and closing files
before the kubelet kills the process; what is cut short then goes on where it stopped, with the next agent."""
