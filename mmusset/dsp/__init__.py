"""Signal processing on a clip's samples. Arrays in, numbers out: no claims and no files here.

Doors:
    clip_signal   `ClipSignal`: a clip, and what several measurements need of it
    mono          the mean of channels
    spectrum      power over time and frequency, mel bands, the spectral centroid
    loudness      loudness and its range by ITU-R BS.1770, silence, peaks, stereo width
    onsets        where notes begin
    tempo         the rate of the beat
    tonality      pitch classes and the key
    percussion    whether drums play
    drum_changes  when in a piece they come in and go out
    clipping      tops of the wave that were cut flat
    hum           steady lines of the mains
    fingerprint   what stays of a recording whatever its encoding
    bandwidth     up to which frequency there is sound, and whether it was cut off there

Transforms of many frames are scipy's, which takes several at a time and half of numpy's time. All
else is numpy: scipy.signal would take longer to import, in each decoding process, than ten clips
to measure.
"""
