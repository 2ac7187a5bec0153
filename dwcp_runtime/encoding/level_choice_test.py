import random

import pytest

from dwcp_runtime.encoding.encoder import REFERENCES_ONLY
from dwcp_runtime.encoding.level_choice import PROBE_SHARE, LevelChoice

BLOCK = 1 << 20
GIGA = 1e9
MEGA = 1e6

# Bytes per CPU second and ratio of each level: the machine's truth, which the choice doesn't know.
TRUTH = {
    None: (2500 * MEGA, 1.0),
    REFERENCES_ONLY: (1200 * MEGA, 1.0),
    1: (340 * MEGA, 2.6),
    2: (290 * MEGA, 2.75),
    3: (210 * MEGA, 2.9),
    5: (105 * MEGA, 3.05),
    6: (85 * MEGA, 3.15),
    9: (45 * MEGA, 3.25),
    12: (20 * MEGA, 3.3),
    15: (9 * MEGA, 3.35),
    19: (3 * MEGA, 3.6),
}

# The same for the second version of a system image, whose first version both ends have.
SECOND_VERSION = {
    None: (2500 * MEGA, 1.0),
    REFERENCES_ONLY: (1700 * MEGA, 1 / 0.29),
    3: (460 * MEGA, 1 / 0.089),
    5: (330 * MEGA, 1 / 0.086),
    6: (240 * MEGA, 1 / 0.084),
    9: (150 * MEGA, 1 / 0.083),
}


