from charts_py.contract.images import ImagePin, Images
from charts_py.contract.load import broken_rules


def test_an_image_without_a_pin_takes_the_platform_version():
    assert Images().reference("dwcp-network", "3.0.0") == "novacron/dwcp-network:3.0.0"


def test_a_digest_is_kept_beside_the_tag_that_people_read():
    digest = "sha256:" + "0" * 64
    images = Images(registry="registry.example:5000/team", api=ImagePin(tag="3.1.0", digest=digest))

    assert images.reference("api", "3.0.0") == f"registry.example:5000/team/novacron/api:3.1.0@{digest}"


def test_latest_is_refused():
    assert [broken.path for broken in broken_rules(Images(api=ImagePin(tag="latest")))] == [("api", "tag")]
