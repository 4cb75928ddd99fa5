"""Pictures and music that nothing pairs, paired by what they feel like and what they are about.

Doors:
    affect   how pleasant and how stirring a clip or a picture is, by what was measured on it
    theme    the words that say what a file is about
    themes   what a picture or a sound is about, by CLIP and CLAP
    pairs    `match`: who goes with whom, how well, and who stays alone
"""
