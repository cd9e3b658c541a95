"""What a newcomer does in Blender's window, with the mouse; `newcomer.py --window` runs it, and the documentation's pictures come from it.

`blender --enable-event-simulate -p 0 0 WIDTH HEIGHT --python window.py -- STEP OUT [PHOTO]`, STEP is `before` (no runtime yet),
`people`, `panels` or `remove`.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from robot import Steps, click, find, in_view, of_region, open_sidebar, picture, play, press, save, side_by_side, the_view, the_window, wait

WIDTH = 330
"""Of the sidebar, pixels."""
SETTLED = 90.0
"""Seconds within which something must have happened that takes as long as the computer is slow."""


doppel: Any = bpy.ops.doppel


def state() -> Any:
    """The add-on's own state: the running job, and how the last one ended."""
    (module,) = [module for name, module in sys.modules.items() if name.endswith(".doppel.operators.job")]
    return module.STATE


def all_panels_open() -> None:
    """Panels that would be closed at first are open, for the pictures. Before the sidebar is drawn for the first time."""
    (module,) = [module for name, module in sys.modules.items() if name.endswith(".doppel.panels")]
    panels = [cls for cls in module.CLASSES if issubclass(cls, bpy.types.Panel)]
    for cls in reversed(panels):
        bpy.utils.unregister_class(cls)
    for cls in panels:
        if not hasattr(cls, "bl_parent_id"):
            cls.bl_options = set()
        bpy.utils.register_class(cls)


def until(holds: Any, seconds: float, words: str) -> Steps:
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, words
        yield


def before(out: Path) -> Steps:
    """A picture of the panel Runtime, which is there as long as there is none."""
    yield from open_sidebar("Doppel", WIDTH)
    last = yield from find("preferences.addon_show")
    save(column()[: below(last)], out / "runtime.jpg")


def people(out: Path, photo: str) -> Steps:
    """Reconstruct pressed, cancelled, pressed again; the person undone and done again; a process kept; pictures of each panel."""
    scene: Any = bpy.context.scene
    scene.doppel.photo = bpy.data.images.load(photo)
    scene.doppel.folder = str(out / "window")
    for thing in list(scene.objects):
        bpy.data.objects.remove(thing)
    bpy.ops.ed.undo_push(message="Photo chosen")
    bpy.context.preferences.view.ui_scale = 0.9  # all panels below each other in the window
    yield from open_sidebar("Doppel", WIDTH)
    button = yield from find("doppel.reconstruct")
    yield from click(button)
    yield from until(lambda: state().job, 10, "the button Reconstruct did not start anything")
    yield from until(lambda: state().job.fraction > 0.02, SETTLED, "no progress was shown")
    stop = yield from find("doppel.cancel", above=button[1] + 30)
    took = yield from cancelled(stop)
    assert not people_in_scene(), "a cancelled run left something in the scene"
    yield from click(button)
    yield from until(lambda: state().job and state().job.fraction > 0.3, SETTLED, "no progress was shown the second time")
    yield from wait(0.5)
    progress = column()[below(stop, -90) : below(stop)]
    yield from until(lambda: state().job is None, 8 * SETTLED, "it never ended")
    yield from wait(1)
    assert len(people_in_scene()) == 1, state().outcome
    yield from undone(button)
    with in_view():
        shading = bpy.context.space_data.shading
        shading.type, shading.color_type = "SOLID", "VERTEX"
        bpy.ops.view3d.view_camera()
    yield from wait(1)
    load = yield from find("doppel.load_avatar", above=button[1])
    export = yield from find("doppel.export", above=button[1])
    yield from away(button)
    panels, split, end = column(), below(load, 26), below(export, 185)
    save(progress, out / "progress.jpg")
    save(side_by_side([panels[:split], panels[split:end]]), out / "sidebar.jpg")
    save(picture(), out / "window.jpg")
    first, second, kept = yield from ready_for_the_next(button)
    save(kept, out / "kept.jpg")
    (out / "window.json").write_text(json.dumps({"cancelled": took, "first": first, "second": second}))


def ready_for_the_next(place: tuple[int, int]) -> Any:
    """Two people made with Keep Ready set, then the process given back with the mouse. Seconds from each press until its photo is read, and
    a picture of what the panel says."""
    preferences().keep_minutes, bpy.context.scene.doppel.quality = 5, "draft"
    began = []
    for _ in range(2):
        start = yield from click(place)
        yield from until(lambda: state().job and state().job.stage != "Starting", SETTLED, "no photo was begun")
        began.append(time.monotonic() - start)
        yield from until(lambda: state().job is None, 8 * SETTLED, "it never ended")
        yield from wait(0.5)
    process = state().keeper.worker.child.process
    assert process.poll() is None, "the process did not stay"
    end = yield from find("doppel.give_back", above=place[1] + 40, across=0.86)
    yield from away(place)
    shown = column()[below(end, -60) : below(end, 16)]
    yield from click(end)
    yield from until(lambda: process.poll() is not None, 2, "the process is still there")
    assert began[1] < max(1.0, began[0] / 3), f"the first photo began after {began[0]:.2f} s, the second after {began[1]:.2f} s"
    return *began, shown


