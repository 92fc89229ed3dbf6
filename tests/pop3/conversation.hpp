#pragma once

#include "services/pop3/protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace portico::pop3::test {

inline constexpr auto never = std::numeric_limits<std::size_t>::max();

/// A message of the maildrop in memory, which can be made to fail while it is read.
struct Stored {
    std::string content;
    std::size_t fails_at = never; // octets given out before it fails
    mail::StoreError error = mail::StoreError::failing;
    bool utf8 = false; // as mail::Message has it
};

/// Who logs in and what is there. The password of everybody is " se cret", the rest is as in the
/// RFCs' examples; "locked" finds the maildrop in use, for "broken" the check fails.
struct Outside {
    std::vector<Stored> stored;
    std::optional<mail::StoreError> update_fails;
    std::uint32_t max_errors = 100;
    std::uint32_t max_failures = 10;
    std::string timestamp;
    Security security{.offer = {.mechanisms = {}, .password = true}};
    Security secured{.tls = true, .offer = {.mechanisms = {}, .password = true}}; // behind STLS
    std::size_t piece = 64 << 10; // a message is read in pieces of so many octets

    Outside() = default;
    Outside(std::vector<std::string> contents)
    {
        for (auto& content : contents) stored.push_back({.content = std::move(content)});
    }
};

inline std::vector<mail::Message> listed(const std::vector<Stored>& stored)
{
    std::vector<mail::Message> messages;
    for (std::size_t index = 0; index != stored.size(); ++index) {
        const auto& content = stored[index].content;
        mail::Message message{.key = static_cast<std::int64_t>(index),
                              .size = content.size(),
                              .id = {},
                              .lacks_final_crlf = !content.empty() && !content.ends_with("\r\n"),
                              .utf8 = stored[index].utf8};
        auto digits = std::to_string(index);
        message.id.fill('u');
        std::ranges::copy(digits, message.id.end() - std::ssize(digits));
        messages.push_back(message);
    }
    return messages;
}

class RecordedTranscript final : public net::Transcript {
public:
    void client(std::uint64_t, std::string_view line) override { text += joined("C: ", line); }
    void server(std::uint64_t, std::string_view line) override { text += joined("S: ", line); }
    std::string text;

private:
    static std::string joined(std::string_view who, std::string_view line)
    {
        return std::string{who} + std::string{line} + "\n";
    }
};

/// A session with everything around it that the service would be.
class Session {
public:
    explicit Session(const Outside& outside, net::Transcript* transcript = nullptr)
        : outside_{outside}, messages_{listed(outside.stored)},
          protocol_{{.max_errors = outside.max_errors},
                    {.name = "pop.example.org", .timestamp = outside.timestamp},
                    outside.security,
                    outside.max_failures,
                    net::Trace{transcript, 1}}
    {
    }

    /// Carries steps out until the client is to speak, or the session is over; what was said.
    std::string answers()
    {
        std::string said;
        while (!closed_) {
            auto step = protocol_.next();
            steps += 1;
            if (std::holds_alternative<Read>(step)) break;
            if (auto* write = std::get_if<Write>(&step)) {
                EXPECT_FALSE(write->bytes.empty());
                largest_write = std::max(largest_write, write->bytes.size());
                writes += 1;
                said += write->bytes;
            } else if (auto* start = std::get_if<StartTls>(&step)) {
                handshakes += 1;
                unread += start->unread;
                said += start->go_ahead;
                protocol_.secured(outside_.secured);
            } else if (auto* login = std::get_if<Login>(&step)) {
                last_login = *login;
                log_in(login->user, login->password == " se cret");
            } else if (auto* apop = std::get_if<Apop>(&step)) {
                log_in(apop->user, apop->digest == "c4c9334bac560ecc979e58001b3e22fb");
            } else if (auto* begin = std::get_if<Authenticate>(&step)) {
                EXPECT_FALSE(exchange_) << "AUTH within AUTH";
                exchange_ = Exchange{begin->mechanism};
                exchange(begin->initial_response);
            } else if (auto* response = std::get_if<Respond>(&step)) {
                exchange(response->response);
            } else if (std::holds_alternative<CancelAuthentication>(step)) {
                EXPECT_TRUE(std::exchange(exchange_, {})) << "there is nothing to cancel";
            } else if (auto* fetch = std::get_if<Fetch>(&step)) {
                reading_ = fetch->index;
                position_ = 0;
                next_piece();
            } else if (std::holds_alternative<More>(step)) {
                next_piece();
            } else if (auto* update = std::get_if<Update>(&step)) {
                EXPECT_FALSE(updated_) << "UPDATE twice";
                updated_ = true;
                if (outside_.update_fails) {
                    protocol_.updated(std::unexpected{*outside_.update_fails});
                } else {
                    removed = update->indices;
                    protocol_.updated({});
                }
            } else {
                closed_ = true;
            }
        }
        return said;
    }

