#pragma once

#include "net/log.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace portico::mail {

/// One line in the log when something starts to fail and one when it works again, however many
/// messages meet it in between. Safe from every thread.
class Trouble {
public:
    /// `what` fails or works: "delivering mail".
    Trouble(net::Log& log, std::string_view what) : log_{log}, what_{what} {}

    void failed(std::string_view reason);
    void worked();

private:
    net::Log& log_;
    std::string_view what_;
    std::atomic<std::uint64_t> failures_{0}; // since it last worked
};

} // namespace portico::mail
