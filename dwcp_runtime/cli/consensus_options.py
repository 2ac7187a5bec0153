"""The options of `dwcp-runtime consensus`, read from its words and, in a pod, from its environment."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from charts_py.contract import commands
from charts_py.contract.commands import RUNTIME

if TYPE_CHECKING:
    from dwcp_runtime.consensus.options import Options


class BadOptionsError(Exception):
    """Options that can't be. The text is for standard error."""


def read_options(arguments: argparse.Namespace) -> Options:
    """Raises BadOptionsError."""
    # Not imported at the top: `--help` and the other roles need none of it.
    from dwcp_runtime.consensus import options as agent_options
    from dwcp_runtime.consensus.lease_grant import ApiServer

    try:
        me, peers = agent_options.placed(name=arguments.name, peers=arguments.peers, environment=os.environ)
        options = agent_options.Options(
            me=me,
            peers=peers,
            data=Path(arguments.data),
            tls=None if arguments.insecure else Path(arguments.tls),
            grant=Path(arguments.founding_grant) if arguments.founding_grant else None,
            namespace=None if arguments.peers else os.environ.get(commands.POD_NAMESPACE_VARIABLE),
            api_server=ApiServer.of_pod(os.environ),
            tools=Path(arguments.tools) if arguments.tools else None,
            synced=not arguments.unsafe_no_fsync,
        )
        agent_options.check_insecure(options, forced=arguments.force_insecure)
    except agent_options.OptionError as error:
        raise BadOptionsError(f"{RUNTIME} consensus: {error}") from error
    return options
