"""Written music: MIDI and MusicXML, as evidence for the sound beside it, and as sound.

Doors:
    read         `read_score`: a file's bytes in, its notes out, or why they can't be read
    notation     what a score says: notes, tempi and key signatures in seconds
    agreement    whether a score is that of a sound
    evidence     what a score says of one clip
    synthesis    a score played with the sounds of a sound font
    programs     what the instruments of General MIDI are called

Files of strangers are parsed here: call it only in a child process.
"""
