#include "net/pool.hpp"
#include "net/reactor.hpp"

#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <memory>

namespace portico::net {
namespace {

Task<void> ask(Pool& pool, Reactor& reactor)
{
    EXPECT_EQ(co_await pool.run([] { return 7; }), 7);
    reactor.stop();
}

// Only a sanitizer sees the failure this is about: a thread of the pool that still leaves the loop
// it has come back to, while that loop is destroyed.
TEST(Pool, EndsBeforeTheLoopsThatCalledIt)
{
    for (int round = 0; round < 200; ++round) {
        Pool pool{2};
        auto reactor = std::make_unique<Reactor>(1);
        asio::co_spawn(reactor->loop(0).executor(), ask(pool, *reactor),
                       [](const std::exception_ptr& failure) {
                           if (failure) std::rethrow_exception(failure);
                       });
        reactor->run();
        pool.join();
        reactor.reset();
    }
}

} // namespace
} // namespace portico::net
