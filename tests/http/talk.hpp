#pragma once

#include "services/http/files.hpp"
#include "services/http/gzip.hpp"
#include "services/http/listing.hpp"
#include "services/http/protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http::test {

// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 section 5.6.7.
inline constexpr std::chrono::sys_seconds noon{std::chrono::seconds{784111777}};
inline constexpr std::chrono::sys_seconds older{std::chrono::seconds{784111000}};

/// The files beneath an imagined root; a name that ends in "/" is a folder, "!" is forbidden.
using Files = std::map<std::string, std::string>;

inline std::string long_text()
{
    std::string text;
    for (int i = 0; i < 200; ++i) text += std::to_string(1000 + i) + "\n"; // 1000 octets
    return text;
}

inline const Files& files()
{
    static const Files all{
        {"index.html", "<h1>Home</h1>"},
        {"a.txt", "alpha"},
        {"empty.txt", ""},
        {"docs/index.html", "<p>Docs"},
        {"docs/", ""},
        {"bare/", ""},
        {"bare/index.html/", ""},
        {"secret", "!"},
        {"a b?.txt", "spaced"},
        {"evil.example/", ""},
        {"\\evil/", ""},
        {"broken", "?"},
        {"long.txt", long_text()},
        {"long.png", long_text()},
        {"image.svgz", "gzip of an image"},
        {"both.css", "identity"},
        {"both.css.br", std::string(300, 'b')},
        {"both.css.gz", "gzip"},
        {"one.js", "identity"},
        {"one.js.gz", "gzip"},
        {"p.png", "png"},
        {"p.png.gz", "gzip"},
    };
    return all;
}

/// What became of a connection that was fed some bytes.
struct Outcome {
    std::string output;
    bool closed = false;
    Awaited awaited = Awaited::request; // if it is not closed
    std::string why;
    std::vector<std::string> opened;

    bool operator==(const Outcome&) const = default;
};

/// Plays the service: answers requests from the imagined files.
class Talk {
public:
    using Channel = FileRequest::Channel;

    explicit Talk(const config::Http& options, net::Trace trace = {},
                  Channel channel = Channel::clear)
        : options_{options}, channel_{channel}, protocol_{options, trace, outcome_.output}
    {
    }

    void feed(std::string_view bytes)
    {
        if (outcome_.closed) return;
        protocol_.feed(bytes);
        run();
    }
    void interrupt(Interruption why)
    {
        protocol_.interrupted(why);
        run();
    }
    /// Another connection begins.
    void go_on()
    {
        outcome_ = {};
        no_more_comes_ = false;
        protocol_.go_on({}, 0);
    }
    const Outcome& outcome() const { return outcome_; }
    bool no_more_comes() const { return no_more_comes_; } // depends on what has come already

private:
    void run()
    {
        for (;;) {
            const auto step = protocol_.next({.time = noon, .date = date_});
            if (std::get_if<http::Answer>(&step)) {
                answer();
                protocol_.done();
            } else if (auto* close = std::get_if<Close>(&step)) {
                outcome_.closed = true;
                outcome_.awaited = Awaited::request;
                outcome_.why = close->why;
                no_more_comes_ = close->no_more_comes;
                return;
            } else {
                outcome_.awaited = std::get<Read>(step).awaited;
                return;
            }
        }
    }

    void answer()
    {
        const auto& request = protocol_.request();
        const bool waits = !protocol_.expecting() || FileRequest::is_allowed(request.method);
        if (waits && protocol_.discard_content()) return;
        FileRequest file{request, options_, noon, channel_};
        auto decision = file.begin();
        while (auto* open = std::get_if<Open>(&decision)) {
            outcome_.opened.push_back(open->file);
            decision = file.opened(look_up(open->file));
        }
        if (auto* list = std::get_if<List>(&decision)) {
            outcome_.opened.push_back(list->folder);
            decision = file.listed(page_of(*list));
        }
        if (std::get_if<Welcome>(&decision))
            decision = parse_path(request.target)->file.empty() ? welcome()
                                                                : short_reply(Status::not_found);
        auto& reply = std::get<Reply>(decision);
        if (!reply.why.empty()) protocol_.blame(reply.why);
        if (reply.gzip) return protocol_.respond(reply.response, gzip(content_, *reply.gzip));
        if (!reply.octets.empty()) return send(reply);
        if (reply.content.empty()) return protocol_.head(reply.response);
        protocol_.respond(reply.response, reply.content);
    }

