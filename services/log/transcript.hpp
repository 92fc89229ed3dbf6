#pragma once

#include "net/transcript.hpp"

#include <cstdio>
#include <memory>

namespace portico::log {

/// Conversations as lines "#12 C: ..." and "#12 S: ..." in ASCII, every other byte as \xNN, and
/// of a line over 200 octets only so many, then how many there are. Safe from every thread.
/// `file` is the caller's and outlives the transcript.
std::unique_ptr<net::Transcript> make_transcript(std::FILE* file);

} // namespace portico::log
