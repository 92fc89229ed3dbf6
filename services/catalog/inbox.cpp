#include "services/catalog/inbox.hpp"

namespace portico::catalog {

Inbox::Taken Inbox::take()
{
    const std::lock_guard lock{mutex_};
    messages_ = 0;
    return {std::exchange(events_, {}), std::exchange(lost_, false)};
}

void Inbox::arrived(std::span<const mail::Arrival> messages)
{
    Arrived event;
    for (const auto& message : messages) event.keys.push_back(message.key);
    add(std::move(event), messages.size());
}

void Inbox::removed(std::span<const std::int64_t> keys, mail::Cause cause)
{
    add(Removed{{keys.begin(), keys.end()}, cause}, keys.size());
}

void Inbox::marked(std::span<const mail::Marks> marks)
{
    add(Marked{{marks.begin(), marks.end()}}, marks.size());
}

void Inbox::add(Event event, std::size_t messages)
{
    if (messages == 0) return;
    {
        const std::lock_guard lock{mutex_};
        messages_ += messages;
        lost_ = lost_ || messages_ > most;
        if (lost_)
            events_.clear();
        else
            events_.push_back(std::move(event));
    }
    wake_();
}

} // namespace portico::catalog
