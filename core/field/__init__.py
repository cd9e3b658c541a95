"""The field: f(point | photo, body) -> signed distance and albedo, and the photo's light from the same encoder.

    config        sizes of the network: `tiny` (for comparisons), `small` (two cores train it) and `base` (a GPU trains it)
    framing       photo, person and body -> the square picture the network reads, and its camera
    conditioning  what the body says: maps of it as image channels, and what the nearest body point says to each query point
    steady        the same without the jumps between two parts of the body
    volume        the body as voxels, and PaMIR's 3D encoder of them
    encoder       the picture's features (U-Net) and the full-resolution 2D heads: normals, depth, log-shading, labels, front and back
    detail        front normals and log-shading at twice the picture's size
    colour        sRGB and linear light in torch
    illumination  the illumination code, light as spherical harmonics, the shading network
    network       the whole: encode a picture once, then ask it at points
    sampling      pixel-aligned sampling through the perspective camera
    files         weights with their configuration, checked

Frame of all points here: the camera's (X right, Y down, Z away), metres. `depth` is z less the body's pelvis. Pictures: (B, C, H, W).
"""
