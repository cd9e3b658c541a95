"""Synthetic people with known surface, albedo, body and light, from asset folders: `python -m training.people`.

The way of a person: pose -> dressed person -> shell and views -> shard -> a photograph, drawn anew at every step of training.

    character    what the rooms below hand to each other: a dressed person, its shell, a view of it
    assets       the asset folders, told apart by what they hold, and which parts no training may see

    composed     composed people: a MakeHuman body dressed from a wardrobe
    who, heads, wardrobe, outfits, garments, cloth, layers, relief   who they are and what they wear
    sewn, long_hair                                                  skirts and hair made to measure, which no asset folder brings
    arms, piece, joined, exact_body                                  posed, joined to one mesh and texture, the open body inside

    artist       artist-made people: someone of the people pack with other proportions, colours and hands
    atlas, proportions, recolour, rig_pose                           their texture, build, colours and rig
    body_truth, joint_offsets                                        the open body fitted inside
    rounding     a coarse mesh made smooth

    shell        the watertight outer surface, over winding (winding numbers on a lattice)
    transfer     how each point of the shell answers to light
    samples      points round a shell with signed distance, normal and colour

    subject, cutout, cameras, views                                  what cameras see of a person, before any light
    worlds, lighting, backgrounds, camera_effects, snapshot          views lit and photographed
    traced       the same by Cycles, with cast shadows and bounced light
    groups       several people in one picture

    maker, shards, group_shards, view_codec, sheet                   people by the thousand, stored, and contact sheets of them
"""
