//! What is sent, word by word.
