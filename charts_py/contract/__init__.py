"""What the generator and the runtime agree on: names, ports, labels, settings and CRD shapes."""
