"""A hand and an eye for Blender's own window: the mouse is moved and pressed as by a person, and pictures are taken of what is seen.

Needs `blender --enable-event-simulate`. What is to be done is a generator: every `yield` gives Blender time to take in events and to draw.
"""

import os
import sys
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

Steps = Generator[None, None, Any]

TICK = 0.05
"""Seconds between two steps."""


def play(steps: Steps) -> None:
    """Go through the steps while Blender's window lives, then end Blender: code 0, or 1 with the traceback of what did not hold."""

    def tick() -> float | None:
        try:
            next(steps)
        except StopIteration:
            _end(0)
        except Exception:
            traceback.print_exc()
            _end(1)
        return TICK

    bpy.app.timers.register(tick, first_interval=1.0)


def _end(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Blender's own way out asks about unsaved changes, and has no code


def wait(seconds: float) -> Steps:
    """So long, and at least until Blender has drawn once: without a graphics card that may take longer."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        yield


def the_window() -> Any:
    return bpy.context.window_manager.windows[0]


def the_view() -> tuple[Any, Any, Any]:
    """The window, its 3D view, and that view's sidebar."""
    window = the_window()
    area = max((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.width * area.height)
    return window, area, next(region for region in area.regions if region.type == "UI")


def in_view(region_type: str = "WINDOW") -> Any:
    """The context of the 3D view, which a timer has not."""
    window, area, _ = the_view()
    return bpy.context.temp_override(window=window, area=area, region=next(part for part in area.regions if part.type == region_type))


def open_sidebar(category: str, width: int) -> Steps:
    """The sidebar shown at this width, pixels, with this tab in front."""
    _, area, region = the_view()
    area.spaces.active.show_region_ui = True
    yield from wait(0.5)
    region.active_panel_category = category
    yield from drag(region.x, region.y + region.height // 2, region.x - (width - region.width))
    yield from wait(0.5)


def drag(x: int, y: int, to_x: int) -> Steps:
    window = the_view()[0]
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield from wait(0.2)
    window.event_simulate(type="LEFTMOUSE", value="PRESS", x=x, y=y)
    yield from wait(0.2)
    for at in np.linspace(x, to_x, 6):
        window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=int(at), y=y)
        yield from wait(0.1)
    window.event_simulate(type="LEFTMOUSE", value="RELEASE", x=to_x, y=y)


def find(operator: str, above: int = 0, across: float = 0.5) -> Generator[None, None, tuple[int, int]]:
    """Where in the sidebar the first button of this operator is, such as `doppel.cancel`: the mouse goes down it until one is under it.

    above: where to begin, pixels from the window's lower edge (0: at the sidebar's upper edge). across: where in the sidebar's width.
    """
    window, _, region = the_view()
    x = region.x + int(region.width * across)
    for y in range(above or region.y + region.height - 8, region.y, -9):
        window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
        yield
        yield
        if _under_mouse().startswith(f"bpy.ops.{operator}("):
            return x, y
    raise AssertionError(f"the sidebar shows no button of {operator} that can be pressed")


def _under_mouse() -> str:
    """The call that the button under the mouse stands for; "" where there is none."""
    bpy.context.window_manager.clipboard = ""
    with in_view("UI"):
        if bpy.ops.ui.copy_python_command_button.poll():
            bpy.ops.ui.copy_python_command_button()
    return bpy.context.window_manager.clipboard


def click(place: tuple[int, int]) -> Generator[None, None, float]:
    """The button at this place pressed; the time (`time.monotonic`) of its release, which is what a button acts on."""
    window, (x, y) = the_view()[0], place
    released = 0.0
    for kind, value in (("MOUSEMOVE", "NOTHING"), ("LEFTMOUSE", "PRESS"), ("LEFTMOUSE", "RELEASE")):
        released = time.monotonic()
        window.event_simulate(type=kind, value=value, x=x, y=y)
        yield
    return released


def press(key: str, place: tuple[int, int], **modifiers: bool) -> Steps:
    window, (x, y) = the_view()[0], place
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield
    for value in ("PRESS", "RELEASE"):
        window.event_simulate(type=key, value=value, x=x, y=y, **modifiers)
        yield
    yield from wait(0.5)


def picture() -> np.ndarray:
    """The window as it is seen now, (H, W, 3) bytes, rows from above: from the virtual screen's memory, laid out as an .xwd."""
    window, screen = the_window(), Path(os.environ["DOPPEL_SCREEN"]).read_bytes()
    header = np.frombuffer(screen, dtype=">u4", count=25).astype(int)
    height, line, start = header[5], header[12], header[0] + 12 * header[19]
    pixels = np.frombuffer(screen, dtype=np.uint8, count=height * line, offset=start).reshape(height, line // 4, 4)
    return pixels[height - window.height :, : window.width, 2::-1]  # `-p 0 0` is the lower left corner


def of_region(whole: np.ndarray, region: Any, bottom: int = 0) -> np.ndarray:
    """The part of a picture of the window that shows this region, from its upper edge down to `bottom` pixels above its lower one."""
    height = len(whole)
    top = height - region.y - region.height
    return whole[top : height - region.y - bottom, region.x : region.x + region.width]


def side_by_side(columns: list[np.ndarray], gap: int = 16) -> np.ndarray:
    """Pictures beside each other, their upper edges level, white between and below them."""
    height = max(len(column) for column in columns)
    padded = [np.pad(column, ((0, height - len(column)), (0, gap), (0, 0)), constant_values=255) for column in columns]
    return np.concatenate(padded, axis=1)[:, :-gap]


def save(pixels: np.ndarray, path: Path) -> None:
    """A picture (H, W, 3) of bytes as .jpg."""
    height, width, _ = pixels.shape
    image = bpy.data.images.new(path.stem, width, height)
    whole = np.ones((height, width, 4), dtype=np.float32)
    whole[..., :3] = pixels[::-1] / 255
    image.pixels.foreach_set(whole.ravel())
    image.file_format = "JPEG"
    image.save(filepath=str(path), quality=82)
    bpy.data.images.remove(image)
