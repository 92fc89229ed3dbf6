#include "services/http/conversation.hpp"

#include <ctime>

namespace portico::http {

const Now& Desk::now()
{
    // Dates have seconds, for which the clock that costs no counter's reading is good enough.
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
    const std::chrono::sys_seconds seconds{std::chrono::seconds{time.tv_sec}};
    if (seconds != now_.time || date_.empty()) {
        // Into the same memory, which answers that are waited for still point to.
        const auto text = imf_fixdate(seconds);
        date_.assign(text);
        now_ = {.time = seconds, .date = date_};
    }
    return now_;
}

bool Conversation::flush_at_once()
{
    if (!output_.empty()) output_.erase(0, peer_->write_at_once(output_));
    return output_.empty();
}

net::Task<bool> Conversation::flush()
{
    if (flush_at_once()) co_return true;
    const auto sent = co_await peer_->write(output_, options_.write_timeout);
    output_.clear();
    co_return sent.has_value();
}

std::optional<std::chrono::milliseconds> Conversation::wait_for(Awaited awaited)
{
    if (awaited == Awaited::request) {
        end_.reset();
        return options_.keep_alive_timeout;
    }
    const auto now = Clock::now();
    if (!end_ || awaited_ != awaited)
        end_ = now + (awaited == Awaited::head ? options_.header_timeout : options_.body_timeout);
    awaited_ = awaited;
    if (*end_ > now) return std::chrono::ceil<std::chrono::milliseconds>(*end_ - now);
    protocol_.interrupted(Interruption::idle);
    return std::nullopt;
}

void Conversation::came(const std::expected<std::string_view, net::Ended>& bytes)
{
    if (bytes) return protocol_.feed(*bytes);
    switch (bytes.error()) {
    case net::Ended::left: return protocol_.left();
    case net::Ended::woken: return; // nobody here has anything to say
    case net::Ended::idle: return protocol_.interrupted(Interruption::idle);
    case net::Ended::stopping: return protocol_.interrupted(Interruption::stopping);
    }
}

net::Task<void> Conversation::more(Awaited awaited)
{
    if (!co_await flush()) {
        protocol_.left();
        co_return;
    }
    const auto wait = wait_for(awaited);
    if (!wait) co_return;
    const auto bytes = co_await peer_->read(*wait);
    came(bytes);
}

} // namespace portico::http
