// Any bytes in any cuts: no crash, bounded memory, and what comes out is whole answers.

#include "services/http/files.hpp"
#include "services/http/protocol.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace portico;

void require(bool holds)
{
    if (!holds) std::abort();
}

void check_head(std::string_view bytes)
{
    require(bytes.starts_with("HTTP/1.1 "));
    auto end = bytes.find("\r\n\r\n");
    require(end != bytes.npos);
    auto head = bytes.substr(0, end);
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '\r')
            require(i + 1 < head.size() && head[i + 1] == '\n');
        else if (head[i] == '\n')
            require(i > 0 && head[i - 1] == '\r');
        else
            require(head[i] >= 0x20 && head[i] < 0x7f);
    }
}

void check_name(const std::string& file)
{
    require(!file.empty() && file.front() != '/');
    require(("/" + file + "/").find("/../") == std::string::npos);
    require(file.find('\0') == std::string::npos);
}

/// What a client gets, in one piece, however the requests were cut.
class Talk {
public:
    Talk(const config::Http& options, bool echoes)
        : options_{options}, echoes_{echoes}, protocol_{options, {}, output_}
    {
    }

    void feed(std::string_view bytes)
    {
        if (closed_) return;
        std::vector<char> copy(bytes.begin(), bytes.end()); // gone before the next
        protocol_.feed({copy.data(), copy.size()});
        for (;;) {
            if (waits_for_content_ && !echo()) return;
            const auto step = protocol_.next({.time = noon, .date = "now"});
            if (std::get_if<http::Answer>(&step)) {
                const auto before = output_.size();
                if (echoes_) {
                    protocol_.start({.status = http::Status::ok});
                    if (!echo()) return;
                } else {
                    answer();
                    protocol_.done();
                }
                if (output_.size() > before) check_head(std::string_view{output_}.substr(before));
            } else if (std::get_if<http::Close>(&step)) {
                closed_ = true;
                return;
            } else {
                return;
            }
        }
    }

    std::string outcome() const { return output_ + content_ + (closed_ ? "close" : ""); }

private:
    static constexpr std::chrono::sys_seconds noon{std::chrono::seconds{784111777}};

    // Streams the content back. False: more of it must come.
    bool echo()
    {
        std::string_view piece;
        for (;;) {
            const auto content = protocol_.content(piece);
            waits_for_content_ = content && *content == http::Protocol::Content::more;
            if (waits_for_content_) return false;
            if (!content) break;
            if (*content == http::Protocol::Content::whole) {
                protocol_.end();
                break;
            }
            content_ += piece;
        }
        protocol_.done();
        return true;
    }

    void answer()
    {
        const auto& request = protocol_.request();
        const bool waits = !protocol_.expecting() || http::FileRequest::is_allowed(request.method);
        if (waits && protocol_.discard_content()) return;
        http::FileRequest file{request, options_, noon};
        auto decision = file.begin();
        std::size_t size = 0;
        while (auto* open = std::get_if<http::Open>(&decision)) {
            check_name(open->file);
            size = open->file.size();
            if (size % 3 == 0)
                decision = file.opened(std::unexpected{http::FileError::is_folder});
            else if (size % 3 == 1)
                decision = file.opened(std::unexpected{http::FileError::not_found});
            else
                decision = file.opened(http::File{.size = size, .modified = {}});
        }
        if (auto* list = std::get_if<http::List>(&decision)) {
            require(list->folder.empty() || list->folder.ends_with('/'));
            decision = file.listed("page");
        }
        if (std::get_if<http::Welcome>(&decision)) decision = http::short_reply(http::Status::ok);
        auto& reply = std::get<http::Reply>(decision);
        if (!reply.why.empty()) protocol_.blame(reply.why);
        if (reply.gzip) return protocol_.respond(reply.response, "gzip");
        if (reply.octets.empty()) return protocol_.respond(reply.response, reply.content);
        protocol_.head(reply.response);
        if (!protocol_.wants_content()) return;
        std::uint64_t sent = 0;
        const auto add = [&](std::string_view bytes) {
            output_ += bytes;
            sent += bytes.size();
        };
        for (const auto& range : reply.octets) {
            require(range.length > 0 && range.offset + range.length <= size);
            if (reply.parts) add(reply.parts->before(range));
            add(std::string(range.length, '.'));
        }
        if (reply.parts) add(reply.parts->end());
        require(sent == reply.response.content_length);
        protocol_.sent(sent);
    }

    const config::Http& options_;
    bool echoes_;
    std::string output_;
    http::Protocol protocol_;
    std::string content_; // of all requests
    bool waits_for_content_ = false;
    bool closed_ = false;
};

std::string talk(const std::vector<std::string_view>& pieces, const config::Http& options,
                 bool echoes)
{
    Talk talk{options, echoes};
    for (auto piece : pieces) talk.feed(piece);
    return talk.outcome();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    config::Http options;
    options.max_request_line = 200;
    options.max_header_bytes = 400;
    options.max_headers = 10;
    options.max_body = 300;
    options.max_requests = 20;
    if (data[0] & 1) options.root = "/imagined";
    options.listing = (data[0] & 4) != 0;
    options.redirect_to_https = (data[0] & 8) != 0;
    std::uint32_t seed = data[1];
    std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};

    std::vector<std::string_view> cuts;
    for (auto rest = bytes; !rest.empty();) {
        seed = seed * 1664525 + 1013904223;
        auto length = std::min<std::size_t>(rest.size(), 1 + (seed >> 24) % 40);
        cuts.push_back(rest.substr(0, length));
        rest.remove_prefix(length);
    }
    // What a request means does not depend on where the network cut it.
    const bool echoes = (data[0] & 2) != 0;
    require(talk({bytes}, options, echoes) == talk(cuts, options, echoes));
    return 0;
}
