"""The published networks ours is measured against, written from their papers; the code is ours.

    hourglass   the stacked hourglass that both read the picture with
    pifu        PIFu (Saito et al. 2019): pixel-aligned features and depth -> occupancy
    pamir       PaMIR (Zheng et al. 2020): the same, with features of the fitted body's volume

Both take our cameras (perspective, camera frame in metres), so that they can be trained on our plates.
"""
