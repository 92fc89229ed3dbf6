#pragma once

#include "services/smtp/protocol.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace portico::smtp {

inline const std::string test_host = "mx.example.org";
inline const std::string test_id = "0123456789ABCDEFGHIJKL";
inline constexpr std::chrono::sys_seconds test_time =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + std::chrono::hours{22};

/// What a conversation is held with.
struct Scene {
    config::Smtp options{};
    std::uint64_t max_message_size = 1000;
    accounts::Directory directory{
        test_host, config::Mail::Accept::any, config::Auth::Mode::any, {}};
    std::expected<void, mail::StoreError> outcome{}; // of every delivery
    Security security{};
    Security after_handshake{}; // what STARTTLS leads to
    std::uint32_t failures_per_session = 10;
    net::Trace trace{};
};

/// A message the protocol let the store have.
struct Stored {
    mail::Envelope envelope;
    std::string bytes;
    std::string_view transmission_type;
};

/// What authenticates "ben" with the password "secret", for any mechanism in a few words. With
/// the password "broken" the check fails.
class FakeExchange {
public:
    explicit FakeExchange(accounts::Mechanism mechanism) : mechanism_{mechanism} {}

    accounts::AuthTurn turn(std::optional<std::string> response)
    {
        using enum accounts::Mechanism;
        using namespace std::string_literals;
        if (mechanism_ == cram_md5 && !response) return accounts::Challenge{"<1@mx.example.org>"};
        if (mechanism_ == login && !std::exchange(asked_for_user_, response.has_value())) {
            if (!response) return accounts::Challenge{"Username:"};
            user_ = *response;
            return accounts::Challenge{"Password:"};
        }
        if (!response) return accounts::Challenge{""};
        if (mechanism_ == scram_sha_256 && response->starts_with("n,,n=ben,"))
            return accounts::Challenge{"r=1234,s=c2FsdA==,i=4096"};
        if (mechanism_ == plain && !response->starts_with('\0'))
            return accounts::AuthError::malformed;
        const std::string said =
            mechanism_ == login ? "\0"s + user_ + "\0"s + *response : *response;
        if (said.ends_with("broken")) return accounts::AuthError::failing;
        if (said == "\0ben\0secret"s || said == "ben secret" || said == "c=biws,r=1234,p=cA==")
            return accounts::Accepted{"ben@example.org"};
        return accounts::AuthError::wrong;
    }

private:
    accounts::Mechanism mechanism_;
    bool asked_for_user_ = false;
    std::string user_;
};

/// A protocol with nothing around it: what was fed, what it said, what it stored.
class Talk {
public:
    explicit Talk(Scene scene = {})
        : scene_{std::make_unique<const Scene>(std::move(scene))},
          protocol_{scene_->options,   test_host,        scene_->max_message_size,
                    scene_->directory, scene_->security, scene_->failures_per_session,
                    scene_->trace}
    {
        run();
    }

    void feed(std::string_view bytes)
    {
        const std::string copy{bytes}; // so that a view kept too long is found out
        protocol_.feed(copy);
        run();
    }
    void interrupt(Interruption why)
    {
        protocol_.interrupted(why);
        run();
    }

    std::string said;
    std::vector<std::string> writes;
    std::vector<std::string> notes;
    std::vector<Stored> stored; // as offered for delivery
    std::vector<Stored> abandoned;
    std::vector<std::size_t> handshakes; // the octets that were thrown away before each
    std::size_t cancelled = 0;           // exchanges
    bool closed = false;

