"""Everything after cdk8s: canonical form, file naming, checks, publishing and the ownership index."""