class World:
    """A link and CPUs that encode and send eight blocks at a time, whichever takes longer."""

    def __init__(self, *, link, threads=2, speed=1.0, ratio=1.0, noise=0.0, waste=1.0, truth=None):
        self.link, self.threads, self.speed, self.ratio = link, threads, speed, ratio
        self.noise, self.waste = noise, waste
        self.truth = truth
        self.chance = random.Random(5)

    def block(self, level):
        if self.truth:
            speed, ratio = self.truth[level]
            return BLOCK / ratio, BLOCK / speed
        speed, ratio = TRUTH[level]
        share = 1.0 if level is None or level == REFERENCES_ONLY else min(1.0, 1 / (ratio * self.ratio))
        share = min(1.0, share * (1 + self.noise * self.chance.uniform(-1, 1)))
        return BLOCK * share, BLOCK / speed / self.speed * (1 + self.noise * self.chance.uniform(-1, 1))

    def fixed(self, level):
        speed, ratio = TRUTH[level]
        ratio = 1.0 if level is None or level == REFERENCES_ONLY else max(1.0, ratio * self.ratio)
        return min(self.link * ratio, self.threads / self.waste * speed * self.speed)

    def best(self, ceiling):
        return max(self.fixed(level) for level in TRUTH if level is None or level <= ceiling)

    def run(self, choice, blocks):
        """Bytes of the file per second over so many blocks."""
        seconds = 0.0
        for _ in range(blocks // 8):
            wire = cpu = 0.0
            for _ in range(8):
                level = choice.next()
                sent, spent = self.block(level)
                choice.observe(level, BLOCK, int(sent), spent)
                wire, cpu = wire + sent, cpu + spent
            sending, encoding = wire / self.link, cpu * self.waste / self.threads
            took = max(sending, encoding)
            choice.link(wire / took, limited_by_encoder=encoding > sending, seconds=took)
            seconds += took
        return blocks * BLOCK / seconds


WORLDS = [
    pytest.param({"link": link * MEGA / 8, "threads": threads, "speed": speed, "ratio": ratio}, id=name)
    for name, link, threads, speed, ratio in [
        ("a 50 Mbit/s line", 50, 2, 1, 1),
        ("a 200 Mbit/s line", 200, 2, 1, 1),
        ("a 1 Gbit/s line", 1000, 2, 1, 1),
        ("a 1 Gbit/s line and slow CPUs", 1000, 1, 0.5, 1),
        ("a 2.5 Gbit/s line", 2500, 2, 1, 1),
        ("a 10 Gbit/s line", 10000, 2, 1, 1),
        ("a 10 Gbit/s line and many CPUs", 10000, 16, 1, 1),
        ("a 40 Gbit/s line", 40000, 2, 1, 1),
        ("loopback", 200000, 2, 1, 1),
        ("content that hardly compresses", 1000, 2, 1, 0.4),
        ("content that compresses well", 1000, 2, 2, 4),
    ]
]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("ceiling", [1, 9, 19])
@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_within_320_blocks_the_choice_comes_within_a_tenth_of_the_best_fixed_one(world, ceiling, noise):
    choice = LevelChoice(ceiling=ceiling, threads=world["threads"])
    world = World(**world, noise=noise)
    world.run(choice, 320)
    assert world.run(choice, 640) >= 0.9 * world.best(ceiling)


@pytest.mark.parametrize("link", [1 * GIGA, 2.5 * GIGA, 25 * GIGA])
def test_on_a_fast_link_it_loses_no_more_than_the_probing_share_to_raw(link):
    world = World(link=link, threads=2, speed=0.5)
    choice = LevelChoice(ceiling=9, threads=2)
    world.run(choice, 160)
    assert choice.level is None
    assert world.run(choice, 4000) >= world.fixed(None) * (1 - PROBE_SHARE - 0.001)


def bytes_of_second_version(link, starved, *, seed=1, blocks=1228):
    """Bytes sent for an image of 1.5 GiB while others take all but `1 / starved` of the CPU on average, from
    the encoder and from whoever carries the data."""
    chance = random.Random(seed)
    choice = LevelChoice(ceiling=9, threads=2, references=True)
    world = World(link=link, truth=SECOND_VERSION)
    total = 0.0
    if link < 100 * MEGA:
        choice.link(25e6, limited_by_encoder=False, seconds=0.25)
    for _ in range(blocks // 8):
        wire = cpu = 0.0
        for _ in range(8):
            level = choice.next()
            sent, spent = world.block(level)
            choice.observe(level, BLOCK, int(sent), spent)
            wire, cpu = wire + sent, cpu + spent
        sending = wire / link * chance.uniform(0.9, starved)
        encoding = cpu / 2 * chance.uniform(1, 2 * starved)
        took = max(sending, encoding)
        choice.link(wire / took, limited_by_encoder=encoding > sending, seconds=took)
        total += wire
    return total


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("starved", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("link", [8 * MEGA, 25 * MEGA, 40 * MEGA])
def test_over_a_slow_link_the_bytes_of_a_second_version_hardly_depend_on_who_else_takes_the_cpu(
    link, starved, seed
):
    at_level_5 = 1228 * BLOCK * 0.086
    assert bytes_of_second_version(link, starved, seed=seed) <= at_level_5 * 1.02


def test_a_form_that_must_be_slower_by_its_bytes_alone_is_not_even_tried():
    choice = LevelChoice(ceiling=3, threads=2, references=True)
    choice.link(25 * MEGA, limited_by_encoder=False, seconds=0.25)
    world = World(link=25 * MEGA, truth=SECOND_VERSION)

    seen = set()
    for _ in range(1000):
        level = choice.next()
        seen.add(level)
        choice.observe(level, BLOCK, *map(float, world.block(level)))
    assert None not in seen
    assert REFERENCES_ONLY not in seen


def test_over_a_slow_link_with_idle_cpus_a_second_version_is_compressed_better():
    assert bytes_of_second_version(25 * MEGA, 1) <= 1228 * BLOCK * 0.0855


@pytest.mark.parametrize("fast", [False, True])
def test_a_link_that_may_be_fast_is_tried_by_sending_raw(fast):
    assert LevelChoice(ceiling=9, threads=2, fast=fast).next() == (None if fast else 1)


def test_a_link_that_was_thought_fast_and_is_not_is_noticed_with_the_first_report():
    choice = LevelChoice(ceiling=9, threads=2, fast=True)
    choice.link(25 * MEGA, limited_by_encoder=False, seconds=0.25)
    assert choice.level is not None


def test_the_ceiling_is_never_passed():
    world = World(link=1 * MEGA, threads=8)
    choice = LevelChoice(ceiling=4, threads=8)
    world.run(choice, 320)
    assert choice.level == 3
    assert {level for level in (choice.next() for _ in range(400)) if level is not None} <= {2, 3}


def test_it_goes_to_raw_when_the_streams_starve_and_comes_back_when_the_link_is_the_limit():
    choice = LevelChoice(ceiling=9, threads=2)
    slow, fast = World(link=25 * MEGA), World(link=3 * GIGA)
    slow.run(choice, 200)
    assert choice.level >= 5
    fast.run(choice, 120)
    assert choice.level is None
    slow.run(choice, 80)
    assert slow.run(choice, 160) >= 0.9 * slow.best(9)


def test_it_follows_content_that_changes():
    choice = LevelChoice(ceiling=9, threads=2)
    for ratio in (1.0, 0.35, 2.0, 0.35, 1.0):
        world = World(link=125 * MEGA, ratio=ratio, noise=0.2)
        world.run(choice, 320)
        assert world.run(choice, 320) >= 0.9 * world.best(9)


def test_a_link_that_became_a_little_faster_is_noticed_while_the_encoder_is_the_limit():
    choice = LevelChoice(ceiling=9, threads=1)
    World(link=100 * MEGA, threads=1, speed=0.5).run(choice, 320)
    assert choice.level is not None
    faster = World(link=400 * MEGA, threads=1, speed=0.5)
    faster.run(choice, 3200)
    assert faster.run(choice, 640) >= 0.9 * faster.best(9)


def test_content_that_takes_longer_to_compress_is_noticed():
    choice = LevelChoice(ceiling=9, threads=2)
    World(link=125 * MEGA, speed=4.0).run(choice, 320)
    slower = World(link=125 * MEGA, speed=0.3)
    slower.run(choice, 480)
    assert slower.run(choice, 640) >= 0.9 * slower.best(9)


@pytest.mark.parametrize("link", [200 * MEGA, 400 * MEGA])
@pytest.mark.parametrize("waste", [4.0, 8.0])
def test_cpus_that_give_less_than_their_number_promises_are_noticed(link, waste):
    world = World(link=link, threads=8, waste=waste)
    choice = LevelChoice(ceiling=9, threads=8)
    world.run(choice, 320)
    assert world.run(choice, 640) >= 0.9 * world.best(9)


def test_it_does_not_waver_where_levels_are_alike():
    world = World(link=125 * MEGA, noise=0.3)
    choice = LevelChoice(ceiling=9, threads=2)
    world.run(choice, 320)
    changes, last = 0, choice.level
    for _ in range(80):
        world.run(choice, 8)
        changes += choice.level != last
        last = choice.level
    assert changes <= 8


def test_a_slow_receiver_makes_the_cheapest_level_good_enough():
    world = World(link=25 * MEGA)
    choice = LevelChoice(ceiling=9, threads=2)
    world.run(choice, 320)
    assert choice.level >= 3
    choice.sink(20 * MEGA)
    assert choice.level is None
    choice.sink(None)
    world.run(choice, 320)
    assert choice.level >= 3


def test_references_without_compression_are_a_choice_of_their_own():
    assert REFERENCES_ONLY in LevelChoice(ceiling=3, threads=1, references=True)._levels
    assert REFERENCES_ONLY not in LevelChoice(ceiling=3, threads=1)._levels


@pytest.mark.parametrize(("ceiling", "threads"), [(0, 1), (1, 0)])
def test_bounds_that_leave_no_choice_are_refused(ceiling, threads):
    with pytest.raises(ValueError, match="1 at least"):
        LevelChoice(ceiling=ceiling, threads=threads)


def test_reports_of_nothing_change_nothing():
    choice = LevelChoice(ceiling=3, threads=1)
    choice.observe(1, 0, 0, 0.0)
    choice.link(0.0, limited_by_encoder=True, seconds=0.25)
    assert choice.level == 1
    assert choice.rate(1) == pytest.approx(300 * MEGA)
