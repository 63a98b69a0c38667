"""How versions are read from images, and told apart."""

import pytest

from basefly.features.workloads.model import Key, Use, Version, version, versions


@pytest.mark.parametrize(
    ("image", "word"),
    [
        ("web:2.14.0", "2.14.0"),
        ("registry:5000/team/web:1", "1"),
        ("registry:5000/team/web", "latest"),
        ("web@sha256:0123456789abcdef0123", "0123456789ab"),
        ("web:7@sha256:0123456789abcdef", "7"),
    ],
)
def test_a_version_is_what_the_image_says(image: str, word: str) -> None:
    assert version(image) == word


def test_the_most_widespread_version_comes_first_whatever_the_registry() -> None:
    uses = [Use(name="web", namespace="shop", resource="r", image=i, clusters=n) for i, n in
            [("eu/web:2", 5), ("us/web:2", 7), ("web:1", 2), ("", 1)]]  # fmt: skip
    assert versions(uses) == {Key("web", "shop", "r"): [Version("2", 12), Version("1", 2)]}
