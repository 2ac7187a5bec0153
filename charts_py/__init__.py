"""NovaCron's generator: one fleet file in, the checked manifest tree of every region out."""
