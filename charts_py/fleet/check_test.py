from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charts_py.contract.environment import Environment
from charts_py.contract.region import FleetRegion
from charts_py.contract.setting import key_of
from charts_py.contract.workloads import Api
from charts_py.fleet.check import FleetSource, check
from charts_py.fleet.problem import Problem
from charts_py.fleet.yaml_reader import read_yaml

HEAD = "environment: lab\nversion: 3.0.0\n"
ONE = "regions: [{name: a}]\n"
API = ", ".join(key_of(declared) for declared in fields(Api))
REGION = ", ".join(key_of(declared) for declared in fields(FleetRegion))


def checked(text: str) -> FleetSource | tuple[Problem, ...]:
    return check(read_yaml(text.encode(), "lab.yaml"), "lab")


def headlines(text: str) -> list[str]:
    result = checked(text)
    assert not isinstance(result, FleetSource)
    return sorted(problem.headline().removeprefix("lab.yaml:") for problem in result)


def environment(text: str) -> Environment:
    result = checked(text)
    assert isinstance(result, FleetSource), result
    return result.environment


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        # keys
        (
            "regions: [{name: a, api: {minReplcas: 3}}]",
            f"3:27: regions[0].api.minReplcas: unknown key; did you mean minReplicas? allowed: {API}",
        ),
        (
            "regions: [{name: a, minReplicas: 3}]",
            f"3:21: regions[0].minReplicas: unknown key; did you mean api.minReplicas? allowed: {REGION}",
        ),
        (
            "regions: [{name: a, api: {zzz: 3}}]",
            f"3:27: regions[0].api.zzz: unknown key; allowed: {API}",
        ),
        ("regions: [{cluster: a}]", "3:11: regions[0].name: missing: Name of the region."),
        ("", "1:1: regions: missing: The regions, in the order of a roll-out."),
        # types
        ("regions: []", "3:10: regions: must have at least 1 entry; found 0"),
        ("regions: {}", "3:10: regions: must be a list; found a mapping"),
        ("regions: [a]", '3:11: regions[0]: must be a mapping; found "a"'),
        (
            "regions: [{name: 7}]",
            "3:18: regions[0].name: must be text in quotes: at most 31 lower-case letters, "
            "digits and hyphens, as in us-east-1; found the number 7",
        ),
        (
            ONE + "defaults:",
            "4:10: defaults: must be a mapping; leave the key out for its default; found nothing",
        ),
        (
            ONE + "defaults: {kubernetes: 1.37}",
            '4:24: defaults.kubernetes: must be text; quote it: "1.37"; found the number 1.37',
        ),
        (
            ONE + "defaults: {kubernetes: 1.20}",
            "4:24: defaults.kubernetes: must be text in quotes; found the number 1.20; allowed: "
            "1.35, 1.36, 1.37",
        ),
        (
            ONE + "defaults: {api: {resources: {requests: {cpu: 2}}}}",
            '4:46: defaults.api.resources.requests.cpu: must be text; quote it: "2"; found the number 2',
        ),
        (
            ONE + "defaults: {api: {minReplicas: '3'}}",
            '4:31: defaults.api.minReplicas: must be a whole number from 1 to 100 without quotes; found "3"',
        ),
        (
            ONE + "defaults: {api: {minReplicas: 3.0}}",
            "4:31: defaults.api.minReplicas: must be a whole number from 1 to 100; found the number 3.0",
        ),
        (
            ONE + "defaults: {api: {minReplicas: many}}",
            '4:31: defaults.api.minReplicas: must be a whole number from 1 to 100; found "many"',
        ),
        (
            ONE + "defaults: {api: {spot: 1}}",
            "4:24: defaults.api.spot: must be true or false; found the number 1",
        ),
        (
            ONE + "defaults: {network: {dwcpCIDRs: 10.0.0.0/8}}",
            '4:33: defaults.network.dwcpCIDRs: must be a list, as in [10.0.0.0/8]; found "10.0.0.0/8"',
        ),
        (
            ONE + "defaults: {api: yes}",
            "4:17: defaults.api: some YAML readers take yes for true, others for text; "
            'write true, or "yes" in quotes; found yes',
        ),
        # values
        (
            ONE + "defaults: {provider: AWS}",
            '4:22: defaults.provider: no such choice; found "AWS"; did you mean aws? allowed: aws, '
            'gcp, azure, none',
        ),
        (
            ONE + "defaults: {api: {minReplicas: 0}}",
            "4:31: defaults.api.minReplicas: must be from 1 to 100; found 0",
        ),
        (
            ONE + "defaults: {api: {requestsPerSecond: 0}}",
            "4:37: defaults.api.requestsPerSecond: must be of 1 or more; found 0",
        ),
        (
            ONE + "defaults: {consensus: {volume: {size: 20GB}}}",
            "4:39: defaults.consensus.volume.size: must be a Kubernetes quantity, as in 500m or 2 for CPU, "
            '512Mi or 32Gi for memory; found "20GB"',
        ),
        (
            ONE + "home: |\n  a\n",
            "4:7: home: must be at most 31 lower-case letters, digits and hyphens, as in us-east-1; "
            'found "a\\n"',
        ),
        (
            ONE + f"waivers: [{{rule: r, object: o, expires: 2030-01-31, reason: {'x' * 401}}}]",
            "4:61: waivers[0].reason: must have at most 400 characters; found 401",
        ),
        (
            f"regions: [{', '.join(f'{{name: r{i}}}' for i in range(129))}]",
            "3:10: regions: must have at most 128 entries; found 129",
        ),
        # rules over several values
        (
            "regions: [{name: a, api: {maxReplicas: 2}}]",
            "3:21: regions[0].api.minReplicas: minReplicas must not exceed maxReplicas; found 3, the default",
        ),
        (
            "defaults: {api: {minReplicas: 9}}\nregions: [{name: a}, {name: b, api: {maxReplicas: 8}}]",
            "4:32: regions[1].api.minReplicas: minReplicas must not exceed maxReplicas; found 9, "
            "from defaults",
        ),
        (
            "defaults: {dwcp: {acp: {nodes: 4}}}\nregions: [{name: a}, {name: b}]",
            "3:32: defaults.dwcp.acp.nodes: consensus needs an odd number of nodes: "
            "an even one survives no more failures; found the number 4",
        ),
        (
            ONE + "defaults: {security: {certificates: cert-manager, issuer: {kind: Issuer}}}",
            "4:51: defaults.security.issuer.name: missing: Name of the issuer.",
        ),
        (
            ONE + "defaults: {security: {certificates: cert-manager}}",
            "4:12: defaults.security.issuer: certificates: cert-manager needs issuer.name, the "
            "issuer that signs them",
        ),
        (
            ONE + "images: {api: {tag: latest}}",
            "4:21: images.api.tag: `latest` names a different image tomorrow; give the version that "
            "was tested; "
            'found "latest"',
        ),
        (
            ONE + "argocd: {mode: hub}",
            "4:1: argocd.repoURL: Argo CD needs repoURL, the Git repository that holds `generated/`",
        ),
    ],
)  # fmt: skip
def test_each_mistake_is_one_problem_with_place_reason_and_remedy(text: str, headline: str) -> None:
    assert headlines(HEAD + text) == [headline]


