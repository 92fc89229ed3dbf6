#include "net/reactor.hpp"

#include "net/connection.hpp"
#include "net/tls_session.hpp"

#include <asio/executor_work_guard.hpp>

#include <algorithm>
#include <thread>

namespace portico::net {

Loop::~Loop()
{
    // A connection that waits for octets holds the coroutine that holds it. Asio destroys those
    // with the context.
    for (auto* peer : connections_) peer->reader_ = nullptr;
}

std::unique_ptr<char[]> Loop::borrow()
{
    if (buffers_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_size);
    auto buffer = std::move(buffers_.back());
    buffers_.pop_back();
    return buffer;
}

void Loop::give_back(std::unique_ptr<char[]> buffer)
{
    if (buffers_.size() < spare_buffers) buffers_.push_back(std::move(buffer));
}

Reactor::Reactor(unsigned threads)
{
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t index = 0; index < threads; ++index)
        loops_.push_back(std::make_unique<Loop>(index));
}

void Reactor::run()
{
    auto run_loop = [](Loop& loop) {
        auto work = asio::make_work_guard(loop.context());
        loop.context().run();
    };
    std::vector<std::jthread> threads;
    for (std::size_t index = 1; index < loops_.size(); ++index)
        threads.emplace_back([&run_loop, loop = loops_[index].get()] { run_loop(*loop); });
    run_loop(*loops_.front());
}

void Reactor::stop()
{
    for (auto& loop : loops_) loop->context().stop();
}

} // namespace portico::net
