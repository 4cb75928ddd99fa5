"""What a text says of the music, and whether the measurements agree.

Doors:
    extract    `extract`: the claims of a text, by code alone
    findings   what the evidence of a clip says, and which of that may be said
    entrances  after how long drums come in or go out: in prose, and by a piece's sections
    hedge      words that take something back of a claim: "sounds like strings"
    judge      `judge`: each claim against the evidence: supported, contradicted, told,
               unverifiable
    told       what the tags of a file tell, as claims, and whether measurement agrees
    control    a dataset's captions judged against other pieces' sound
    badges     a text with its claims marked, for pages
    benchmark  what reading and judging are worth: planted faults, and how many are caught
    leaks      words that don't belong where they stand: music in a story, a picture in a caption

The words of what is measured stand with the measurements; `lexicon` has the others.
"""
