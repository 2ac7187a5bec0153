"""HDE: hierarchical data encoding.

One block at a time: the sender finds the cheapest form that still lets the receiver restore the block, the
receiver restores it and compares its digest. Nothing here knows of sockets or frames.
"""

import os

# Nothing here multiplies matrices: the threads that numpy starts for it cost every process 50 ms of CPU time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
