"""What a sample is made of: frozen values that know nothing of files, models or databases.

Doors:
    piece     a piece of music as the source offers it, and an item of the plan
    evidence  what was measured on a clip and on a picture, and what ears heard
    media     the clip and the picture as they are stored, with their evidence
    claims    typed statements of a caption, and what the evidence says of them
    texts     captions and stories
    turns     what the agents said, and the critic's objections
"""