    void send(const Reply& reply)
    {
        protocol_.head(reply.response);
        if (!protocol_.wants_content()) return;
        const auto add = [this](std::string_view bytes) {
            outcome_.output += bytes;
            protocol_.sent(bytes.size());
        };
        for (const auto& range : reply.octets) {
            if (reply.parts) add(reply.parts->before(range));
            add(std::string_view{content_}.substr(range.offset, range.length));
        }
        if (reply.parts) add(reply.parts->end());
    }

    static std::expected<std::string, FileError> page_of(const List& list)
    {
        if (!files().contains(list.folder) && !list.folder.empty())
            return std::unexpected{FileError::not_found};
        auto page = listing_page(list.folder, {.entries = {{.name = "entry"}}});
        return list.compressed ? gzip(page) : page;
    }

    static Reply welcome()
    {
        return {.response = {.content_type = "text/html; charset=utf-8",
                             .fields = "Cache-Control: no-store\r\n"},
                .content = "<p>Welcome"};
    }

    std::expected<File, FileError> look_up(const std::string& name)
    {
        if (files().contains(name + "/")) return std::unexpected{FileError::is_folder};
        auto found = files().find(name);
        if (found == files().end()) return std::unexpected{FileError::not_found};
        if (found->second == "!") return std::unexpected{FileError::forbidden};
        if (found->second == "?") return std::unexpected{FileError::failing};
        content_ = found->second;
        return File{
            .size = content_.size(), .modified = older, .changed = older.time_since_epoch()};
    }

    const config::Http& options_;
    const Channel channel_;
    const std::string date_ = imf_fixdate(noon);
    Outcome outcome_;
    Protocol protocol_;
    bool no_more_comes_ = false;
    std::string content_;
};

inline config::Http with_root(config::Http options = {})
{
    options.root = "/imagined";
    return options;
}

/// Feeds `pieces` to a new connection, one after the other, each from memory of its own that is
/// gone afterwards: reading it later would not go unnoticed.
inline Outcome talk_in(const std::vector<std::string_view>& pieces, const config::Http& options,
                       Talk::Channel channel)
{
    Talk talk{options, {}, channel};
    for (auto piece : pieces) {
        std::vector<char> copy(piece.begin(), piece.end());
        talk.feed({copy.data(), copy.size()});
    }
    return talk.outcome();
}

/// Feeds `bytes` whole, then byte by byte, then cut in two at every place: what comes out is
/// always the same.
inline Outcome talk(std::string_view bytes, const config::Http& options = with_root(),
                    Talk::Channel channel = Talk::Channel::clear)
{
    auto whole = talk_in({bytes}, options, channel);
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
    auto by_byte = talk_in(single, options, channel);
    EXPECT_EQ(by_byte.output, whole.output) << "fed byte by byte";
    EXPECT_TRUE(by_byte == whole) << "fed byte by byte";
    for (std::size_t i = 1; i < bytes.size() && bytes.size() < 2000; ++i) {
        auto cut = talk_in({bytes.substr(0, i), bytes.substr(i)}, options, channel);
        EXPECT_EQ(cut.output, whole.output) << "cut after " << i;
        EXPECT_TRUE(cut == whole) << "cut after " << i;
    }
    return whole;
}

/// One answer, taken apart.
struct Answer {
    std::string status; // "200"
    std::string head;
    std::string content;

    std::string field(std::string_view name) const
    {
        auto at = head.find("\r\n" + std::string{name} + ": ");
        if (at == head.npos) return {};
        at += name.size() + 4;
        return head.substr(at, head.find("\r\n", at) - at);
    }
};

/// Takes `output` apart by Content-Length; a status of "?" where it makes no sense. With
/// `head_only` the answers have no content.
inline std::vector<Answer> answers(std::string_view output, bool head_only = false)
{
    std::vector<Answer> all;
    while (!output.empty()) {
        Answer one;
        auto end = output.find("\r\n\r\n");
        if (!output.starts_with("HTTP/1.1 ") || end == output.npos) {
            one.status = "?";
            all.push_back(one);
            return all;
        }
        one.head = output.substr(0, end + 4);
        one.status = one.head.substr(9, 3);
        output.remove_prefix(end + 4);
        auto length = one.field("Content-Length");
        if (!length.empty() && !head_only) {
            auto count = std::min<std::size_t>(std::stoul(length), output.size());
            one.content = output.substr(0, count);
            if (count < std::stoul(length)) one.status = "?";
            output.remove_prefix(count);
        }
        all.push_back(one);
    }
    return all;
}

/// "200 404 close": the status codes in order, then what became of the connection.
inline std::string fate(const Outcome& outcome, bool head_only = false)
{
    std::string text;
    for (const auto& answer : answers(outcome.output, head_only)) text += answer.status + " ";
    return text + (outcome.closed ? "close" : "open");
}

} // namespace portico::http::test
