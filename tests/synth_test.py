import json
import os
import signal
import subprocess

import pytest

from tests.repository import ROOT, Repository, differing


@pytest.fixture
def repository(tmp_path):
    return Repository.copy(tmp_path)


def test_what_is_committed_is_what_the_fleet_says(repository):
    done = repository.novacron("synth", "--check", "--no-cache")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"}, {"LC_ALL": "C", "LANG": "C"}],
)
def test_the_same_fleet_gives_the_same_bytes_everywhere(repository, tmp_path_factory, environment):
    old = os.umask(0o077)
    try:
        empty = Repository.copy(tmp_path_factory.mktemp("empty"), published=False)
        done = empty.novacron("synth", "--no-cache", **environment)
    finally:
        os.umask(old)

    assert done.returncode == 0, done.stdout + done.stderr
    assert empty.published() == repository.published()
    assert {file.stat().st_mode & 0o777 for file in (empty.root / "generated").rglob("*.yaml")} == {0o644}


def test_bad_input_is_told_with_its_place_and_changes_nothing(repository):
    before = repository.published()
    repository.change("fleet/staging.yaml", "minReplicas: 3", "minReplcas: 3")
    done = repository.novacron("synth")

    assert done.returncode == 2
    assert "fleet/staging.yaml:16:7: regions[0].api" in done.stderr
    assert "did you mean minReplicas?" in done.stderr
    assert "Traceback" not in done.stderr
    assert repository.published() == before


def test_a_folder_without_a_fleet_is_refused_and_left_as_it_is(tmp_path_factory):
    elsewhere = Repository(root=tmp_path_factory.mktemp("elsewhere"))
    done = elsewhere.novacron("synth")

    assert done.returncode == 2
    assert "has no folder fleet/" in done.stderr
    assert list(elsewhere.root.iterdir()) == []


TOO_FEW = ("fleet/staging.yaml", "minReplicas: 3", "minReplicas: 2")
HPA = "HorizontalPodAutoscaler.autoscaling novacron/novacron-api-hpa"


def waive(repository, expires):
    with (repository.root / "fleet/staging.yaml").open("a") as fleet:
        fleet.write(
            f"\nwaivers:\n  - rule: hpa-bounds-of-house\n    object: {HPA}\n    reason: load test\n"
            f"    expires: {expires}\n"
        )


def test_a_finding_is_told_with_its_object_and_changes_nothing(repository):
    before = repository.published()
    repository.change(*TOO_FEW)
    done = repository.novacron("synth")

    assert done.returncode == 1
    assert f"hpa-bounds-of-house: {HPA} at spec.minReplicas (staging/us-east-1)" in done.stdout
    assert "1 finding; nothing was published" in done.stdout
    assert repository.published() == before


def test_a_waiver_lets_one_finding_pass_on_every_run(repository):
    repository.change(*TOO_FEW)
    waive(repository, "2999-12-31")

    assert repository.novacron("synth").returncode == 0
    assert repository.novacron("synth", "--check", "--no-cache").returncode == 0


def test_an_expired_waiver_brings_its_finding_back_and_is_one_itself(repository):
    repository.change(*TOO_FEW)
    waive(repository, "2020-01-01")
    done = repository.novacron("synth")

    assert done.returncode == 1
    assert "hpa-bounds-of-house" in done.stdout
    assert "waiver-expired" in done.stdout


def test_a_waiver_of_nothing_is_a_finding(repository):
    waive(repository, "2999-12-31")
    done = repository.novacron("synth")

    assert done.returncode == 1
    assert "waiver-unused" in done.stdout


def test_check_lists_every_difference_and_writes_nothing(repository):
    edited = "generated/example/local/core/api/Service_novacron_novacron-api.yaml"
    removed = "generated/example/local/core/namespaces/Namespace_novacron.yaml"
    repository.change(edited, "port: 80", "port: 81")
    (repository.root / removed).unlink()
    before = repository.published()
    done = repository.novacron("synth", "--check")

    assert done.returncode == 1
    assert f"changed: {edited}" in done.stdout
    assert f"missing: {removed}" in done.stdout
    assert repository.published() == before


def test_a_hand_edit_is_undone_even_where_nothing_else_changed(repository):
    committed = repository.published()
    assert repository.novacron("synth").returncode == 0
    repository.change(
        "generated/example/local/core/api/Service_novacron_novacron-api.yaml", "port: 80", "port: 81"
    )

    assert repository.novacron("synth").returncode == 0
    assert repository.published() == committed


def test_a_foreign_file_is_kept_and_reported(repository):
    foreign = repository.root / "generated/example/local/core/api/notes.txt"
    foreign.write_text("mine")
    done = repository.novacron("synth", "--json")

    assert json.loads(done.stdout)["foreign"] == ["generated/example/local/core/api/notes.txt"]
    assert foreign.read_text() == "mine"


def test_a_damaged_cache_costs_time_and_nothing_else(repository):
    committed = repository.published()
    assert repository.novacron("synth").returncode == 0
    for file in (repository.root / ".novacron" / "cache").rglob("*"):
        if file.is_file():
            file.write_bytes(b"\x00garbage")

    done = repository.novacron("synth")
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(committed, repository.published()) == set()


def test_two_runs_at_once_end_as_one(repository):
    committed = repository.published()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.Popen(
            repository.command("synth", "--no-cache"),
            cwd=repository.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [run.communicate() for run in runs]

    assert [run.returncode for run in runs] == [0, 0], answers
    assert any("waiting for another novacron run" in err for _, err in answers)
    assert repository.published() == committed


def test_an_interrupted_run_says_how_to_go_on(repository):
    run = subprocess.Popen(
        repository.command("synth", "--no-cache"),
        cwd=repository.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    run.stderr.readline()
    run.send_signal(signal.SIGINT)
    _, err = run.communicate()

    assert run.returncode == 130
    assert "run the command again" in err
    assert "Traceback" not in err