    void hear(std::string_view bytes)
    {
        if (!closed_) protocol_.feed(bytes);
    }

    std::string talk(std::string_view bytes)
    {
        hear(bytes);
        return answers();
    }

    void interrupt(Interruption why)
    {
        if (!closed_) protocol_.interrupted(why);
    }

    bool closed() const { return closed_; }
    bool updated() const { return updated_; }
    std::string doing() const { return protocol_.doing(); }

    std::vector<std::size_t> removed;
    std::optional<Login> last_login;
    std::size_t largest_write = 0;
    std::size_t writes = 0;
    std::size_t steps = 0;
    std::size_t pieces = 0;
    std::size_t handshakes = 0;
    std::size_t unread = 0;

private:
    /// What a mechanism does, as far as a conversation shows it: what the server says, in order,
    /// and what it wants to hear. The last answer is the one that decides.
    struct Exchange {
        accounts::Mechanism mechanism;
        std::size_t turn = 0;
        std::string user = {};
    };

    void log_in(std::string_view user, bool right)
    {
        exchange_.reset();
        if (user == "locked")
            protocol_.logged_in(std::unexpected{LoginError::in_use});
        else if (user == "broken")
            protocol_.logged_in(std::unexpected{LoginError::failing});
        else if (user == "damaged")
            protocol_.logged_in(std::unexpected{LoginError::damaged});
        else if (!right)
            protocol_.logged_in(std::unexpected{LoginError::wrong});
        else
            protocol_.logged_in(messages_);
    }