def test_a_version_that_yaml_reads_as_a_number_asks_for_quotes_and_three_numbers() -> None:
    assert headlines("environment: lab\nversion: 3.0\n" + ONE) == [
        "2:10: version: must be text in quotes: a version of three numbers, as in 3.0.0; found the number 3.0"
    ]


def test_no_mistake_hides_another() -> None:
    text = (
        "environment: lab\n"
        "version: 3\n"
        "defaults: {api: {spot: maybe}, dwcp: {acp: {nodes: 4}}}\n"
        "regions:\n"
        "  - {name: a, agent: {resources: {requests: {memory: 512m}}}}\n"
        "  - {name: a, provider: aws, provider: gcp}\n"
        "  - [b]\n"
        "waivers: [x, {rule: r, object: o, reason: y, expires: 2030-02-30}]\n"
    )
    assert [line.split(":")[0] for line in headlines(text)] == ["2", "3", "3", "5", "6", "6", "7", "8", "8"]


def test_a_rule_is_not_told_of_a_value_that_is_itself_wrong() -> None:
    text = HEAD + "defaults: {dwcp: {acp: {nodes: '7', quorumSize: 4}}}\n" + ONE
    assert [line.split(": ")[1] for line in headlines(text)] == ["defaults.dwcp.acp.nodes"]