def panels(out: Path) -> Steps:
    """The person of an earlier step under its photo's light and with IK controls: pictures of what the panels then show, and of the light's
    nodes beside it."""
    for thing in list(bpy.context.scene.objects):
        bpy.data.objects.remove(thing)
    with in_view():
        doppel.load_avatar(filepath=str(out / "doppel" / "person.npz"))
        doppel.apply_light()
        doppel.add_ik()
        bpy.ops.view3d.view_camera()
    yield from open_sidebar("Doppel", WIDTH)
    places = [(0, 0)]
    for name in ("apply_light", "low_poly", "pose", "export"):
        places.append((yield from find(f"doppel.{name}", above=places[-1][1])))
    yield from away(places[1])
    shown = column()
    rows = [below(place, -38) for place in places[1:]]
    save(side_by_side([shown[rows[0] : rows[1] - 20], shown[rows[2] : rows[3]]]), out / "light-and-rig.jpg")
    yield from beside_its_nodes(out / "light.jpg")


def beside_its_nodes(path: Path) -> Steps:
    """The 3D view halved: left the person, right the world's nodes; the band of it in which they are."""
    window = the_window()
    with in_view():
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.5)
    yield from wait(0.5)
    views = [other for other in window.screen.areas if other.type == "VIEW_3D"]
    left, right = sorted(views, key=lambda area: area.x)
    right.ui_type = "ShaderNodeTree"
    right.spaces.active.shader_type = "WORLD"
    left.spaces.active.shading.color_type = "VERTEX"
    left.spaces.active.show_region_ui = right.spaces.active.show_region_ui = False
    yield from away((400, 10))
    yield from wait(1)
    with bpy.context.temp_override(window=window, area=right, region=next(part for part in right.regions if part.type == "WINDOW")):
        bpy.ops.node.view_all()
    yield from wait(2)
    whole, top = picture(), len(picture()) - left.y - left.height
    save(whole[top + left.height // 4 : top + left.height * 3 // 4, left.x : right.x + right.width], path)


def remove(out: Path) -> Steps:
    """Remove Runtime asked for and confirmed; the longest time for which the window stood still until all is deleted, under one second."""
    (module,) = [module for name, module in sys.modules.items() if name.endswith(".doppel.operators.runtime")]
    folder = module.runtime_folder()
    yield from preferences_shown(out / "preferences.jpg")
    window = the_window()
    with bpy.context.temp_override(window=window):
        doppel.remove_runtime("INVOKE_DEFAULT")
    yield from wait(0.5)
    assert folder.exists(), "it was not asked for"
    last, still = time.monotonic(), 0.0
    window.event_simulate(type="RET", value="PRESS", x=window.width // 2, y=window.height // 2)
    window.event_simulate(type="RET", value="RELEASE", x=window.width // 2, y=window.height // 2)
    start = last
    while not state().outcome.facts:
        assert time.monotonic() - start < 8 * SETTLED, "it was never deleted"
        yield
        last, still = time.monotonic(), max(still, time.monotonic() - last)
        if folder.exists():
            assert time.monotonic() - start < 1, "it is not out of use after a second"
    assert not list(folder.parent.glob("runtime*")), "something is left"
    assert still < 1, f"the window stood still for {still:.2f} s"
    (out / "remove.json").write_text(json.dumps({"still": still, "seconds": time.monotonic() - start, "said": state().outcome.facts[0]}))


def preferences_shown(path: Path) -> Steps:
    """The add-on's preferences in the place of the 3D view, and a picture of them."""
    _, area, _ = the_view()
    (name,) = [name for name in bpy.context.preferences.addons.keys() if name.endswith(".doppel")]  # noqa: SIM118 - modules by name
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Doppel"
    bpy.ops.preferences.addon_expand(module=name)
    yield from wait(2)
    save(of_region(picture(), next(region for region in area.regions if region.type == "WINDOW")), path)


def preferences() -> Any:
    (name,) = [name for name in bpy.context.preferences.addons.keys() if name.endswith(".doppel")]  # noqa: SIM118 - modules by name
    return bpy.context.preferences.addons[name].preferences


def cancelled(place: tuple[int, int]) -> Steps:
    """Cancel pressed; the seconds from the button's release until nothing runs any more, under one."""
    start = yield from click(place)
    yield from until(lambda: state().job is None, 10, "Cancel did not end it")
    took = time.monotonic() - start
    assert took < 1, f"Cancel took {took:.2f} s"
    assert [error.kind for error in state().outcome.errors] == ["Cancelled"], state().outcome
    yield from wait(0.5)
    return took


def away(place: tuple[int, int]) -> Steps:
    """The mouse off the sidebar, so that no button looks pressed."""
    the_window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=place[0] - 400, y=place[1])
    yield from wait(0.5)


def undone(place: tuple[int, int]) -> Steps:
    """One Ctrl Z takes the person away, Ctrl Shift Z brings it back. The mouse is over the 3D view for it."""
    over = place[0] - 400, place[1]
    yield from press("Z", over, ctrl=True)
    assert not people_in_scene(), "one undo did not take the person away"
    yield from press("Z", over, ctrl=True, shift=True)
    assert len(people_in_scene()) == 1, "redo did not bring the person back"


def people_in_scene() -> list[Any]:
    return [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]


def below(place: tuple[int, int], rows: int = 22) -> int:
    """The row of the sidebar's picture that lies so many pixels below a place in the window."""
    region = the_view()[2]
    return region.y + region.height - place[1] + rows


def column() -> np.ndarray:
    """A picture of the sidebar."""
    return of_region(picture(), the_view()[2])


STEPS = {"before": before, "people": people, "panels": panels, "remove": remove}

if __name__ == "__main__":
    bpy.context.preferences.view.show_splash = False
    bpy.context.preferences.system.viewport_aa = "OFF"  # or the view is drawn anew all the time
    all_panels_open()
    step, folder, *words = sys.argv[sys.argv.index("--") + 1 :]
    play(STEPS[step](Path(folder), *words))
