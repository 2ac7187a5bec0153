from tests.repository import ROOT

PROGRAM = "rollout/applications.jsonnet"


def test_the_program_of_a_rollout_is_published_like_every_other_file():
    lines = (ROOT / "argocd" / PROGRAM).read_text().splitlines()
    assert lines[0].startswith("// Made by novacron from fleet/. Do not edit")
    assert PROGRAM in (ROOT / "argocd" / ".novacron-index").read_text()
