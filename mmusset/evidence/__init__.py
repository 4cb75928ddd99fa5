"""Measuring a clip and a picture; decoding untrusted media, which is done in child processes.

Doors:
    music        `measure`: samples in, `MusicEvidence` out
    piece        `measure`: an open file in, what belongs to the whole piece out
    quality      `measure`: a clip in, what is wrong with its sound out
    image        `measure`: a picture in, `ImageEvidence` out
    choice       `choose`: an open file in, the places that its clips are cut from out
    clip         where a clip is cut, and how it is stored
    decode       what may be opened: sound, video frames, pictures, text
    media_file   an open file, from which all of these read
    colour       the names of colours, for benchmarks
"""