    const Protocol& protocol() const { return protocol_; }

private:
    void run()
    {
        for (;;) {
            auto step = protocol_.next();
            if (std::holds_alternative<Read>(step)) return;
            if (std::holds_alternative<Close>(step)) {
                closed = true;
                return;
            }
            if (auto* write = std::get_if<Write>(&step)) {
                EXPECT_TRUE(write->bytes.ends_with("\r\n"));
                said += write->bytes;
                writes.push_back(write->bytes);
            } else if (auto* note = std::get_if<Note>(&step)) {
                notes.push_back(note->event);
            } else if (auto* begin = std::get_if<Begin>(&step)) {
                EXPECT_FALSE(current_);
                current_ = {begin->envelope, "", protocol_.transmission_type()};
                protocol_.began(test_id, test_time);
            } else if (auto* append = std::get_if<Append>(&step)) {
                EXPECT_FALSE(append->bytes.empty());
                current_->bytes += append->bytes;
            } else if (std::holds_alternative<Abandon>(step)) {
                abandoned.push_back(*std::exchange(current_, {}));
            } else if (std::holds_alternative<Deliver>(step)) {
                stored.push_back(*std::exchange(current_, {}));
                protocol_.delivered(scene_->outcome);
            } else if (auto* tls = std::get_if<StartTls>(&step)) {
                said += tls->go_ahead;
                handshakes.push_back(tls->unread);
                protocol_.secured(scene_->after_handshake);
            } else if (auto* begins = std::get_if<Authenticate>(&step)) {
                exchange_.emplace(begins->mechanism);
                authenticate(begins->initial);
            } else if (auto* response = std::get_if<Respond>(&step)) {
                authenticate(response->response);
            } else if (std::holds_alternative<CancelAuthentication>(step)) {
                EXPECT_TRUE(exchange_);
                exchange_.reset();
                ++cancelled;
            }
        }
    }

    void authenticate(std::optional<std::string> response)
    {
        auto turn = exchange_->turn(std::move(response));
        if (!std::holds_alternative<accounts::Challenge>(turn)) exchange_.reset();
        protocol_.authenticated(std::move(turn));
    }

    std::unique_ptr<const Scene> scene_; // the protocol refers to it
    std::optional<Stored> current_;
    std::optional<FakeExchange> exchange_;
    Protocol protocol_;
};

/// A transcript, white space before its lines ignored:
///   S: what the server says; C: a line of the client; B: octets of the client, without CR LF
///   -- and the TLS handshake is done
/// What the client says has "<CR>", "<LF>" and "<NUL>" for these octets.
struct Script {
    struct Line {
        bool client;
        std::string text;       // with CR LF
        std::size_t handshakes; // before it
    };
    std::vector<Line> lines;

    explicit Script(std::string_view transcript)
    {
        std::size_t handshakes = 0;
        while (!transcript.empty()) {
            auto line = transcript.substr(0, transcript.find('\n'));
            transcript.remove_prefix(std::min(line.size() + 1, transcript.size()));
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            if (line.empty()) continue;
            if (line.starts_with("--")) {
                ++handshakes;
                continue;
            }
            const char who = line.front();
            EXPECT_TRUE(line.starts_with("C:") || line.starts_with("S:") || line.starts_with("B:"))
                << line;
            line.remove_prefix(std::min<std::size_t>(3, line.size()));
            auto text = who == 'S' ? std::string{line} : decode(line);
            if (who != 'B') text += "\r\n";
            lines.push_back({who != 'S', std::move(text), handshakes});
        }
    }

    /// What the client says, in as few pieces as can be: it has to wait for a handshake.
    std::vector<std::string> heard() const
    {
        std::vector<std::string> pieces;
        std::size_t handshakes = 0;
        for (const auto& line : lines) {
            if (!line.client) continue;
            if (pieces.empty() || line.handshakes != handshakes) pieces.emplace_back();
            handshakes = line.handshakes;
            pieces.back() += line.text;
        }
        return pieces;
    }

private:
    static std::string decode(std::string_view line)
    {
        std::string text{line};
        for (auto [name, octet] :
             {std::pair<std::string_view, char>{"<CR>", '\r'}, {"<LF>", '\n'}, {"<NUL>", '\0'}})
            for (auto at = text.find(name); at != text.npos; at = text.find(name))
                text.replace(at, name.size(), 1, octet);
        return text;
    }
};

