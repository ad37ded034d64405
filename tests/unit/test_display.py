"""Foreign text in messages."""

from __future__ import annotations

from shipline.display import nearest_first


def test_known_names_are_listed_nearest_first_and_ten_at_most() -> None:
    known = [*(f"Gadget {number}" for number in range(20)), "WidgetPro", "Widget\n"]
    listed = nearest_first("widgte", known).split(", ")
    assert listed[:2] == ["Widget\\n", "WidgetPro"]
    assert len(listed) == 10
