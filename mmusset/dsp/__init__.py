"""Signal processing on a clip's samples: spectra, loudness, onsets, tempo, tonality.

Arrays in, numbers out; nothing here knows of samples, claims or files. Doors: `clip_signal`
(a clip, and what several measurements need of it), and one module for each subject, entered
by the declarations in `mmusset.measurements`.
"""
