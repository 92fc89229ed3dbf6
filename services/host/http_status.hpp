#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>

namespace portico::host {

/// A server on this machine, and what to ask it for.
struct Question {
    std::string address; // canonical
    std::uint16_t port = 0;
    bool tls = false; // with whatever certificate it has
    std::string path;
};

/// The status it answers GET with. Blocks, each step no longer than `patience`. The error is a
/// sentence.
std::expected<unsigned, std::string> http_status(const Question& question,
                                                 std::chrono::milliseconds patience);

} // namespace portico::host
