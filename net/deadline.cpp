#include "net/deadline.hpp"

#include "net/clock.hpp"

#include <algorithm>

namespace portico::net {

void Deadline::unlink()
{
    if (!wheel_) return;
    *link_ = next_;
    if (next_) next_->link_ = link_;
    --wheel_->linked_;
    wheel_ = nullptr;
}

Deadlines::Deadlines(asio::io_context& context) : timer_{context}, start_{coarse_now()} {}

Deadlines::~Deadlines()
{
    for (auto*& slot : wheel_)
        while (slot) slot->unlink();
}

Deadline::Tick Deadlines::now() const
{
    return static_cast<Deadline::Tick>((coarse_now() - start_) / tick);
}

void Deadlines::arm(Deadline& deadline, std::chrono::milliseconds wait)
{
    // A wheel at rest has not turned; without this it would run through all it missed.
    if (linked_ == 0) hand_ = now();
    const auto end = coarse_now() + coarsest + std::max(wait, std::chrono::milliseconds{0});
    deadline.tick_ = static_cast<Deadline::Tick>((end - start_) / tick) + 1;
    if (deadline.wheel_ && deadline.visit_ <= deadline.tick_) return;
    deadline.unlink();
    link(deadline);
    run();
}

void Deadlines::link(Deadline& deadline)
{
    deadline.visit_ = std::min(std::max(deadline.tick_, hand_ + 1), hand_ + slots - 1);
    auto*& slot = wheel_[deadline.visit_ % slots];
    deadline.next_ = slot;
    deadline.link_ = &slot;
    if (slot) slot->link_ = &deadline.next_;
    slot = &deadline;
    deadline.wheel_ = this;
    ++linked_;
}

void Deadlines::run()
{
    if (running_) return;
    running_ = true;
    timer_.expires_after(tick);
    timer_.async_wait([this](const std::error_code& error) {
        running_ = false;
        if (error) return; // the loop is gone
        advance();
        if (linked_ != 0) run();
    });
}

void Deadlines::advance()
{
    for (const auto current = now(); hand_ < current && linked_ != 0;) {
        ++hand_;
        // Those visited go back onto other slots only, so this one empties.
        while (auto* deadline = wheel_[hand_ % slots]) {
            deadline->unlink();
            if (deadline->tick_ == Deadline::never) continue;
            if (deadline->tick_ > hand_) {
                link(*deadline);
                continue;
            }
            deadline->tick_ = Deadline::never;
            deadline->expired();
        }
    }
}

} // namespace portico::net
