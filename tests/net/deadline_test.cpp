#include "net/deadline.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace portico::net {
namespace {

using namespace std::chrono_literals;

/// A deadline that calls a function.
class Alarm final : public Deadline {
public:
    explicit Alarm(std::function<void()> ring) : ring_{std::move(ring)} {}

private:
    void expired() override { ring_(); }

    std::function<void()> ring_;
};

struct Wheel : testing::Test {
    asio::io_context context;
    Deadlines deadlines{context};
};

TEST_F(Wheel, ExpiresNeverEarlyAndInOrder)
{
    std::vector<int> order;
    const auto start = std::chrono::steady_clock::now();
    std::chrono::steady_clock::duration first{};
    Alarm later{[&] { order.push_back(2); }};
    Alarm sooner{[&] {
        order.push_back(1);
        first = std::chrono::steady_clock::now() - start;
    }};
    deadlines.arm(later, 450ms);
    deadlines.arm(sooner, 150ms);
    context.run();
    EXPECT_EQ(order, (std::vector{1, 2}));
    EXPECT_GE(first, 150ms);
}

TEST_F(Wheel, ProlongedAndDisarmedDoNotExpire)
{
    int prolonged = 0;
    Alarm disarmed{[] { FAIL(); }};
    Alarm moved{[&] { ++prolonged; }};
    Alarm mover{[&] { deadlines.arm(moved, 300ms); }};
    deadlines.arm(disarmed, 100ms);
    deadlines.arm(moved, 250ms);
    deadlines.arm(mover, 0ms);
    disarmed.disarm();
    context.run(); // returns when nothing is on the wheel
    EXPECT_EQ(prolonged, 1);
}

TEST_F(Wheel, ShortenedExpiresAtItsNewEnd)
{
    int expired = 0;
    Alarm deadline{[&] { ++expired; }};
    deadlines.arm(deadline, 1h);
    deadlines.arm(deadline, 100ms);
    context.run();
    EXPECT_EQ(expired, 1);
}

TEST_F(Wheel, MayDestroyAnotherOfTheSameTick)
{
    int expired = 0;
    std::vector<std::unique_ptr<Alarm>> all;
    for (int i = 0; i < 4; ++i)
        all.push_back(std::make_unique<Alarm>([&] {
            ++expired;
            std::erase_if(all, [&](const auto& one) { return one != all[0] && one != all[1]; });
        }));
    for (auto& one : all) deadlines.arm(*one, 100ms);
    all[2].reset();
    all.erase(all.begin() + 2);
    all.pop_back();
    context.run();
    EXPECT_EQ(expired, 2);
}

TEST_F(Wheel, ExpiredMayArmItselfAgain)
{
    int expired = 0;
    std::unique_ptr<Alarm> deadline;
    deadline = std::make_unique<Alarm>([&] {
        if (++expired < 3) deadlines.arm(*deadline, 0ms);
    });
    deadlines.arm(*deadline, 0ms);
    context.run();
    EXPECT_EQ(expired, 3);
}

} // namespace
} // namespace portico::net
