"""The lifter's training: landmarks of people whose pose is known, and the network that learns to undo the detector's errors.

pairs     quick pictures through the real landmark detector: `python -m training.lifter.pairs`
noise     more pairs than pictures: made-up bodies with the errors of real pairs like them
train     `python -m training.lifter.train`
"""
