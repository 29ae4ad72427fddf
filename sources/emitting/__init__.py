"""Parts of the emitter: the record that goes out, the bounded buffer, ids in order of time."""
