#include "services/mailpit/readyz.hpp"

#include "services/host/http_status.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

namespace portico::mailpit {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto pause = 100ms;

} // namespace

int readyz(const Place& place, bool wait, config::Duration timeout)
{
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL's write() to one that has left
    const host::Question question{place.address, place.port, place.tls, place.webroot + "/readyz"};
    const auto end = Clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<config::Duration>(end - Clock::now());
        const auto status = host::http_status(question, std::max(left, config::Duration{1}));
        if (status == 200U) return 0;
        if (wait && Clock::now() + pause < end) {
            std::this_thread::sleep_for(pause);
            continue;
        }
        fmt::print(stderr, "mailpit: {} port {} is not ready: {}\n", place.address, place.port,
                   status ? fmt::format("status {}", *status) : status.error());
        return 1;
    }
}

} // namespace portico::mailpit
