"""The shader node group *Spherical Harmonics Light*: the colour of order-2 light in the direction a world is looked at.

What it computes, from left to right: the direction (Texture Coordinate, Generated) turned back by Rotation; the nine basis functions of
core.light there; the series, each function times its coefficient; Saturation (1 as it is, 0 grey of the same luminance); negative values
set to zero; times Strength. An order-2 series can dip below zero, where there is no such thing as light: each channel is clamped there,
after Saturation, so such a world is a little brighter than its coefficients say. Nothing is clamped where the series is positive.

Coefficients are linear RGB radiance in Blender's axes, real and orthonormal, index l² + l + m. They are vectors (X, Y, Z for red, green,
blue) because Blender's colour sockets refuse negative numbers, and all but the first coefficient are often negative.
"""

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np

from ..core.light import NEUTRAL, sh_basis

NAME = "Spherical Harmonics Light"

COEFFICIENTS = (
    ("0 Everywhere", "The mean of all directions: this coefficient divided by 3.545"),
    ("1 Y", "More light from behind (+Y) than from the front (-Y), where a person's chest looks; negative for the front"),
    ("2 Z", "More light from above (+Z) than from below"),
    ("3 X", "More light from +X, a person's left, than from -X"),
    ("4 XY", "More light along the diagonals between +X and +Y, -X and -Y, less along the other two"),
    ("5 YZ", "More light along the diagonals between +Y and +Z, -Y and -Z, less along the other two"),
    ("6 ZZ", "More light from above and below than from around"),
    ("7 XZ", "More light along the diagonals between +X and +Z, -X and -Z, less along the other two"),
    ("8 XX-YY", "More light from both sides (X) than from front and back (Y)"),
)
"""Names and tooltips of the nine inputs, by index l² + l + m: each is the polynomial of its basis function."""

ROTATION, STRENGTH, SATURATION = "Rotation", "Strength", "Saturation"

Socket = Any
"""An output socket of a node, or a number. fake-bpy has no one type for what links accept."""


def light_group() -> Any:
    """The node group, made once per file. One of that name whose sockets somebody has changed is left alone, and a new one made."""
    wanted = [*(name for name, _ in COEFFICIENTS), ROTATION, STRENGTH, SATURATION]
    for group in bpy.data.node_groups:
        items: Any = group.interface.items_tree
        inputs = [item.name for item in items if item.item_type == "SOCKET" and item.in_out == "INPUT"]
        if group.bl_idname == "ShaderNodeTree" and group.name.startswith(NAME) and inputs == wanted:
            return group
    group = bpy.data.node_groups.new(NAME, "ShaderNodeTree")
    _add_sockets(group)
    _add_nodes(group)
    return group


def _add_sockets(group: Any) -> None:
    for index, (name, tooltip) in enumerate(COEFFICIENTS):
        socket = group.interface.new_socket(name, description=tooltip, in_out="INPUT", socket_type="NodeSocketVector")
        socket.default_value = NEUTRAL[index]
    turn = group.interface.new_socket(ROTATION, description="Turns the light about the scene's axes", socket_type="NodeSocketVector")
    turn.subtype = "EULER"
    texts = ((STRENGTH, "Times this much light", 1000.0), (SATURATION, "0: grey light of the same luminance; 1: its own colour", 10.0))
    for name, tooltip, maximum in texts:
        socket = group.interface.new_socket(name, description=tooltip, in_out="INPUT", socket_type="NodeSocketFloat")
        socket.default_value, socket.min_value, socket.max_value = 1.0, 0.0, maximum
    group.interface.new_socket("Color", description="Radiance from the direction looked at", in_out="OUTPUT", socket_type="NodeSocketColor")


