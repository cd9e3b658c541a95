"""The body: SMPL's model, the files it comes in, and how it is fitted to a photo.

model          shape and pose in, mesh and joints out: linear blend skinning (Loper et al. 2015), in torch
files          our open bodies and official SMPL files, read and checked
inert_pickle   pickles read so that nothing in them can run
fitted         the fitted body that the later stages get
lifter         a small network: landmarks to rotations and shape, with how sure it is of each
aim            the camera turned straight at a person, which the lifter looks through
fit            pose, shape, translation and camera from landmarks
"""
