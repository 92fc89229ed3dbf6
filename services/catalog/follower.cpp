#include "services/catalog/follower.hpp"

#include <asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <sys/resource.h>

namespace portico::catalog {

namespace {

constexpr int lowest_priority = 19;
constexpr std::chrono::seconds after_failure{1};

} // namespace

Follower::Follower(Keeper& keeper, Announcer& announcer, Signal& signal)
    : keeper_{keeper}, announcer_{announcer}, signal_{signal}, thread_{[this] { run(); }}
{
}

void Follower::stop()
{
    signal_.stop();
    if (thread_.joinable()) thread_.join();
}

void Follower::run()
{
    // On Linux a thread has a priority of its own. Without it, it is only less polite.
    (void)::setpriority(PRIO_PROCESS, 0, lowest_priority);
    while (signal_.wait()) {
        announcer_.tell();
        const auto more = step();
        announcer_.tell();
        if (more) keeper_.tidy_up();
        if (!more) signal_.pause(after_failure);
        if (!more || *more) signal_.wake();
    }
}

Keeper::Result<bool> Follower::step()
{
    std::optional<Keeper::Result<bool>> result;
    std::exception_ptr failure;
    asio::co_spawn(loop_.get_executor(), keeper_.step(),
                   [&](std::exception_ptr thrown, Keeper::Result<bool> done) {
                       failure = thrown;
                       result = done;
                   });
    loop_.restart();
    loop_.run();
    if (failure) std::rethrow_exception(failure);
    return *result;
}

} // namespace portico::catalog
