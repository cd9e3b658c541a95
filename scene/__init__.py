"""An Avatar as Blender datablocks, and those as files. Plain functions that a script can call; nothing here knows of operators or panels.

frames      body frame to Blender's, and SMPL poses to bones: the one place where Y up becomes Z up
person      the whole person: one collection of all that follows
mesh        the surface with its colours and skin weights, and the fitted body
material    the colours into a Principled shader
armature    24 bones in the rest pose, and any SMPL pose applied to them
camera      a camera that lines up with the photo
photo       the photo behind that camera
world       even light of the photo's mean colour
cleanup     nothing stays behind of what failed halfway
export      glb, fbx, obj and blend files
sheet       a picture from four sides
batch       Avatar files to all of these, in a Blender of our own
__main__    batch as a program
"""