    void exchange(const std::optional<std::string>& response)
    {
        using namespace std::string_literals;
        auto turn = exchange_->turn++;
        auto malformed = [this] {
            exchange_.reset();
            protocol_.logged_in(std::unexpected{LoginError::malformed});
        };
        switch (exchange_->mechanism) {
        case accounts::Mechanism::plain: { // RFC 4616
            if (!response) return protocol_.challenge("");
            auto password = response->rfind('\0');
            auto user = response->find('\0');
            if (user == std::string::npos || user == password) return malformed();
            auto given = response->substr(password + 1);
            return log_in(response->substr(user + 1, password - user - 1),
                          given == " se cret" || given == "test"); // RFC 5034 section 6
        }
        case accounts::Mechanism::login:
            if (!response) return protocol_.challenge("Username:");
            if (turn < 2 && exchange_->user.empty()) {
                exchange_->user = *response;
                return protocol_.challenge("Password:");
            }
            return log_in(exchange_->user, response == " se cret");
        case accounts::Mechanism::cram_md5: // the example of RFC 2195 section 2
            if (turn == 0 && response) return malformed();
            if (turn == 0) return protocol_.challenge("<1896.697170952@postoffice.reston.mci.net>");
            if (!response->contains(' ')) return malformed();
            return log_in(response->substr(0, response->find(' ')),
                          response == "tim b913a602c7eda7a495b4e6e7334d3890");
        case accounts::Mechanism::scram_sha_256: // the example of RFC 7677 section 3
        case accounts::Mechanism::scram_sha_256_plus:
            if (!response) return protocol_.challenge("");
            if (*response == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
                return protocol_.challenge("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                           "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
            if (response->starts_with("c=biws,"))
                return protocol_.challenge("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
            if (!response->empty()) return malformed();
            return log_in("user", true);
        }
    }

    void next_piece()
    {
        const auto& message = outside_.stored[reading_];
        pieces += 1;
        if (position_ >= message.fails_at) {
            protocol_.content(std::unexpected{message.error});
            return;
        }
        auto length = std::min(outside_.piece, message.fails_at - position_);
        auto piece = message.content.substr(position_, length);
        position_ += piece.size();
        protocol_.content(std::string_view{piece});
    }

    const Outside& outside_;
    std::vector<mail::Message> messages_;
    Protocol protocol_;
    std::optional<Exchange> exchange_;
    std::size_t reading_ = 0;
    std::size_t position_ = 0;
    bool updated_ = false;
    bool closed_ = false;
};

/// One turn of a conversation: what the client does, then what the server says to it.
struct Turn {
    std::string client; // octets; "" before the greeting
    std::optional<Interruption> interruption;
    std::string server;
    bool closes = false;
    bool handshake = false;
};

/// In a line of a conversation "\s" is a space (at its end), "\r", "\n" and "\0" those octets.
inline std::string unescape(std::string_view line)
{
    std::string text;
    for (std::size_t i = 0; i != line.size(); ++i) {
        if (line[i] != '\\' || i + 1 == line.size()) {
            text += line[i];
            continue;
        }
        switch (line[++i]) {
        case 's': text += ' '; break;
        case 'r': text += '\r'; break;
        case 'n': text += '\n'; break;
        case '0': text += '\0'; break;
        default: text += {'\\', line[i]};
        }
    }
    return text;
}

/// Lines "C: ..." and "S: ..."; a client's line that ends in "\n" gets no CRLF. "S: <close>" is
/// the end by the server, "T: handshake" where TLS begins, "I: idle" and "I: stopping" are
/// interruptions.
inline std::vector<Turn> parse_conversation(std::string_view text)
{
    std::vector<Turn> turns(1);
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto start = line.find_first_not_of(' ');
        if (start == std::string_view::npos) continue;
        line.remove_prefix(start);
        auto said = line.substr(0, 2) == line ? std::string_view{} : line.substr(3);
        if (line.starts_with("C:")) {
            auto octets = unescape(said);
            if (!octets.ends_with('\n')) octets += "\r\n";
            turns.push_back({.client = octets, .interruption = {}, .server = {}});
        } else if (line.starts_with("I:")) {
            turns.push_back(
                {.client = {},
                 .interruption = said == "idle" ? Interruption::idle : Interruption::stopping,
                 .server = {}});
        } else if (line == "T: handshake") {
            turns.back().handshake = true;
        } else if (line == "S: <close>") {
            turns.back().closes = true;
        } else if (line.starts_with("S:")) {
            turns.back().server += unescape(said) + "\r\n";
        } else {
            ADD_FAILURE() << "not a line of a conversation: " << line;
        }
    }
    return turns;
}

/// Each turn's answer is the expected one. Returns after which turn something was removed.
inline std::size_t replay_by_turns(const Outside& outside, const std::vector<Turn>& turns,
                                   std::size_t cut)
{
    Session session{outside};
    auto removed_at = never;
    for (std::size_t number = 0; number != turns.size(); ++number) {
        const auto& turn = turns[number];
        std::string said;
        if (turn.interruption) session.interrupt(*turn.interruption);
        for (std::string_view rest = turn.client; !rest.empty();) {
            auto bytes = rest.substr(0, cut);
            rest.remove_prefix(bytes.size());
            said += session.talk(bytes);
        }
        said += session.answers();
        EXPECT_EQ(said, turn.server) << "to: " << turn.client << "cut every " << cut;
        EXPECT_EQ(session.closed(), turn.closes) << "after: " << turn.client;
        EXPECT_EQ(std::exchange(session.handshakes, 0), turn.handshake) << turn.client;
        if (!session.removed.empty() && removed_at == never) removed_at = number;
    }
    return removed_at;
}

inline void replay_whole(const Outside& outside, const std::vector<Turn>& turns)
{
    Session session{outside};
    std::string said;
    std::string expected;
    std::string together;
    auto send = [&] { said += session.talk(std::exchange(together, {})); };
    for (const auto& turn : turns) {
        if (turn.interruption) {
            send();
            session.interrupt(*turn.interruption);
        }
        together += turn.client;
        expected += turn.server;
        if (turn.handshake) send(); // what is behind STLS comes later, or not at all
    }
    send();
    EXPECT_EQ(said, expected) << "sent all at once";
    EXPECT_EQ(session.closed(), turns.back().closes);
}

/// The client is gone after `kept` turns and half of the line that follows.
inline void replay_cut_off(const Outside& outside, const std::vector<Turn>& turns, std::size_t kept,
                           std::size_t removed_at)
{
    Session session{outside};
    for (std::size_t number = 0; number != kept; ++number) {
        if (turns[number].interruption) session.interrupt(*turns[number].interruption);
        session.talk(turns[number].client);
    }
    if (kept != turns.size())
        session.talk(std::string_view{turns[kept].client}.substr(0, turns[kept].client.size() / 2));
    auto reached_update = removed_at != never && kept > removed_at;
    EXPECT_EQ(!session.removed.empty(), reached_update) << "cut off after turn " << kept;
}

/// The conversation happens as it is written, however it is cut; and wherever the client leaves,
/// nothing is removed unless its QUIT was heard.
inline void expect_conversation(Outside outside, std::string_view text)
{
    auto turns = parse_conversation(text);
    auto removed_at = replay_by_turns(outside, turns, never);
    for (std::size_t kept = 0; kept <= turns.size(); ++kept)
        replay_cut_off(outside, turns, kept, removed_at);
    for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
        outside.piece = piece;
        replay_by_turns(outside, turns, piece);
    }
    replay_whole(outside, turns);
}

inline constexpr std::string_view login = "USER ana@example.test\r\nPASS  se cret\r\n";

} // namespace portico::pop3::test
