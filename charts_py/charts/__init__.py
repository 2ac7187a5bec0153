"""cdk8s constructs and charts: composition, scope and order over `resources`."""
