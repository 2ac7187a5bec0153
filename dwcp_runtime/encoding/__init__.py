"""HDE: hierarchical data encoding.

One block at a time: the sender finds the cheapest form that still lets the receiver restore the block, the
receiver restores it and compares its digest. Nothing here knows of sockets or frames.
"""