def test_regions_that_correct_wrong_defaults_are_sound() -> None:
    text = HEAD + "defaults: {dwcp: {acp: {nodes: 4}}}\nregions: [{name: a, dwcp: {acp: {nodes: 5}}}]\n"
    assert environment(text).regions[0].dwcp.acp.nodes == 5


def test_a_required_key_may_come_from_defaults_or_from_the_region() -> None:
    text = HEAD + (
        "defaults: {security: {certificates: cert-manager, issuer: {kind: Issuer}}}\n"
        "regions: [{name: a, security: {issuer: {name: x}}}]\n"
    )
    issuer = environment(text).regions[0].security.issuer
    assert issuer is not None
    assert (issuer.name, issuer.kind) == ("x", "Issuer")


def test_a_region_may_override_a_part_of_a_part() -> None:
    region = environment(HEAD + "regions: [{name: a, api: {resources: {limits: {memory: 1Gi}}}}]\n").regions[
        0
    ]
    assert region.api.resources.limits.memory == "1Gi"
    assert region.api.resources.requests.memory == "512Mi"


WORDS = st.sampled_from(
    [
        "environment",
        "version",
        "regions",
        "defaults",
        "name",
        "api",
        "dwcp",
        "acp",
        "nodes",
        "minReplicas",
        "network",
        "dwcpCIDRs",
        "lab",
        "a",
        "3.0.0",
        "3",
        "yes",
        "1Gi",
        "10.0.0.0/8",
        "'3'",
        "null",
        "images",
        "tag",
        "latest",
        "waivers",
        "expires",
        "2030-02-30",
        "home",
        "&x",
        "*x",
        "<<",
    ]
)
VALUES = st.recursive(
    WORDS,
    lambda below: (
        st.lists(below, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(WORDS, below), max_size=3).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items) + "}"
        )
    ),
    max_leaves=10,
)


@settings(max_examples=100)
@given(st.lists(st.tuples(WORDS, VALUES), max_size=6))
def test_whatever_is_written_gives_an_environment_or_problems(entries: list[tuple[str, str]]) -> None:
    result = checked("".join(f"{key}: {value}\n" for key, value in entries))
    if not isinstance(result, FleetSource):
        assert result
        for problem in result:
            problem.render()


@given(st.data())
def test_a_sound_file_with_one_line_spoilt_never_breaks_the_reader(data: st.DataObject) -> None:
    lines = (
        HEAD + "home: a\nargocd:\n  mode: none\ndefaults:\n  security:\n    issuer:\n      name: x\n"
        "regions:\n  - name: a\n    network:\n      dwcpEndpoint: a.b:8888\n      dwcpCIDRs: [10.0.0.0/8]\n"
        "  - name: b\n    backup:\n      bucket:\n        name: abc\n        region: r\n"
        "waivers:\n  - rule: r\n    object: o\n    reason: y\n    expires: 2030-01-31\n"
    ).splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["drop", "value", "key", "indent"])):
        case "drop":
            del lines[at]
        case "value":
            lines[at] = lines[at].partition(":")[0] + ": " + data.draw(VALUES)
        case "key":
            lines[at] = lines[at].replace("e", "", 1)
        case _:
            lines[at] = "  " + lines[at]
    result = checked("\n".join(lines))
    assert isinstance(result, FleetSource) or result
