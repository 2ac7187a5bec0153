from dwcp_runtime.transport.block_tally import BlockTally
from dwcp_runtime.transport.progress import Progress, State


def test_a_tally_fills_a_progress_by_codec_and_its_wire_is_the_sum():
    tally = BlockTally()
    tally.add("raw", file=100, wire=148)
    tally.add("raw", file=100, wire=148)
    tally.add("zero", count=5, file=500, wire=32)
    tally.failures += 1
    progress = Progress(
        transfer="", name="n", peer="p", direction="out", state=State.RUNNING, **tally.fields()
    )

    assert progress.blocks == {"raw": 2, "zero": 5}
    assert progress.block_file == {"raw": 200, "zero": 500}
    assert progress.block_wire == {"raw": 296, "zero": 32}
    assert (progress.encoding_failures, tally.wire) == (1, 328)
