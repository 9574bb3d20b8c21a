//! What the commands print, and how it is read back.
