"""The consensus API beside etcd's own benchmark client, on the same groups."""
