"""Where the panels are: the tab Doppel in the 3D view's sidebar."""

from typing import Any


class InTab:
    """Mixed into a panel, puts it there."""

    bl_space_type: Any = "VIEW_3D"
    bl_region_type: Any = "UI"
    bl_category = "Doppel"
