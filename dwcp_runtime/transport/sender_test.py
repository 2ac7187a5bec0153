from dwcp_runtime.transport import incoming, link
from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.ends_for_tests import image, receiving
from dwcp_runtime.transport.progress import State


def test_a_transfer_longer_than_the_silence_that_is_borne_is_not_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(link, "PING", 0.1)
    monkeypatch.setattr(link, "SILENCE", 0.4)
    # A receiver that reports often keeps the sender from ever asking for a sign of life.
    monkeypatch.setattr(incoming, "REPORT", 0.02)

    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", 1 << 20)
            done = await ends.send(source, level=0, rate_limit=4_000_000, streams=(1, 1))
            assert done.state is State.DONE
            assert done.resent == 0
            assert [ended.state for ended in ends.ended] == [State.DONE]
            assert not ends.reported

    run(go())
