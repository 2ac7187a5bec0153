"""`python -m tests.e2e`: the whole run, from an empty machine to its summary."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.argo_scenario import run_argo
from tests.e2e.control_plane import start_etcd
from tests.e2e.crds import mirror_folder
from tests.e2e.machine import CHECKOUT, MissingToolError, look
from tests.e2e.ports import Ports
from tests.e2e.processes import Interrupted, Supervisor
from tests.e2e.region_scenario import Site, run_host_mode, run_regions
from tests.e2e.report import Report
from tests.e2e.tree import read_regions
from tests.e2e.user_cluster import UnfitClusterError, UserCluster, run_on_user_cluster
from tests.e2e.user_scenario import run_as_user


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; exit 1 when a step failed, 2 when nothing could be started."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.e2e",
        description="End-to-end tests on a real control plane with the real Argo CD.",
        epilog="example: python -m tests.e2e --region production-us-east-1 --keep. "
        "With KUBECONFIG set, that cluster takes the regions that fit it and nothing is started here.",
    )
    parser.add_argument("--tree", type=Path, default=CHECKOUT, help="folder with generated/ and argocd/")
    parser.add_argument("--region", action="append", help="only these, as ENVIRONMENT-REGION; repeatable")
    parser.add_argument("--only", choices=["regions", "argo"], help="only this half of the run")
    parser.add_argument("--crds", metavar="DIR", help="folder of upstream CRD files (or NOVACRON_CRDS)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and kubeconfigs")
    options = parser.parse_args(arguments)
    kubeconfig = os.environ.get("KUBECONFIG")
    report = Report(say=lambda line: print(line, flush=True))
    try:
        machine = look("e2e")
        trees = read_regions(options.tree / "generated")
        chosen = [tree for tree in trees if not options.region or tree.name in options.region]
        if not chosen:
            names = ", ".join(tree.name for tree in trees) or "none: run `make synth` first"
            raise LookupError(f"no such region; there are: {names}")
        mirror = mirror_folder(options.crds)
    except (MissingToolError, LookupError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report.real.update(machine.versions)
    try:
        with Supervisor(keep=options.keep) as supervisor:
            print(f"logs: {supervisor.folder / 'logs'}", flush=True)
            if kubeconfig:
                cluster = UserCluster.look(machine.binaries, kubeconfig, supervisor.folder / "cache")
                run_on_user_cluster(cluster, chosen, report)
            else:
                ports = Ports()
                etcd = start_etcd(supervisor, machine.binaries, ports)
                site = Site(
                    supervisor=supervisor,
                    machine=machine,
                    ports=ports,
                    etcd=etcd,
                    mirror=mirror,
                    trees=chosen,
                )
                _run_here(site, report, whole=not options.region, only=options.only)
    except UnfitClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Interrupted):
        print("interrupted; every process was stopped", file=sys.stderr)
        return 130
    print(report.summary(), flush=True)
    return 1 if report.count("failed") else 0


def _run_here(site: Site, report: Report, *, whole: bool, only: str | None) -> None:
    if only != "argo":
        run_regions(site, report)
        if whole:
            run_host_mode(site, report)
            run_as_user(site, report)
    if only == "argo" or (whole and only is None):
        run_argo(site, report)


if __name__ == "__main__":
    sys.exit(main())
