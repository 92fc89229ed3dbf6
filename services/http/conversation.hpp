#pragma once

#include "config/config.hpp"
#include "net/connection.hpp"
#include "services/http/protocol.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace portico::http {

/// What the conversations of one loop share: the time as answers tell it.
class Desk {
public:
    /// Its date is valid, and right, as long as the desk.
    const Now& now();

private:
    Now now_;
    std::string date_;
};

/// A connection and its protocol: what is to be sent, how long to wait, what has come.
class Conversation {
public:
    /// Everything outlives the conversation; `log` may be null. `requests`: how many there were
    /// before, on this connection.
    Conversation(net::Connection& peer, const config::HttpConnection& options, Desk& desk,
                 net::Trace trace, AnswerLog* log, std::uint32_t requests)
        : peer_{&peer}, options_{options}, desk_{desk}, protocol_{options, trace, output_, log,
                                                                  requests}
    {
    }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    /// Forgets all there was, and goes on with another connection.
    void move_to(net::Connection& peer, net::Trace trace, std::uint32_t requests)
    {
        peer_ = &peer;
        end_.reset();
        protocol_.go_on(trace, requests);
    }
    /// Nothing is left to do or to say.
    bool is_idle() const { return output_.empty() && protocol_.is_idle(); }

    net::Connection& peer() { return *peer_; }
    Protocol& protocol() { return protocol_; }
    const config::HttpConnection& options() const { return options_; }

    /// What to do next.
    Step next() { return protocol_.next(now()); }
    const Now& now() { return desk_.now(); }

    std::string& output() { return output_; }
    /// So much waits that answers to further pipelined requests would not make it cheaper.
    bool is_full() const { return output_.size() >= enough; }

    /// Sends what the peer takes at once; whether that is all of the output.
    bool flush_at_once();

    /// Sends all of the output. False: nobody takes it any more.
    net::Task<bool> flush();

    /// How long a Read may take. The wait for a head and that for a body have one end, however many
    /// pieces they come in. Nothing: it is over already, and the protocol has been told.
    std::optional<std::chrono::milliseconds> wait_for(Awaited awaited);

    /// What a read came to.
    void came(const std::expected<std::string_view, net::Ended>& bytes);

    /// All of that: sends, waits, feeds.
    net::Task<void> more(Awaited awaited);

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t enough = 64 << 10;

    net::Connection* peer_;
    const config::HttpConnection& options_;
    Desk& desk_;
    std::string output_;
    Protocol protocol_;
    std::optional<Clock::time_point> end_; // of the wait for a head or a body
    Awaited awaited_ = Awaited::request;   // what that is of
};

} // namespace portico::http
