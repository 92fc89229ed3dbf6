#pragma once

#include <csignal>

namespace portico::store {

/// Hears SIGINT, SIGTERM and SIGHUP for as long as it lives, so that what is half done is undone
/// before the process ends. One at a time.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    bool asked() const;
};

} // namespace portico::store
