"""From what people ask of a list, in their words, to what the store can answer; and what they could ask next."""
