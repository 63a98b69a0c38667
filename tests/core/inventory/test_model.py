"""What people mean by the columns they sort by."""

import pytest

from basefly.base.errors import Invalid
from basefly.core.inventory import model
from basefly.core.sync import kinds


class TestSort:
    def test_reads_direction_and_column(self) -> None:
        pods = kinds.by_resource("pods", "Pod")
        assert model.sort(pods, "-restarts") == model.Sort("restarts", descending=True)
        assert model.sort(pods, "") == model.Sort("name")

    def test_age_is_the_time_of_creation_the_other_way_round(self) -> None:
        assert model.sort(kinds.by_resource("pods", "Pod"), "age") == model.Sort("created_at", descending=True)

    def test_names_the_columns_there_are(self) -> None:
        with pytest.raises(Invalid) as refused:
            model.sort(kinds.by_resource("pods", "Pod"), "shoe_size")
        assert "restarts" in refused.value.cure
