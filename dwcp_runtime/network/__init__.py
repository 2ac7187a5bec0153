"""The node agent: configuration, peers, admin HTTP."""
