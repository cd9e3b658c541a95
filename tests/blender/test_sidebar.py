"""The sidebar draws what is so: every state of a job has its words and its buttons. A stand-in layout writes down what is drawn."""

import re
import types

import bpy
import pytest

PREFERENCES = types.SimpleNamespace(system=types.SimpleNamespace(ui_scale=1))
"""Without a window Blender's own interface scale is 0."""


class Files(list):
    """A button's collection of files."""

    def add(self):
        self.append(types.SimpleNamespace())
        return self[-1]


class Layout:
    """Takes the place of bpy.types.UILayout: every call is kept as (name, arguments), sub-layouts write into the same list."""

    def __init__(self, drawn=None):
        self.drawn = [] if drawn is None else drawn
        self.buttons = {}

    def __getattr__(self, name):
        def call(*arguments, **named):
            self.drawn.append((name, arguments, named))
            if name in ("box", "row", "column"):
                below = Layout(self.drawn)
                below.buttons = self.buttons
                return below
            return self.buttons.setdefault(arguments[0], types.SimpleNamespace(files=Files())) if name == "operator" else None

        return call

    def text(self) -> str:
        return " ".join(named["text"] for name, _, named in self.drawn if name in ("label", "progress"))

    def of(self, kind: str) -> list:
        return [arguments[-1] for name, arguments, _ in self.drawn if name == kind]


@pytest.fixture
def draw(part):
    """Draws a panel of the sidebar; the Layout."""

    def make(name: str, module: str = "panels.sidebar") -> Layout:
        layout, panel = Layout(), getattr(part(module), name)
        context = types.SimpleNamespace(scene=bpy.context.scene, preferences=PREFERENCES, region=types.SimpleNamespace(width=300))
        panel.draw(types.SimpleNamespace(layout=layout), context)
        return layout

    return make


@pytest.fixture
def chosen(photo):
    """The photo chosen in the sidebar."""
    bpy.context.scene.doppel.photo = bpy.data.images.load(str(photo))
    return photo


def test_ready_it_offers_the_button_with_everything_set(draw, state, stand_in, chosen):
    stand_in("")
    settings = bpy.context.scene.doppel
    settings.quality, settings.people, settings.folder, settings.formats = "high", "all", "//out", {"npz", "glb"}
    layout = draw("DOPPEL_PT_reconstruct")
    button = layout.buttons["doppel.reconstruct"]
    assert (button.filepath, button.quality, button.people, button.folder) == (str(chosen), "high", "all", "//out")
    assert button.formats == {"npz", "glb"}
    assert layout.of("prop") == ["folder"]
    assert layout.of("prop_enum") == ["glb", "obj", "blend", "fbx", "unity", "unreal", "mixamo", "usd"]
    for name, drawn in {"photo": ["people"], "body": ["sex"], "surface": ["surface", "quality", "triangles", "texture", "device"]}.items():
        layout = draw(f"DOPPEL_PT_{name}", "panels.photo")
        assert layout.of("prop") == drawn
        if name == "photo":
            picture = layout
        if name == "surface":
            assert "About 22 s on two cores, 0.9 GiB of memory" in layout.text()
    assert settings.photo.preview.icon_id in [named["icon_value"] for name, _, named in picture.drawn if name == "template_icon"]


def test_without_a_photo_it_asks_for_one(draw, state, stand_in):
    stand_in("")
    layout = draw("DOPPEL_PT_reconstruct")
    assert "Choose a photo of a person" in layout.text()
    assert layout.buttons["doppel.reconstruct"].filepath == ""


def test_an_image_without_a_file_is_refused(draw, state, stand_in):
    stand_in("")
    bpy.context.scene.doppel.photo = bpy.data.images.new("painted", 4, 4)
    assert "has no file" in draw("DOPPEL_PT_reconstruct").text()