class _Builder:
    """Adds nodes to a group in columns, from left to right and top to bottom."""

    def __init__(self, group: Any):
        self.nodes, self.links = group.nodes, group.links
        self.column, self.row = 0, 0

    def next_column(self) -> None:
        self.column, self.row = self.column + 1, 0

    def add(self, kind: str, label: str = "", **settings: Any) -> Any:
        node = self.nodes.new(kind)
        node.location = (190 * self.column, -190 * self.row)
        node.label = label
        for name, value in settings.items():
            setattr(node, name, value)
        self.row += 1
        return node

    def feed(self, node: Any, *values: Socket) -> Any:
        """Link or set the node's inputs in order; the node's first output."""
        for socket, value in zip(node.inputs, values, strict=False):
            if isinstance(value, bpy.types.NodeSocket):
                self.links.new(value, socket)
            else:
                socket.default_value = value
        return node.outputs[0]

    def math(self, operation: str, *values: Socket, label: str = "") -> Socket:
        return self.feed(self.add("ShaderNodeMath", label, operation=operation), *values)

    def vector(self, operation: str, *values: Socket, label: str = "") -> Socket:
        return self.feed(self.add("ShaderNodeVectorMath", label, operation=operation), *values)


def _add_nodes(group: Any) -> None:
    build = _Builder(group)
    entry = build.add("NodeGroupInput").outputs
    looked_at = build.add("ShaderNodeTexCoord").outputs["Generated"]
    build.next_column()
    turned_back = build.add("ShaderNodeVectorRotate", "Turn back", rotation_type="EULER_XYZ", invert=True)
    build.links.new(looked_at, turned_back.inputs["Vector"])
    build.links.new(entry[ROTATION], turned_back.inputs["Rotation"])
    build.next_column()
    direction = build.vector("NORMALIZE", turned_back.outputs[0], label="Direction")
    build.next_column()
    axes = build.add("ShaderNodeSeparateXYZ")
    build.links.new(direction, axes.inputs[0])
    build.next_column()
    series: Socket = (0.0, 0.0, 0.0)
    basis = _basis(build, axes.outputs)
    for index, function in enumerate(basis):
        build.next_column()
        series = build.vector("MULTIPLY_ADD", entry[index], function, series, label=f"+ {COEFFICIENTS[index][0]}")
    _finish(build, entry, series)


def _basis(build: _Builder, axes: Any) -> list[Socket]:
    """The nine basis functions' sockets: each polynomial of the axes times the constant that core.light has for it."""
    x, y, z = axes
    xx, yy, zz = (build.math("MULTIPLY", axis, axis, label=f"{name}²") for axis, name in zip(axes, "XYZ", strict=True))
    build.next_column()
    products = [build.math("MULTIPLY", *pair, label=name) for pair, name in (((x, y), "XY"), ((y, z), "YZ"), ((x, z), "XZ"))]
    zonal = build.math("MULTIPLY_ADD", zz, 3.0, -1.0, label="3 Z² - 1")
    tesseral = build.math("SUBTRACT", xx, yy, label="X² - Y²")
    polynomials = [1.0, y, z, x, products[0], products[1], zonal, products[2], tesseral]
    build.next_column()
    names = [name for name, _ in COEFFICIENTS]
    return [
        build.math("MULTIPLY", polynomial, factor, label=f"Function {name}")
        for polynomial, factor, name in zip(polynomials, _factors(), names, strict=True)
    ]


def _factors() -> list[float]:
    """What each basis function is, divided by its polynomial: taken from core.light in one direction, so that it stands there alone."""
    direction: np.ndarray = np.array([2.0, 3.0, 6.0]) / 7
    x, y, z = direction
    polynomials: Callable[[], list[float]] = lambda: [1, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]  # noqa: E731
    return [float(factor) for factor in sh_basis(direction) / polynomials()]


def _finish(build: _Builder, entry: Any, series: Socket) -> None:
    """Saturation, the clamp of negative values, Strength, and the output."""
    build.next_column()
    grey = build.feed(build.add("ShaderNodeRGBToBW", "Luminance"), series)
    build.next_column()
    colourful = build.vector("SUBTRACT", series, grey, label="Colour less grey")
    build.next_column()
    saturated = build.vector("MULTIPLY_ADD", colourful, entry[SATURATION], grey, label="Saturation")
    build.next_column()
    light = build.vector("MAXIMUM", saturated, (0.0, 0.0, 0.0), label="No negative light")
    build.next_column()
    scaled = build.add("ShaderNodeVectorMath", "Strength", operation="SCALE")
    build.links.new(light, scaled.inputs["Vector"])
    build.links.new(entry[STRENGTH], scaled.inputs["Scale"])
    build.next_column()
    build.links.new(scaled.outputs[0], build.add("NodeGroupOutput").inputs[0])
