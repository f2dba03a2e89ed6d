//! By what is made: the behaviour of a generator in paused time.

mod entries;
mod exits;
