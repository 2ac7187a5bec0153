"""Fleet files: reading, validating, merging defaults, and explaining where a value comes from."""
