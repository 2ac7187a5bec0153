"""End-to-end tests: a real control plane and the real Argo CD. Run by `make e2e` or `python -m tests.e2e`."""
