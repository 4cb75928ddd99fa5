"""Measuring a clip and a picture; decoding untrusted media, which is done in child processes.

Doors:
    music        `measure`: samples in, `MusicEvidence` out
    piece        `measure`: a sound in, what belongs to the whole piece out
    sections     `measure`: a sound in, the sections of the whole piece out
    quality      `measure`: a clip in, what is wrong with its sound out
    image        `measure`: a picture in, `ImageEvidence` out
    rounding     `rounded`: evidence as it is kept, the same on every processor
    choice       `choose`: a sound in, the places that its clips are cut from out
    clip         where a clip is cut, and how it is stored
    sound        `open_sound`: an open file in, its length and windows of its sound out
    recognition  `recognition`: a sound in, what its recording is known again by out
    played       `open_played`: a score in, its sound as a sound font plays it out
    still        `open_image`: an open file in, a picture out
    video        `video_frame`: an open file in, a frame out; or `frames_by_second`
    attached     `pictures`: an open file in, the pictures attached to its sound out
    decode       a given story's text; what all decoding has in common
    media_file   an open file, from which all of these read
    colour       the names of colours, for benchmarks
"""
