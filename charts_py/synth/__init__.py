"""One run from fleet files to the published tree: units, their cache, and the order of the steps."""
