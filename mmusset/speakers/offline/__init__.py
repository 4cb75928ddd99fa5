"""The offline speaker: grammars that write from evidence alone, with no model and no download.

The same seed gives the same text on every machine; what they say of the music is only what may be
said of it.

Doors:
    speaker           `OfflineSpeaker`: answers a request as its agent writes offline
    caption_grammar   `write`: a caption out of claims, what matters first
    caption_facets    `facets_of`: a caption's claims as different trainers want them
    phrase_book       the phrases of caption_phrases.yaml, for a claim
    story_grammar     `write`: a story out of a picture's light, colours and their places
    mending           either text without the sentences at fault
    wording           for benchmarks and tests: patterns and the small rules of English
"""
