"""Evaluation: is what a model makes music, and the music that was asked for? With what a claim
needs to be believed: floors and ceilings in the same table, intervals, and a record.

Doors:
    evaluate      `evaluate`: the whole table of a checkpoint, or of anybody's sounds
    table         the table: rows, columns, figures
    show          the table as text for people, and as Markdown
    distances     distances between two sets of embeddings, in closed form
    controls      what is no music, made of what is: shuffled frames, noise, silence
    ears          what gives each sound a vector, and some of them tags
    page          the page with sounds side by side and plots
    record        what a table was made from, by which it is made again
    ablation      the same training without one of its parts
    listening     a blind listening test as a folder, and what its answers say
"""
