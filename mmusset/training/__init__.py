"""What every training of a model shares: steps, pace, processes, and what is shown of it.

Order and dice are functions of a seed and a step, so that nothing but the step need be resumed.
"""
