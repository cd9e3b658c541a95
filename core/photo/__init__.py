"""The stage `photo`: an image file in, each person in it out.

image       a photo from any usual file: 8 bit sRGB, upright
focal       focal length in pixels from EXIF
frame       a grid laid over the photo: takes pixels out, maps points both ways
network     a LiteRT network: one picture in, its outputs out
detector    where people are (BlazePose's first network)
landmarks   a person's landmarks in 2D and 3D, and a coarse mask (BlazePose's second network)
mask        the mask at full resolution
guided      the guided filter
people      all of these in a row: `find_people`
crop        a square picture of one person, with the way back to the photo
person      what goes on to the other stages: Photo and Person
"""
