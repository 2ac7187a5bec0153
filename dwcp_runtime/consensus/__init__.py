"""ACP: the agent that keeps one etcd member of a region's consensus group, and the group's quorum."""
