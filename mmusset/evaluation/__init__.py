"""Evaluation: is what a model makes music, and the music that was asked for? With what a claim
needs to be believed: floors and ceilings in the same table, intervals, and a record.

Doors:
    settings     what is asked of an evaluation
    evaluate     `evaluate`: the whole table of a checkpoint, or of anybody's sounds
    repeat       an evaluation repeated by its record, and two of them side by side
    show         a table as text for people, and as Markdown
    listening    a blind listening test as a folder, and what its answers say
    distances    distances between two sets of embeddings, in closed form
    statistics   figures with their intervals, by drawing pieces anew
    controls     what is no music, made of what is: shuffled frames, noise, silence
    videos       a clip's frames as a video, for music to be made to
    ears         what gives each sound a vector, and some of them tags
"""
