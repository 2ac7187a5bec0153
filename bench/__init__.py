"""How long the generator takes, beside other ways to the same objects: `python -m bench.synth`."""
