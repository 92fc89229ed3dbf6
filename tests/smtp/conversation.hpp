#pragma once

#include "services/smtp/protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace portico::smtp {

inline const std::string test_host = "mx.example.org";
inline const std::string test_id = "0123456789ABCDEFGHIJKL";

/// What a conversation is held with.
struct Scene {
    config::Smtp options{};
    std::uint64_t max_message_size = 1000;
    accounts::Directory directory{
        test_host, config::Mail::Accept::any, config::Auth::Mode::any, {}};
    std::expected<void, mail::StoreError> outcome{}; // of every delivery
    net::Trace trace{};
};

/// A message the protocol let the store have.
struct Stored {
    mail::Envelope envelope;
    std::string bytes;
};

/// A protocol with nothing around it: what was fed, what it said, what it stored.
class Talk {
public:
    explicit Talk(Scene scene = {})
        : scene_{std::make_unique<const Scene>(std::move(scene))}, protocol_{
                                                                       scene_->options, test_host,
                                                                       scene_->max_message_size,
                                                                       scene_->directory,
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
                current_ = {begin->envelope, ""};
                protocol_.began(test_id);
            } else if (auto* append = std::get_if<Append>(&step)) {
                EXPECT_FALSE(append->bytes.empty());
                current_.bytes += append->bytes;
            } else if (std::holds_alternative<Abandon>(step)) {
                abandoned.push_back(std::exchange(current_, {}));
            } else if (std::holds_alternative<Deliver>(step)) {
                stored.push_back(std::exchange(current_, {}));
                protocol_.delivered(scene_->outcome);
            }
        }
    }

    std::unique_ptr<const Scene> scene_; // the protocol refers to it
    Stored current_;
    Protocol protocol_;
};

/// "S: " and "C: " lines of a transcript, white space before them ignored. In a client's line,
/// "<CR>" and "<LF>" stand for these octets.
struct Script {
    struct Line {
        bool client;
        std::string text; // with CR LF
    };
    std::vector<Line> lines;

    explicit Script(std::string_view transcript)
    {
        while (!transcript.empty()) {
            auto line = transcript.substr(0, transcript.find('\n'));
            transcript.remove_prefix(std::min(line.size() + 1, transcript.size()));
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            if (line.empty()) continue;
            const bool client = line.starts_with("C:");
            EXPECT_TRUE(client || line.starts_with("S:")) << line;
            line.remove_prefix(std::min<std::size_t>(3, line.size()));
            lines.push_back({client, decode(line) + "\r\n"});
        }
    }

    std::string all(bool client) const
    {
        std::string text;
        for (const auto& line : lines)
            if (line.client == client) text += line.text;
        return text;
    }

private:
    static std::string decode(std::string_view line)
    {
        std::string text{line};
        for (auto [name, octet] : {std::pair{"<CR>", '\r'}, std::pair{"<LF>", '\n'}})
            for (auto at = text.find(name); at != text.npos; at = text.find(name))
                text.replace(at, 4, 1, octet);
        // The one reply that names them in words.
        for (auto [octet, name] : {std::pair{'\r', "<CR>"}, std::pair{'\n', "<LF>"}})
            if (text.size() > 3 && text[3] == ' ' && text.starts_with("500"))
                for (auto at = text.find(octet); at != text.npos; at = text.find(octet))
                    text.replace(at, 1, name);
        if (text.starts_with("354")) text = "354 End data with <CR><LF>.<CR><LF>";
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
        const auto& [client, text] = script.lines[i];
        if (client) {
            EXPECT_EQ(talk.said, expected) << "before line " << i + 1 << ": " << text;
            talk.feed(text);
        } else {
            expected += text;
        }
    }
    EXPECT_EQ(talk.said, expected);

    const auto heard = script.all(true);
    Talk whole{scene};
    whole.feed(heard);
    EXPECT_EQ(whole.said, expected) << "fed whole";

    Talk octets{scene};
    for (char octet : heard) octets.feed({&octet, 1});
    EXPECT_EQ(octets.said, expected) << "fed octet by octet";

    for (const auto* other : {&whole, &octets}) {
        EXPECT_EQ(other->closed, talk.closed);
        EXPECT_EQ(other->notes, talk.notes);
        EXPECT_EQ(other->stored.size(), talk.stored.size());
        for (std::size_t i = 0; i < std::min(other->stored.size(), talk.stored.size()); ++i)
            EXPECT_EQ(other->stored[i].bytes, talk.stored[i].bytes);
    }

    std::string fed;
    for (const auto& line : script.lines) {
        if (!line.client) continue;
        fed += line.text;
        Talk cut{scene};
        cut.feed(fed);
        EXPECT_TRUE(expected.starts_with(cut.said)) << "cut off after " << line.text;
        EXPECT_LE(cut.stored.size(), talk.stored.size());
        if (cut.closed) continue;
        cut.interrupt(Interruption::idle);
        EXPECT_TRUE(cut.closed);
        EXPECT_TRUE(cut.said.ends_with(
            "421 4.4.2 mx.example.org Timeout, closing transmission channel\r\n"));
    }
    return talk;
}

} // namespace portico::smtp
