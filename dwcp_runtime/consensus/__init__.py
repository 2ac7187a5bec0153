"""ACP: what etcd leaves to people. Bootstrap, membership, timing, placement, snapshots, recovery."""
