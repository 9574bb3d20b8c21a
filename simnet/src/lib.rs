//! Pairs of machines over simulated links and a virtual clock.
