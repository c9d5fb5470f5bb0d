"""What extracts word pairs from bitext: encoder states, FastAlign, a bilingual dictionary."""