def test_without_a_runtime_it_offers_to_install_one(draw, state, part, chosen, monkeypatch, installed):
    panel = part("panels.runtime").DOPPEL_PT_runtime
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    assert panel.poll(bpy.context)
    assert "No Python with Doppel's packages was found: see the panel Runtime" in draw("DOPPEL_PT_reconstruct").text()
    layout = draw("DOPPEL_PT_runtime", "panels.runtime")
    assert "Takes about" in layout.text()
    assert "Blender may not use the network" in layout.text()
    assert {"doppel.install_runtime", "extensions.userpref_allow_online"} <= set(layout.buttons)
    assert layout.buttons["preferences.addon_show"].module == installed


def test_a_running_job_has_a_bar_and_a_cancel_button(draw, state, part, chosen):
    state.job = types.SimpleNamespace(stage="Fitting the body", fraction=0.42, remaining=lambda: "about 7 s left")
    layout = draw("DOPPEL_PT_reconstruct")
    state.job = None
    assert "Fitting the body  42% About 7 s left" in layout.text()
    assert "doppel.cancel" in layout.buttons
    assert "doppel.reconstruct" not in layout.buttons


def test_a_process_that_is_kept_is_shown_with_the_button_that_ends_it(draw, state, stand_in, chosen, monkeypatch):
    stand_in("")
    assert "doppel.give_back" not in draw("DOPPEL_PT_reconstruct").buttons
    monkeypatch.setattr(state.keeper, "left", lambda: 60.0)
    layout = draw("DOPPEL_PT_reconstruct")
    assert re.search(r"Ready for the next photo until \d\d:\d\d", layout.text())
    assert "doppel.give_back" in layout.buttons


def test_the_result_shows_facts_warnings_and_errors_with_hints(draw, state, part):
    panel = part("panels.sidebar").DOPPEL_PT_result
    assert not panel.poll(bpy.context)
    state.outcome = part("operators.job").Outcome(
        ["walk: 24 joints"], [part("operators.job").Problem("No person was found", "Use another photo")], ["The feet are cut off"]
    )
    assert panel.poll(bpy.context)
    text = draw("DOPPEL_PT_result").text()
    for words in ("walk: 24 joints", "No person was found", "Use another photo", "The feet are cut off"):
        assert words in text


@pytest.mark.parametrize(
    ("kind", "button", "changed"),
    [
        ("OutOfMemory", "doppel.reconstruct", {"quality": "draft"}),
        ("DeviceUnavailable", "doppel.reconstruct", {"device": "cpu"}),
        ("WorkerCrashed", "doppel.reconstruct", {"surface": "body"}),
        ("RuntimeMissing", "doppel.install_runtime", {"flavour": "metal"}),
        ("OnlineAccessOff", "extensions.userpref_allow_online", {}),
        ("BodyFileInvalid", "preferences.addon_show", {}),
        ("NoPersonFound", "doppel.add_photos", {}),
        ("Cancelled", None, {}),
    ],
)
def test_an_error_has_the_button_that_mends_it(draw, state, part, chosen, monkeypatch, kind, button, changed):
    monkeypatch.setattr(part("panels.sidebar"), "preferences", lambda: types.SimpleNamespace(flavour="metal"))
    state.outcome = part("operators.job").Outcome(errors=[part("operators.job").Problem("It went wrong", "Do this", kind)])
    buttons = draw("DOPPEL_PT_result").buttons
    assert set(buttons) == ({button} if button else set())
    for name, value in changed.items():
        assert getattr(buttons[button], name) == value
    if button == "doppel.reconstruct":
        assert buttons[button].filepath == str(chosen)


def test_recent_people_can_be_loaded_again(draw, state, part, avatar, tmp_path):
    paths = [str(avatar.save(tmp_path / f"walk-{number}.npz")) for number in range(8)]
    for path in paths:
        state.remember([path])
    assert state.recent == paths[:1:-1]
    (tmp_path / "walk-7.npz").unlink()
    assert part("operators.runtime").load_recent() == paths[6:1:-1]
    assert next(named["text"] for name, _, named in draw("DOPPEL_PT_result").drawn if name == "operator") == "walk-7"


