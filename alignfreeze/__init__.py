"""AlignFreeze: realign multilingual encoders with some layers frozen, and see which languages gain."""