/// Replays a conversation line by line, then all that the client says at once, then octet by
/// octet, then cut off after each line in turn: what is said and stored up to there must not
/// depend on the cuts. Answers what the undisturbed talk was like.
inline Talk expect_conversation(std::string_view transcript, const Scene& scene = {})
{
    const Script script{transcript};
    Talk talk{scene};
    std::string expected;
    for (std::size_t i = 0; i < script.lines.size(); ++i) {
        const auto& [client, text, handshakes] = script.lines[i];
        if (client) {
            EXPECT_EQ(talk.said, expected) << "before line " << i + 1 << ": " << text;
            talk.feed(text);
        } else {
            expected += text;
        }
    }
    EXPECT_EQ(talk.said, expected);

    const auto heard = script.heard();
    Talk whole{scene};
    for (const auto& piece : heard) whole.feed(piece);
    EXPECT_EQ(whole.said, expected) << "fed whole";

    Talk octets{scene};
    for (const auto& piece : heard)
        for (char octet : piece) octets.feed({&octet, 1});
    EXPECT_EQ(octets.said, expected) << "fed octet by octet";

    for (const auto* other : {&whole, &octets}) {
        EXPECT_EQ(other->closed, talk.closed);
        EXPECT_EQ(other->notes, talk.notes);
        EXPECT_EQ(other->cancelled, talk.cancelled);
        EXPECT_EQ(other->abandoned.size(), talk.abandoned.size());
        EXPECT_EQ(other->stored.size(), talk.stored.size());
        for (std::size_t i = 0; i < std::min(other->stored.size(), talk.stored.size()); ++i)
            EXPECT_EQ(other->stored[i].bytes, talk.stored[i].bytes);
    }

    for (std::size_t last = 0; last < script.lines.size(); ++last) {
        if (!script.lines[last].client) continue;
        Talk cut{scene};
        for (std::size_t i = 0; i <= last; ++i)
            if (script.lines[i].client) cut.feed(script.lines[i].text);
        const auto& text = script.lines[last].text;
        EXPECT_TRUE(expected.starts_with(cut.said)) << "cut off after " << text;
        EXPECT_LE(cut.stored.size(), talk.stored.size());
        if (cut.closed) continue;
        cut.interrupt(Interruption::idle);
        EXPECT_TRUE(cut.closed);
        const auto farewell = cut.said.rfind("421 4.4.2 mx.example.org Timeout, closing "
                                             "transmission channel");
        EXPECT_TRUE(farewell != std::string::npos &&
                    cut.said.find("\r\n", farewell) == cut.said.size() - 2)
            << "cut off after " << text;
    }
    return talk;
}

/// What EHLO is answered with in a Scene that changes nothing, but for the last line.
inline const std::string greeting = "S: 220 mx.example.org ESMTP portico\n";
inline const std::string announced = "S: 250-mx.example.org\n"
                                     "S: 250-PIPELINING\n"
                                     "S: 250-SIZE 1000\n"
                                     "S: 250-8BITMIME\n"
                                     "S: 250-SMTPUTF8\n"
                                     "S: 250-ENHANCEDSTATUSCODES\n"
                                     "S: 250-CHUNKING\n"
                                     "S: 250-BINARYMIME\n"
                                     "S: 250-DSN\n";
inline const std::string announced_last = "S: 250-LIMITS RCPTMAX=1000\n"
                                          "S: 250 HELP\n";

/// A session that is ready for MAIL, then `lines`.
inline Talk after_helo(const std::string& lines, const Scene& scene = {})
{
    return expect_conversation(greeting +
                                   "C: HELO client.example.net\n"
                                   "S: 250 mx.example.org\n" +
                                   lines,
                               scene);
}

/// A transaction that waits for DATA, then `lines`.
inline Talk after_rcpt(const std::string& lines, const Scene& scene = {})
{
    return after_helo("C: MAIL FROM:<ana@example.net>\n"
                      "S: 250 2.1.0 Sender OK\n"
                      "C: RCPT TO:<Ben@example.org>\n"
                      "S: 250 2.1.5 Recipient OK\n" +
                          lines,
                      scene);
}

Scene with_options(auto change)
{
    Scene scene;
    change(scene.options);
    return scene;
}

} // namespace portico::smtp
