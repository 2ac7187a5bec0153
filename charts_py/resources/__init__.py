"""Pure functions, one module per component: typed settings in, plain manifests out."""
