#pragma once

#include "net/endpoint.hpp"

#include <cstdint>
#include <string_view>

namespace portico::net {

enum class Level : std::uint8_t { debug, info, warn, error };

/// Whose event it is: the connection's number, its service and its 5-tuple.
struct Origin {
    std::uint64_t connection;
    std::string_view service;
    const FiveTuple& tuple;
};

/// Where the operator reads what happened: one line an event. Safe from every thread.
/// Implementations escape control bytes, so a client cannot forge a line. Callers never pass
/// passwords or message text.
class Log {
public:
    virtual ~Log() = default;

    virtual bool enabled(Level level) const = 0;
    virtual void write(Level level, std::string_view event) = 0;
    virtual void write(Level level, const Origin& origin, std::string_view event) = 0;
};

} // namespace portico::net
