"""An Avatar as Blender datablocks, and those as files. Plain functions that a script can call; nothing here knows of operators or panels.

frames      body frame to Blender's, and SMPL poses to bones: the one place where Y up becomes Z up
person      the whole person: one collection of all that follows
mesh        the surface with its colours and skin weights, and the fitted body
material    the colours into a Principled shader, from a texture or the vertices
texture     any surface unwrapped, and baked into images
low_poly    a light copy of the surface, with the same rig and colours
armature    24 bones in the rest pose, and any SMPL pose applied to them
poses       T, A and the photo's pose
motion      a motion clip as the armature's action
action      actions written as keys, and read from whatever moves the bones
ik          IK controls for hands and feet, on request
control_shapes  what those look like
weights     skin weights more even
seams       parts that touch in the photo, cut apart
camera      a camera that lines up with the photo
photo       the photo behind that camera
world       the Avatar's light as a world, and any world's light as the Avatar has it
spherical_harmonics  the node group that evaluates such light
suns        such light as suns, for EEVEE
panorama    a world as an equirectangular picture
cleanup     nothing stays behind of what failed halfway
files       whether a file can be written
export      glb, fbx, usdz, obj and blend files
character   a person as game engines take one: at rest, in their units, axes and bone names
bone_names  what Unity, Unreal and Mixamo call SMPL's joints
sheet       a picture from four sides
batch       Avatar files to all of these, in a Blender of our own
__main__    batch as a program
"""
