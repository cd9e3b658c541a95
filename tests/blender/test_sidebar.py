"""The sidebar draws what is so: every state of a job has its words and its buttons. A stand-in layout writes down what is drawn."""

import types

import bpy
import pytest

PREFERENCES = types.SimpleNamespace(system=types.SimpleNamespace(ui_scale=1))
"""Without a window Blender's own interface scale is 0."""


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
            return self.buttons.setdefault(arguments[0], types.SimpleNamespace()) if name == "operator" else None

        return call

    def text(self) -> str:
        return " ".join(named["text"] for name, _, named in self.drawn if name in ("label", "progress"))

    def of(self, kind: str) -> list:
        return [arguments[-1] for name, arguments, _ in self.drawn if name == kind]


@pytest.fixture
def draw(part):
    """Draws a panel of the sidebar; the Layout."""

    def make(name: str) -> Layout:
        layout, panel = Layout(), getattr(part("panels.sidebar"), name)
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
    assert layout.of("prop") == ["people", "surface", "quality", "texture", "sex", "device", "folder"]
    assert layout.of("prop_enum") == ["glb", "obj", "blend", "fbx"]
    assert settings.photo.preview.icon_id in [named["icon_value"] for name, _, named in layout.drawn if name == "template_icon"]


def test_without_a_photo_it_asks_for_one(draw, state, stand_in):
    stand_in("")
    layout = draw("DOPPEL_PT_reconstruct")
    assert "Choose a photo of a person" in layout.text()
    assert layout.buttons["doppel.reconstruct"].filepath == ""


def test_an_image_without_a_file_is_refused(draw, state, stand_in):
    stand_in("")
    bpy.context.scene.doppel.photo = bpy.data.images.new("painted", 4, 4)
    assert "has no file" in draw("DOPPEL_PT_reconstruct").text()


def test_without_a_runtime_it_opens_the_preferences(draw, state, chosen, monkeypatch, installed):
    monkeypatch.delenv("DOPPEL_PYTHON", raising=False)
    layout = draw("DOPPEL_PT_reconstruct")
    assert "No Python with Doppel's packages was found" in layout.text()
    assert layout.buttons["preferences.addon_show"].module == installed


def test_a_running_job_has_a_bar_and_a_cancel_button(draw, state, part, chosen):
    state.job = types.SimpleNamespace(stage="Fitting the body", fraction=0.42)
    layout = draw("DOPPEL_PT_reconstruct")
    state.job = None
    assert "Fitting the body  42%" in layout.text()
    assert "doppel.cancel" in layout.buttons
    assert "doppel.reconstruct" not in layout.buttons


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
    assert draw_light()[1] == ["Strength", "Rotation", "Saturation"]
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
        values = dict.fromkeys(("python", "weights", "body_file", "wheels", "index", "torch_index", "make_with"), "")
        part("panels.preferences").DOPPEL_preferences.draw(types.SimpleNamespace(layout=layout, flavour="cuda", **values), context)
        assert layout.of("prop") == [*values, "flavour"]
        assert layout.buttons["doppel.install_runtime"].flavour == "cuda"
        assert "Takes about 6 GiB on the disk" in layout.text()
        return layout.text()

    stand_in("")
    assert f"Computes with {tmp_path / 'stand-in'}" in drawn()
    monkeypatch.delenv("DOPPEL_PYTHON")
    assert "No Python with Doppel's packages was found" in drawn()