def test_photos_are_listed_once_and_given_to_the_button(draw, state, stand_in, chosen, tmp_path):
    stand_in("")
    settings = bpy.context.scene.doppel
    files = [{"name": name} for name in ("walk.png", "a.heic", "b.jpg", "a.heic")]
    assert bpy.ops.doppel.add_photos(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert [item.name for item in settings.photos] == [str(tmp_path / "a.heic"), str(tmp_path / "b.jpg")]
    button = draw("DOPPEL_PT_reconstruct").buttons["doppel.reconstruct"]
    assert [file.name for file in button.files] == [str(tmp_path / name) for name in ("walk.png", "a.heic", "b.jpg")]
    settings.active_photo = 1
    assert bpy.ops.doppel.remove_photo() == {"FINISHED"}
    assert ([item.name for item in settings.photos], settings.active_photo) == ([str(tmp_path / "a.heic")], 0)
    bpy.ops.doppel.remove_photo()
    assert not bpy.ops.doppel.remove_photo.poll()
    assert bpy.ops.doppel.add_photos() == {"CANCELLED"}


def test_a_folder_of_photos_is_given_to_the_batch_as_everything_is_set(draw, state, stand_in, tmp_path):
    stand_in("")
    settings = bpy.context.scene.doppel
    layout = draw("DOPPEL_PT_batch", "panels.batch")
    assert layout.of("prop") == ["photo_folder", "workers", "earlier"]
    assert "Choose a folder of photos" in layout.text()
    settings.photo_folder, settings.folder, settings.workers, settings.quality = str(tmp_path), "//out", 3, "draft"
    settings.formats = {"npz", "glb"}
    layout = draw("DOPPEL_PT_batch", "panels.batch")
    assert "Choose a folder" not in layout.text()
    given = vars(layout.buttons["doppel.batch"]).copy()
    assert given.pop("files") == []
    assert set(given) == set(bpy.ops.doppel.batch.get_rna_type().properties.keys()) - {"rna_type"}
    assert {
        "directory": str(tmp_path),
        "folder": "//out",
        "workers": 3,
        "quality": "draft",
        "formats": {"npz", "glb"},
    }.items() <= given.items()


def test_photos_dropped_into_the_view_are_reconstructed(part, state, worker_that_makes, photo):
    worker_that_makes()
    handler = part("operators.photos").DOPPEL_FH_photos
    assert handler.poll_drop(types.SimpleNamespace(area=types.SimpleNamespace(type="VIEW_3D")))
    assert not handler.poll_drop(types.SimpleNamespace(area=types.SimpleNamespace(type="NODE_EDITOR")))
    assert ".heic" in handler.bl_file_extensions.split(";")
    bpy.context.scene.doppel.folder = str(photo.parent / "out")
    assert bpy.ops.doppel.drop_photos(directory=str(photo.parent), files=[{"name": "walk.png"}]) == {"FINISHED"}
    assert "walk" in bpy.data.collections
    assert state.recent == [str(photo.parent / "out" / "walk.npz")]


def test_a_drop_without_a_runtime_keeps_the_photo(state, photo, monkeypatch):
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    assert bpy.ops.doppel.drop_photos(directory=str(photo.parent), files=[{"name": "walk.png"}]) == {"FINISHED"}
    assert bpy.context.scene.doppel.photo.name == "walk.png"


@pytest.fixture
def draw_light(part):
    """Draws the panel Light, or its coefficients; the Layout, and the names of the sockets that are drawn."""

    def make(name: str = "DOPPEL_PT_light"):
        layout, panel = Layout(), getattr(part("panels.light"), name)
        context = types.SimpleNamespace(scene=bpy.context.scene, preferences=PREFERENCES, region=types.SimpleNamespace(width=300))
        panel.draw(types.SimpleNamespace(layout=layout), context)
        return layout, [arguments[0].name for kind, arguments, _ in layout.drawn if kind == "prop"]

    return make


def test_the_light_of_another_world_can_be_fitted_and_baked(draw_light, part):
    bpy.context.scene.world = bpy.data.worlds.new("own")
    layout, sockets = draw_light()
    assert sorted(layout.buttons) == ["doppel.apply_light", "doppel.bake_light", "doppel.fit_light"]
    assert sockets == []
    assert "This world is not a Spherical Harmonics Light" in layout.text()
    assert not part("panels.light").DOPPEL_PT_light_coefficients.poll(bpy.context)


def test_the_light_shows_the_nodes_own_inputs(draw_light, part):
    world = bpy.context.scene.world = part("scene.world").build_world(part("core.light").NEUTRAL, "light")
    layout, sockets = draw_light()
    assert sockets == ["Strength", "Rotation", "Saturation"]
    assert sorted(layout.buttons) == ["doppel.add_suns", "doppel.apply_light", "doppel.bake_light", "doppel.fit_light"]
    bpy.ops.doppel.add_suns()
    assert "doppel.remove_suns" in draw_light()[0].buttons
    bpy.ops.doppel.remove_suns()
    coefficients = part("panels.light").DOPPEL_PT_light_coefficients
    assert coefficients.poll(bpy.context)
    assert draw_light(coefficients.__name__)[1] == [name for name, _ in part("scene.spherical_harmonics").COEFFICIENTS]
    value = world.node_tree.nodes.new("ShaderNodeValue")
    world.node_tree.links.new(value.outputs[0], part("scene.world").light_node(world).inputs["Strength"])
    layout, sockets = draw_light()
    assert sockets == ["Rotation", "Saturation"]
    assert "Strength: Value" in layout.text()


def test_long_text_wraps_to_the_width(part):
    layout = Layout()
    context = types.SimpleNamespace(preferences=PREFERENCES, region=types.SimpleNamespace(width=260))
    words = "The worker ended unexpectedly and its log file beside the request says more"
    part("panels.text").paragraph(layout, context, words, "ERROR")
    labels = [named for name, _, named in layout.drawn if name == "label"]
    assert " ".join(label["text"] for label in labels) == words
    assert len(labels) > 2
    assert [label["icon"] for label in labels] == ["ERROR"] + ["BLANK1"] * (len(labels) - 1)


def test_properties_are_the_settings(part):
    """Default, range, words and labels of every Setting, in the operator and in the sidebar's settings alike."""
    for holder in (bpy.ops.doppel.reconstruct.get_rna_type(), bpy.context.scene.doppel.bl_rna):
        for setting in part("core.settings").SETTINGS:
            made = holder.properties[setting.name]
            assert (made.name, made.description) == (setting.label, setting.tooltip)
            if setting.choices:
                assert [(item.identifier, item.name, item.description) for item in made.enum_items] == [
                    (choice.name, choice.label, choice.tooltip) for choice in setting.choices
                ]
                assert (made.default_flag if setting.several else {made.default}) == {setting.default}
            else:
                assert (made.default, made.hard_min, made.hard_max) == (setting.default, setting.minimum, setting.maximum)


def test_the_preferences_say_whether_a_job_can_run(part, stand_in, monkeypatch, tmp_path):
    def drawn() -> str:
        layout = Layout()
        context = types.SimpleNamespace(preferences=PREFERENCES, region=types.SimpleNamespace(width=3000))
        values = dict.fromkeys(("python", "weights", "body_file", "keep_minutes", "wheels", "index", "torch_index", "make_with"), "")
        part("panels.preferences").DOPPEL_preferences.draw(types.SimpleNamespace(layout=layout, flavour="cuda", **values), context)
        assert layout.of("prop") == [*values, "flavour"]
        assert layout.buttons["doppel.install_runtime"].flavour == "cuda"
        assert "Takes about 5.1 GiB on the disk" in layout.text()
        return layout.text()

    stand_in("")
    assert f"Computes with {tmp_path / 'stand-in'}" in drawn()
    monkeypatch.delenv("DOPPEL_PYTHON")
    assert "No Python with Doppel's packages was found" in drawn()
