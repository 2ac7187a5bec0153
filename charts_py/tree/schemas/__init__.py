"""The schema check: JSON Schemas of every kind that the tree holds, and kubeconform over them."""
