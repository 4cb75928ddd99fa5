"""What can be measured on music and said of it: one attribute a file, from sound to words.

Doors:
    listed        `MEASUREMENTS`, the list that all of the house goes through; `add` for others
    declaration   `Measurement`, and the values that go with it
    phrases       how words are written down
    said          traits and amounts, in the ways in which a sentence says them
    precision     how often what is measured is right
    spoken_tempo  beats per minute in prose, and the words of numbers
    tempo, pulse, key, mode, loudness, dynamics, brightness, density, percussion, width, energy
                  one measurement each: its constant, and its type: `evidence[TEMPO].bpm`

To add one, write its file and put it on the list; nothing else names them all. A file of another
package does as well (`add`): tests/measurements/test_new_measurement.py declares one.
"""
