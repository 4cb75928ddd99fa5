"""What can be measured on music and said of it, one attribute a file, from sound to words.

Doors: `listed` (MEASUREMENTS, and how to add to them), `declaration` (what a measurement is,
and the values that go with it), `phrases` (how its words are written down), and the file of
each measurement, for its constant and its type of evidence: `evidence[TEMPO].bpm`. To add one,
write its file and put it on the list; nothing else in the house names them all.
"""
