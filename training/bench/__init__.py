"""Seconds and memory: the product's stages at every quality, and its field against PIFu's and PaMIR's networks (`make bench`).

product     the main path stage by stage, and the field with its surface in pieces
published   PIFu and PaMIR at their published sizes with random weights
process     each measurement in a process of its own, for its own peak of memory
__main__    all of it, as tables
"""
